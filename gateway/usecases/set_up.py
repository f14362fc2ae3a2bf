"""In charge of: the first set-up of a workspace, step by step — where it stands, test messages, what is still open.

Not in charge of: what a step changes (`accounts`), or the pages (`web.desk.set_up`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.errors import Conflict, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.delivery import ARRIVED
from gateway.threads.model import Delivery, Viewer
from gateway.threads.own_domain import Check, DnsRecord
from gateway.threads.routing import EMAIL
from gateway.usecases.accounts import NEW, check_admin, hash_secret
from gateway.usecases.checks import check_mobile
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.sign_in import queue_notice

STEPS = ("name", "contact", "domain", "mail", "channels", "done")
TEST_MESSAGE = "member.test_message"
TESTS = 20  # test messages of a workspace in the window
WINDOW = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the set-up stands. `step` is "" when it was finished or never begun; `tests` are the newest by channel."""

    step: str
    tests: Mapping[str, Delivery] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DomainView:
    """What to publish in DNS, and what was found there; `checks` is empty when nobody asked."""

    sender: str  # the visible address of the company's mails
    records: Sequence[DnsRecord]
    checks: Sequence[Check]


def begin(ctx: Context, session_token: str) -> bool:
    """Is this the first sign-in of the first admin of a workspace that holds nothing yet? True once only."""
    with ctx.database.begin() as tx:
        found = tx.sign_ins.find(hash_secret(session_token), now=ctx.now)
        if found is None or found.member.role != "admin":
            return False
        workspace_id = found.member.workspace_id
        if tx.workspace_settings.setup_step(workspace_id) != NEW:
            return False
        is_empty = not tx.people.list_openings(workspace_id)
        tx.workspace_settings.set_setup_step(workspace_id, STEPS[0] if is_empty else "")
    return is_empty


def read_progress(ctx: Context, viewer: Viewer) -> Progress:
    """Admins only (NotFound for others)."""
    check_admin(viewer, "set-up")
    with ctx.database.read() as tx:
        step = tx.workspace_settings.setup_step(viewer.workspace_id)
        return Progress(step if step in STEPS else "", _tests(tx, viewer))


def go_on(ctx: Context, viewer: Viewer, step: str) -> str:
    """The step after this one, which is where the set-up now stands. Raises NotFound."""
    check_admin(viewer, "set-up")
    if step not in STEPS[:-1]:
        raise NotFound("step")
    after = STEPS[STEPS.index(step) + 1]
    with ctx.database.begin() as tx:
        tx.workspace_settings.set_setup_step(viewer.workspace_id, after)
    return after


def finish(ctx: Context, viewer: Viewer) -> None:
    """Nothing is asked any more. Raises NotFound."""
    check_admin(viewer, "set-up")
    with ctx.database.begin() as tx:
        tx.workspace_settings.set_setup_step(viewer.workspace_id, "")
        note_act(ctx, tx, viewer, Act.WORKSPACE_SETUP)


def look_at_domain(ctx: Context, viewer: Viewer, *, check: bool) -> DomainView:
    """Sender address and records; with `check` DNS is asked (NH-P5). Admins only."""
    check_admin(viewer, "set-up")
    with ctx.database.read() as tx:
        workspace = tx.people.find_workspace(viewer.workspace_id)
    if workspace is None or ctx.own_domain is None:
        raise NotFound("domain")
    sender = f"{workspace.slug}@{ctx.settings.reply_domain}"
    return DomainView(sender, ctx.own_domain.records(), ctx.own_domain.check() if check else ())


def send_test(ctx: Context, viewer: Viewer, channel: str, *, to: str = "") -> None:
    """A test message to oneself: by mail to one's own address, else to the phone `to`. It goes by the outbox, as all
    do. Raises NotFound for a channel that is not set up, Invalid, Conflict (`too_many_tests`).
    """
    check_admin(viewer, "set-up")
    if channel != EMAIL and channel not in ctx.settings.phone_channels:
        raise NotFound("channel")
    address = viewer.email if channel == EMAIL else check_mobile("to", to, locale=viewer.locale)
    variables = {"candidate_name": viewer.name, "opening": ctx.render.text(viewer.locale, "setup.test.opening")}
    with ctx.database.begin() as tx:
        if tx.limits.count(f"setup-test:{viewer.workspace_id}", now=ctx.now, seconds=WINDOW) > TESTS:
            raise Conflict("too_many_tests", "Too many tests. Wait an hour.")
        delivery_id = queue_notice(
            ctx,
            tx,
            viewer.workspace_id,
            key=TEST_MESSAGE,
            to=address,
            locale=viewer.locale,
            variables={**variables, "link": f"{ctx.settings.public_url}/desk/settings/setup/done"},
            channel=channel,
        )
        sent = tx.workspace_settings.tests_sent(viewer.workspace_id)
        tx.workspace_settings.set_tests_sent(viewer.workspace_id, {**sent, channel: delivery_id})
        note_act(ctx, tx, viewer, Act.WORKSPACE_TEST, channel=channel)


def find_open(ctx: Context, viewer: Viewer) -> list[str]:
    """What is still to do: contact, domain, and each channel without a test that went through. Asks DNS."""
    checks = look_at_domain(ctx, viewer, check=True).checks
    with ctx.database.read() as tx:
        workspace = tx.people.find_workspace(viewer.workspace_id)
        tests = _tests(tx, viewer)
    remains = [] if workspace and workspace.public_contact else ["contact"]
    if not all(c.ok for c in checks):
        remains.append("domain")
    channels = (EMAIL, *ctx.settings.phone_channels)
    return remains + [c for c in channels if c not in tests or tests[c].state not in ARRIVED]


def _tests(tx: Transaction, viewer: Viewer) -> dict[str, Delivery]:
    sent = tx.workspace_settings.tests_sent(viewer.workspace_id)
    found = {channel: tx.outbox.find(delivery_id, attempts=True) for channel, delivery_id in sent.items()}
    return {channel: delivery for channel, delivery in found.items() if delivery}
