"""In charge of: one process from start to signal — which parts run, readiness, a quiet end.

Not in charge of: the parts (`app`).
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from gateway.app import Running, build_context, close_context, make_rendering, run_workers
from gateway.config import Settings
from gateway.errors import SettingsError
from gateway.memory import rest_collector, share_one_heap
from gateway.outbound.registry import open_mailbox, open_phone
from gateway.rendering import Rendering
from gateway.setting_values import split_listen
from gateway.store.migrate import check_tables, upgrade
from gateway.usecases.context import Context
from gateway.web.api.app import mount_api
from gateway.web.routes import build_web
from gateway.worker_process import WorkerProcess

log = logging.getLogger("gateway.serve")


class WebServer(uvicorn.Server):
    """uvicorn that leaves signals to us, so that a stop by SIGTERM ends with status 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(
    settings: Settings,
    *,
    web: bool = False,
    smtp: bool = False,
    workers: bool = False,
    migrate: bool = False,
    demo_login: Callable[[str], str | None] | None = None,
    on_ready: Callable[[Context, str, str], None] | None = None,
) -> None:
    """Run these parts until SIGTERM or SIGINT. `on_ready(ctx, http address, smtp address)` is called when all
    answer.
    """
    share_one_heap()
    if migrate:
        upgrade(settings.database_address)
    sock = _bind(settings.http_listen) if web else None
    if sock is not None and settings.http_listen.endswith(":0"):
        settings = settings.model_copy(update={"public_url": f"http://{_name(sock)}"})
    rendering = make_rendering()
    ctx = build_context(settings, rendering=rendering)
    ctx.database.check()
    check_tables(ctx.database.engine)
    beside = WorkerProcess(settings, run_workers) if workers and (web or smtp) else None
    running = Running(ctx, beside=beside)
    stop = threading.Event()
    server = _build_server(ctx, rendering, demo_login=demo_login) if sock else None
    _on_signal(stop, server)
    try:
        smtp_address = ":".join(map(str, running.start_smtp())) if smtp else ""
        if workers:  # after the front door: mail is stored while the parsers load
            running.start_workers()
        rest_collector()
        if server is None or sock is None:
            log.info("running")
            stop.wait()
            return
        _announce(server, ctx, http=_name(sock), smtp=smtp_address, on_ready=on_ready)
        server.run(sockets=[sock])
    finally:
        running.stop()
        close_context(ctx)


def _build_server(ctx: Context, rendering: Rendering, *, demo_login: Callable[[str], str | None] | None) -> WebServer:
    mailbox = open_mailbox(ctx.settings) if ctx.settings.demo else None
    phone = open_phone(ctx.settings) if ctx.settings.demo else None
    app = build_web(ctx, rendering, mailbox=mailbox, phone=phone, api=mount_api(ctx), demo_login=demo_login)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        proxy_headers=bool(ctx.settings.trusted_proxies),
        forwarded_allow_ips=ctx.settings.trusted_proxies or None,
    )
    return WebServer(config)


def _announce(
    server: WebServer,
    ctx: Context,
    *,
    http: str,
    smtp: str,
    on_ready: Callable[[Context, str, str], None] | None,
) -> None:
    """Tell once the web server answers, from a thread: the server itself keeps the main one."""

    def wait() -> None:
        while not server.started and not server.should_exit:
            threading.Event().wait(0.02)
        if server.started:
            log.info("ready: http://%s smtp %s", http, smtp or "elsewhere")
            if on_ready:
                on_ready(ctx, http, smtp)

    threading.Thread(target=wait, name="announce", daemon=True).start()


def _on_signal(stop: threading.Event, server: WebServer | None) -> None:
    def end(*_: object) -> None:
        stop.set()
        if server:
            server.should_exit = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


def _bind(listen: str) -> socket.socket:
    host, port = split_listen(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        raise SettingsError(f"{listen} cannot be used for the web server ({error.strerror}): choose another.") from None
    return sock


def _name(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
