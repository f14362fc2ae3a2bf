"""In charge of: how members prove who they are — password or one-time link — and their sessions.

Not in charge of: cookies (`web.auth`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from gateway.errors import Conflict, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.model import (
    Delivery,
    DeliveryState,
    Member,
    Viewer,
    ViewerKind,
)
from gateway.threads.notices import Notice
from gateway.threads.policies.roles import confine
from gateway.threads.routing import EMAIL
from gateway.usecases.accounts import hash_secret, verify_password
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.sealing import seal_link

LINK_LIFE = timedelta(minutes=10)
TRIES = 10  # wrong passwords for one address in the window
TRIES_OF_NETWORK = 200  # sign-ins by password from one network in the window, whatever address: each costs 19 MiB
LINKS = 3  # sign-in links for one address in the window
WINDOW = 3600  # seconds
SECOND_STEP_LIFE = timedelta(minutes=5)
USE_NOTED = timedelta(minutes=10)  # how exactly a session's last use is known


def sign_in(ctx: Context, email: str, password: str, *, client: str = "", network: str = "") -> str | None:
    """A session token, which may wait for the second step; None when address or password is wrong (same answer, same
    time). `network`: where they come from, "" to count by address alone. Raises Conflict `too_many`.
    """
    email = email.strip().lower()[:320]
    with ctx.database.begin() as tx:
        if network and tx.limits.count(f"sign-in-from:{network}", now=ctx.now, seconds=WINDOW) > TRIES_OF_NETWORK:
            raise Conflict("too_many", "Too many tries. Wait an hour or use a sign-in link.")
        if tx.limits.count(f"sign-in:{email}", now=ctx.now, seconds=WINDOW) > TRIES:
            raise Conflict("too_many", "Too many tries. Wait an hour or use a sign-in link.")
        logins = tx.people.find_logins(email)
    member = next((m for m, hashed in logins if verify_password(hashed, password)), None)
    if not logins:
        verify_password(None, password)
    if member is None:
        return None
    with ctx.database.begin() as tx:
        return first_step(ctx, tx, member, client=client, way="password")


def ask_login_link(ctx: Context, email: str) -> None:
    """Mail a one-time link if a member has this address; says nothing either way."""
    email = email.strip().lower()[:320]
    with ctx.database.begin() as tx:
        if tx.limits.count(f"login-link:{email}", now=ctx.now, seconds=WINDOW) > LINKS:
            return
        for member, _ in tx.people.find_logins(email)[:1]:
            _send_link(ctx, tx, member)


def redeem_login_link(ctx: Context, token: str, *, client: str = "") -> str | None:
    """A session token, once for each link and within ten minutes; None otherwise."""
    with ctx.database.begin() as tx:
        member_id = tx.sign_ins.use_link(hash_secret(token), now=ctx.now)
        member = tx.people.find_member(member_id) if member_id else None
        return first_step(ctx, tx, member, client=client, way="link") if member else None


def viewer_for_session(ctx: Context, token: str) -> Viewer | None:
    """Who this session belongs to; None if it ended."""
    if not token or len(token) > 200:
        return None
    with ctx.database.read() as tx:
        found = tx.sign_ins.find(hash_secret(token), now=ctx.now)
    if found is None:
        return None
    if ctx.now - found.last_used_at > USE_NOTED:
        with ctx.database.begin() as tx:
            tx.sign_ins.touch(hash_secret(token), now=ctx.now)
    return viewer_of_member(found.member, found.roles, own_openings_only=found.own_openings_only)


def viewer_of_member(
    member: Member, roles: Mapping[str, str] | None = None, *, own_openings_only: bool = False
) -> Viewer:
    """A member as one who asks. `roles` are theirs by opening id."""
    return Viewer(
        ViewerKind.MEMBER,
        member.workspace_id,
        id=member.id,
        name=member.name,
        email=member.email,
        admin=member.role == "admin",
        locale=member.locale,
        confined_to=confine(member, roles or {}, own_openings_only=own_openings_only),
    )


def sign_out(ctx: Context, token: str) -> None:
    with ctx.database.begin() as tx:
        tx.sign_ins.end(hash_secret(token))


def demo_session(ctx: Context, member_id: str) -> str:
    """A session without any proof. For the demo only: nothing else may call it."""
    with ctx.database.begin() as tx:
        member = tx.people.find_member(member_id)
        if member is None:
            raise NotFound("member")
        return open_session(ctx, tx, member, client="demo", way="demo")


def first_step(ctx: Context, tx: Transaction, member: Member, *, client: str, way: str) -> str:
    """A session; one that waits for the second step (`second_step`) when the member has one."""
    if not tx.sign_ins.second_step(member.id).secret:
        note_act(ctx, tx, viewer_of_member(member), Act.SIGN_IN, by=way)
        return open_session(ctx, tx, member, client=client, way=way)
    token, until = secrets.token_urlsafe(32), ctx.now + SECOND_STEP_LIFE
    tx.sign_ins.add(hash_secret(token), member.id, client=client, way=way, now=ctx.now, until=until, pending=True)
    return token


def open_session(ctx: Context, tx: Transaction, member: Member, *, client: str, way: str) -> str:
    """A new session's token, for somebody who proved who they are."""
    token = secrets.token_urlsafe(32)
    until = ctx.now + timedelta(days=ctx.settings.session_days)
    tx.sign_ins.add(hash_secret(token), member.id, client=client[:200], way=way, now=ctx.now, until=until)
    return token


def _send_link(ctx: Context, tx: Transaction, member: Member) -> None:
    token = secrets.token_urlsafe(32)
    tx.sign_ins.add_link(hash_secret(token), member.id, now=ctx.now, until=ctx.now + LINK_LIFE)
    link = f"{ctx.settings.public_url}/sign-in/link/{token}"
    variables = {"link": link, "minutes": str(int(LINK_LIFE.total_seconds() // 60))}
    queue_notice(
        ctx,
        tx,
        member.workspace_id,
        key="member.login_link",
        to=member.email,
        locale=member.locale,
        variables=variables,
    )


def queue_notice(
    ctx: Context,
    tx: Transaction,
    workspace_id: str,
    *,
    key: str,
    to: str,
    locale: str,
    variables: dict[str, str],
    thread_id: str | None = None,
    participant_id: str | None = None,
    channel: str = EMAIL,
) -> str:
    """Queue an automatic message that is no utterance of a conversation; the id of its delivery."""
    notice = Notice(ctx.new_id(), workspace_id, thread_id, key, locale, seal_link(ctx, variables), ctx.now)
    tx.outbox.add_notice(notice)
    delivery_id = ctx.new_id()
    delivery = Delivery(
        id=delivery_id,
        workspace_id=workspace_id,
        thread_id=thread_id,
        message_id=None,
        notice_id=notice.id,
        participant_id=participant_id,
        channel=channel,
        to=to,
        state=DeliveryState.QUEUED,
        reason="",
        code="",
        tries=0,
        next_attempt_at=ctx.now,
        lease_until=None,
        provider_id="",
        rfc_message_id=f"{delivery_id}@{ctx.settings.reply_domain}" if channel == EMAIL else "",
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    tx.outbox.add(delivery)
    tx.wake("deliver", delivery_id)
    return delivery_id
