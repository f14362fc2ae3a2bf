"""In charge of: a member's own sessions and password: listed, ended, changed.

Not in charge of: opening sessions (`sign_in`).
"""

from __future__ import annotations

from gateway.errors import Conflict, Invalid, NotFound
from gateway.store.sign_ins import OpenSession
from gateway.threads.audit import Act
from gateway.threads.model import Viewer
from gateway.usecases.accounts import check_password, hash_password, hash_secret, verify_password
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act

TRIES = 10  # wrong passwords in the window
WINDOW = 3600  # seconds


def list_sessions(ctx: Context, viewer: Viewer) -> list[OpenSession]:
    """Where this member is signed in, the newest use first."""
    with ctx.database.read() as tx:
        return tx.sign_ins.of_member(viewer.id, now=ctx.now)


def session_key(token: str) -> str:
    """The name of a session in the list, from its token."""
    return hash_secret(token)


def end_session(ctx: Context, viewer: Viewer, key: str) -> None:
    """Sign out there, at once. Raises NotFound."""
    with ctx.database.begin() as tx:
        if not tx.sign_ins.end(key, member_id=viewer.id):
            raise NotFound("session")
        note_act(ctx, tx, viewer, Act.SESSION_END)


def end_other_sessions(ctx: Context, viewer: Viewer, token: str) -> None:
    """Sign out everywhere else; links that were mailed die, too."""
    with ctx.database.begin() as tx:
        tx.sign_ins.end_all(viewer.id, but=hash_secret(token))
        note_act(ctx, tx, viewer, Act.SESSION_END_OTHERS)


def has_password(ctx: Context, viewer: Viewer) -> bool:
    with ctx.database.read() as tx:
        return tx.sign_ins.password_hash(viewer.id) is not None


def change_password(ctx: Context, viewer: Viewer, token: str, *, current: str, new: str) -> None:
    """A new password, or a first one; all other sessions end. Raises Invalid, Conflict (`too_many`)."""
    check_password("new", new)
    with ctx.database.begin() as tx:
        if tx.limits.count(f"password:{viewer.id}", now=ctx.now, seconds=WINDOW) > TRIES:
            raise Conflict("too_many", "Too many tries. Wait an hour.")
        known = tx.sign_ins.password_hash(viewer.id)
    if known and not verify_password(known, current):
        raise Invalid("current", "This is not your password.", code="password_wrong")
    hashed = hash_password(new)
    with ctx.database.begin() as tx:
        tx.team.update(viewer.id, password_hash=hashed)
        tx.sign_ins.end_all(viewer.id, but=hash_secret(token))
        note_act(ctx, tx, viewer, Act.PASSWORD_CHANGE)
