"""In charge of: the second step at sign-in — codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

Not in charge of: the first step (`sign_in`), or the picture of the secret (`web.desk.security`).

The secret lies sealed in the database; a code's time step is noted when it is used, so that nobody who saw a code can
use it again (RFC 6238 §5.2). Recovery codes have 80 random bits, are kept as hashes and work once each.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp

from gateway.errors import Conflict, Invalid, NotFound, SettingsError
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.model import Member, Viewer
from gateway.usecases.accounts import hash_secret
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.sealing import seal, unseal
from gateway.usecases.sign_in import open_session, viewer_of_member

STEP = 30  # seconds that one code is for
DRIFT = 1  # steps that a phone's clock may be off
TRIES = 6  # wrong codes in the window
WINDOW = 900  # seconds
CODES = 10
CODE_BYTES = 10  # 80 bits each


@dataclass(frozen=True, slots=True)
class Setup:
    """A secret that is not in force yet. `address` is what the app reads; `sealed` comes back with the first code."""

    secret: str
    address: str
    sealed: str


def begin_setup(ctx: Context, viewer: Viewer, *, company: str, sealed: str = "") -> Setup:
    """A new secret, or that of `sealed` again after a wrong code. Nothing is stored."""
    secret = _unseal_own(ctx, viewer, sealed) if sealed else pyotp.random_base32()
    address = pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=viewer.email, issuer_name=company)
    return Setup(secret, address, sealed or seal(ctx, f"{viewer.id} {secret}"))


def finish_setup(ctx: Context, viewer: Viewer, *, sealed: str, code: str) -> list[str]:
    """Put the secret in force; the recovery codes, which are shown this once. Raises Invalid, Conflict.

    Who only holds a session cannot put their own phone in the place of the member's (`second_step_on`).
    """
    secret = _unseal_own(ctx, viewer, sealed)
    _count_try(ctx, viewer.id)
    step = find_step(secret, code, now=ctx.now)
    if step is None:
        raise Invalid("code", "This is not the code that the app shows now: type the newest one.", code="code_wrong")
    codes = [_make_code() for _ in range(CODES)]
    values = {"totp_secret": seal(ctx, secret), "totp_step": step, "recovery_codes": [hash_secret(c) for c in codes]}
    with ctx.database.begin() as tx:
        if tx.sign_ins.second_step(viewer.id, lock=True).secret:
            raise Conflict("second_step_on", "There is a second step already: turn it off first.")
        tx.team.update(viewer.id, **values)
        note_act(ctx, tx, viewer, Act.SECOND_STEP_ON)
    return codes


def make_codes_anew(ctx: Context, viewer: Viewer, code: str) -> list[str]:
    """New recovery codes; the old ones are dead. Raises Invalid, Conflict."""
    _count_try(ctx, viewer.id)
    codes = [_make_code() for _ in range(CODES)]
    with ctx.database.begin() as tx:
        _check(ctx, tx, viewer.id, code)
        tx.team.update(viewer.id, recovery_codes=[hash_secret(c) for c in codes])
        note_act(ctx, tx, viewer, Act.SECOND_STEP_CODES)
    return codes


def turn_off(ctx: Context, viewer: Viewer, code: str) -> None:
    """Sign in without the second step from now on. Raises Invalid, Conflict."""
    _count_try(ctx, viewer.id)
    with ctx.database.begin() as tx:
        _check(ctx, tx, viewer.id, code)
        tx.team.update(viewer.id, totp_secret="", recovery_codes=[])
        note_act(ctx, tx, viewer, Act.SECOND_STEP_OFF)


def clear_for(ctx: Context, viewer: Viewer, member_id: str) -> None:
    """An admin helps a colleague who lost phone and codes. Raises NotFound."""
    with ctx.database.begin() as tx:
        member = tx.team.find(viewer.workspace_id, member_id) if viewer.admin else None
        if member is None:
            raise NotFound("member")
        tx.team.update(member.id, totp_secret="", recovery_codes=[])
        tx.sign_ins.end_all(member.id)
        note_act(ctx, tx, viewer, Act.SECOND_STEP_CLEARED, member_id=member.id)


def count_codes(ctx: Context, viewer: Viewer) -> int | None:
    """How many recovery codes are left; None when there is no second step."""
    with ctx.database.read() as tx:
        found = tx.sign_ins.second_step(viewer.id)
    return len(found.recovery) if found.secret else None


def find_waiting(ctx: Context, token: str) -> Member | None:
    """Whose sign-in waits for a code with this token."""
    if not token or len(token) > 200:
        return None
    with ctx.database.read() as tx:
        return tx.sign_ins.find_pending(hash_secret(token), now=ctx.now)


def finish_sign_in(ctx: Context, token: str, code: str, *, client: str = "") -> str:
    """A session for the right code, in place of the waiting one. Raises NotFound (too late), Invalid, Conflict."""
    member = find_waiting(ctx, token)
    if member is None:
        raise NotFound("sign-in")
    _count_try(ctx, member.id)
    with ctx.database.begin() as tx:
        used = _check(ctx, tx, member.id, code)
        if not tx.sign_ins.end(hash_secret(token)):
            raise NotFound("sign-in")
        note_act(ctx, tx, viewer_of_member(member), Act.SECOND_STEP_PASSED, by=used)
        return open_session(ctx, tx, member, client=client, way="code")


def find_step(secret: str, code: str, *, now: datetime, after: int = 0) -> int | None:
    """The time step whose code this is, later than `after`; None if it is none of those around now."""
    typed = "".join(code.split())
    present = int(now.timestamp()) // STEP
    totp = pyotp.TOTP(secret, interval=STEP)
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > after and hmac.compare_digest(totp.at(step * STEP).encode(), typed.encode()):
            return step
    return None


def _check(ctx: Context, tx: Transaction, member_id: str, code: str) -> str:
    """Use up a code of the app or a recovery code; which it was. Raises Invalid."""
    known = tx.sign_ins.second_step(member_id, lock=True)
    step = find_step(unseal(ctx, known.secret), code, now=ctx.now, after=known.step) if known.secret else None
    if step is not None and tx.sign_ins.use_step(member_id, step):
        return "app"
    hashed = hash_secret("".join(c for c in code.upper() if c.isalnum()))
    if hashed in known.recovery:
        tx.team.update(member_id, recovery_codes=[h for h in known.recovery if h != hashed])
        return "recovery"
    raise Invalid("code", "This is not the code that the app shows now: type the newest one.", code="code_wrong")


def _count_try(ctx: Context, member_id: str) -> None:
    with ctx.database.begin() as tx:
        if tx.limits.count(f"code:{member_id}", now=ctx.now, seconds=WINDOW) > TRIES:
            raise Conflict("too_many", "Too many tries. Wait a quarter of an hour.")


def _make_code() -> str:
    """As it is hashed: capital letters and digits; it is shown in groups of four."""
    return base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()


def _unseal_own(ctx: Context, viewer: Viewer, sealed: str) -> str:
    """The secret of a setup that this member began. Raises NotFound."""
    try:
        owner, _, secret = unseal(ctx, sealed).partition(" ")
    except SettingsError:
        owner, secret = "", ""
    if owner != viewer.id:
        raise NotFound("setup")
    return secret
