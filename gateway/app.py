"""In charge of: putting the parts together — settings to context, front door, web server, workers — and taking them
down.

Not in charge of: anything that happens afterwards. The composition root: it may import everything.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from ulid import ULID

from gateway.config import Settings, load_settings
from gateway.errors import SettingsError
from gateway.inbound.dnslookup import Lookup
from gateway.inbound.domaincheck import ReplyDomain
from gateway.inbound.proving import SenderProver
from gateway.inbound.sandbox import ParsingPool
from gateway.inbound.scanner import Clamd
from gateway.inbound.senderauth import Verifier
from gateway.inbound.smtp import Front
from gateway.inbound.smtp_limits import SmtpLimits
from gateway.inbound.smtp_replies import NO_SUCH_ADDRESS, RCPT_OK, RELAY_DENIED, RcptAnswer
from gateway.inbound.tls import load_context, self_signed_context
from gateway.logs import set_up_logs
from gateway.memory import rest_collector, share_one_heap
from gateway.outbound.ats import WebhookClient
from gateway.outbound.dkim import public_record
from gateway.outbound.fetch import JsonClient
from gateway.outbound.registry import build_channels, build_hooks
from gateway.outbound.vapid import PushKeys
from gateway.rendering import Rendering
from gateway.setting_values import split_listen
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.writer import MailWriter
from gateway.usecases.context import Context
from gateway.usecases.deliver import take_back_leases
from gateway.usecases.receive_email import RecipientVerdict, accept_mail, check_recipients
from gateway.worker import Actors, Waker, Workers, declare_actors, make_broker
from gateway.worker_asking import Asker
from gateway.worker_process import Job, WorkerProcess

ANSWERS = {
    RecipientVerdict.ACCEPTED: RCPT_OK,
    RecipientVerdict.UNKNOWN: NO_SUCH_ADDRESS,
    RecipientVerdict.RELAY: RELAY_DENIED,
}
SHORTEST_KEY = 32  # characters
log = logging.getLogger("gateway.app")


def load_prepared_settings(**values: object) -> Settings:
    """What a command needs: settings with the options that were given, logs as they say, a secret key."""
    settings = load_settings(**{name: value for name, value in values.items() if value})
    set_up_logs(settings.log_level, settings.log_format)
    return prepare_settings(settings)


def prepare_settings(settings: Settings) -> Settings:
    """Settings with a secret key: the given one, else one kept in DATA_DIR. Raises SettingsError."""
    given = settings.secret_key.get_secret_value()
    if given and len(given) < SHORTEST_KEY:
        raise SettingsError("GATEWAY_SECRET_KEY is too short: use at least 32 random characters.")
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = "" if given else _keep_key(settings.data_dir / "secret.key")
    except OSError as error:
        raise SettingsError(
            f"GATEWAY_DATA_DIR is {settings.data_dir}, which this user cannot use ({error.strerror}): "
            "name a folder that belongs to them."
        ) from None
    return settings.model_copy(update={"secret_key": SecretStr(own)}) if own else settings


def _keep_key(path: Path) -> str:
    """The key in this file. It is made at the first start, and on stable storage before anything is signed with it."""
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    except OSError:  # a full disk: what is not whole must not be taken for the key at the next start
        path.unlink(missing_ok=True)
        raise
    key = path.read_text().strip()
    if len(key) < SHORTEST_KEY:
        raise SettingsError(
            f"{path} holds no whole secret key: bring it back from a backup. Remove it only if no mail ever went out."
        )
    return key


def make_rendering() -> Rendering:
    package = Path(__file__).parent
    shipped = package / "templates"  # in an installed wheel they lie inside the package
    return Rendering(shipped if shipped.is_dir() else package.parent / "templates", package / "locales")


def make_prover(settings: Settings, verifier: Verifier) -> SenderProver:
    """How senders are proven: by the configured relay's verdict, else by our own checks over DNS, else not at all."""
    return SenderProver(
        lookup=Lookup(nameservers=tuple(settings.dns_servers)) if settings.sender_checks else None,
        verifier=verifier,
        trusted_relays=settings.trusted_relays,
        authserv_id=settings.authserv_id,
        sealers=settings.trusted_sealers,
    )


def make_own_domain(settings: Settings) -> ReplyDomain:
    """The reply domain as it should be in DNS, and a way to look. Raises SettingsError for a key that is none."""
    pem = settings.dkim_key.get_secret_value()
    return ReplyDomain(
        settings.reply_domain,
        Lookup(nameservers=tuple(settings.dns_servers)),
        dkim_selector=settings.dkim_selector,
        smtp_host=settings.smtp_hostname,
        relay_host=urlsplit(settings.outbound_smtp_url).hostname or "",
        dkim_value=public_record(pem) if pem else "",
    )


def build_context(settings: Settings, *, rendering: Rendering | None = None, sends: bool = True) -> Context:
    """The context of one process; without `sends` it needs no smarthost. Call `close_context` at its end."""
    pool = ParsingPool(settings.parser_processes, settings.parser_seconds, settings.parser_memory_mb)
    return Context(
        settings=settings,
        database=Database(settings.database_address, Blobs(settings.blobs_address)),
        clock=_now,
        new_id=lambda: str(ULID()).lower(),
        reader=pool,
        prove_senders=make_prover(settings, pool),
        render=rendering or make_rendering(),
        scan=Clamd(settings.clamd_url, settings.scan_seconds) if settings.clamd_url else None,
        channels=build_channels(settings, clock=_now) if sends else {},
        post_event=WebhookClient(seconds=settings.webhook_seconds, allow_private=settings.webhook_private_addresses),
        fetch=JsonClient(seconds=settings.webhook_seconds, allow_private=settings.webhook_private_addresses),
        hooks=build_hooks(settings, clock=_now) if sends else {},
        push_keys=PushKeys(settings.keys) if sends else None,
        own_domain=make_own_domain(settings) if sends else None,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def close_context(ctx: Context) -> None:
    for channel in ctx.channels.values():
        channel.close()
    for hook in ctx.hooks.values():
        hook.close()
    if isinstance(ctx.reader, ParsingPool):
        ctx.reader.close()
    if isinstance(ctx.prove_senders, SenderProver):
        ctx.prove_senders.close()
    ctx.database.close()


class Running:
    """The parts that run in this process. `stop` takes them down in the order in which data flows.

    With `beside`, the workers are in that process of their own; where the broker is in memory, it is in theirs.
    """

    def __init__(self, ctx: Context, *, beside: WorkerProcess | None = None) -> None:
        self.ctx = ctx
        self.beside = beside
        self.broker = make_broker(ctx.settings.broker_url)
        self.actors: Actors = declare_actors(self.broker, ctx)
        self.waker = Waker(beside.send if beside and ctx.settings.has_memory_broker else self.actors.send)
        ctx.database.on_commit(self.waker.wake)
        self.front: Front | None = None
        self.writer: MailWriter | None = None
        self.workers: Workers | None = None
        self.asker: Asker | None = None

    def start_workers(self) -> None:
        if self.beside:
            self.beside.start()
            return
        if isinstance(self.ctx.reader, ParsingPool):
            self.ctx.reader.warm()
        if self.ctx.settings.has_memory_broker:
            take_back_leases(self.ctx)
        self.workers = Workers(self.ctx, self.broker, self.actors, threads=self.ctx.settings.worker_threads)
        self.workers.start()
        self.asker = Asker(self.ctx)
        self.asker.start()

    def start_smtp(self) -> tuple[str, int]:
        """Open the front door; the address it listens on."""
        self.writer = MailWriter(self.ctx.database)
        self.front = build_front(self.ctx, self.writer)
        try:
            return self.front.start()
        except OSError as error:
            listen, why = self.ctx.settings.smtp_listen, error.strerror
            raise SettingsError(f"{listen} cannot be used for the SMTP server ({why}): choose another.") from None

    def stop(self) -> None:
        if self.front:
            self.front.stop()
        if self.writer:
            self.writer.close()
        if self.workers:
            self.workers.stop()
        if self.asker:
            self.asker.stop()
        if self.beside:
            self.beside.stop()
        self.waker.close()
        self.broker.close()


def run_workers(settings: Settings, next_job: Callable[[], Job | None]) -> None:
    """Workers alone, in a process beside the front door, until `next_job` gives None."""
    share_one_heap()
    set_up_logs(settings.log_level, settings.log_format)
    ctx = build_context(settings)
    running = Running(ctx)
    running.start_workers()
    rest_collector()
    while (job := next_job()) is not None:
        running.waker.wake(*job)
    running.stop()
    close_context(ctx)


def build_front(ctx: Context, writer: MailWriter) -> Front:
    """The SMTP server over the use cases."""
    settings = ctx.settings
    hostname = settings.smtp_hostname or settings.reply_domain
    limits = SmtpLimits(
        size=settings.smtp_max_size,
        recipients=settings.smtp_max_recipients,
        connections=settings.smtp_max_connections,
        connections_per_client=settings.smtp_max_connections_per_client,
    )
    if settings.smtp_tls_cert and settings.smtp_tls_key:
        tls = load_context(settings.smtp_tls_cert, settings.smtp_tls_key)
    else:
        tls = self_signed_context(hostname)
    spool = settings.data_dir / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    return Front(
        hostname=hostname,
        spool_folder=str(spool),
        listen=split_listen(settings.smtp_listen),
        check_recipients=partial(_answer_recipients, ctx),
        accept=partial(accept_mail, ctx, writer),
        tls=tls,
        limits=limits,
        proxy_protocol_from=tuple(settings.smtp_proxy_from),
    )


def _answer_recipients(ctx: Context, addresses: Sequence[str]) -> list[RcptAnswer]:
    return [ANSWERS[verdict] for verdict in check_recipients(ctx, addresses)]
