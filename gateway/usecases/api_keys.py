"""In charge of: API keys — made, rotated, put out of force, and who calls with one.

Not in charge of: which endpoint needs which scope (`web.api`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.keys import EVERY_SCOPE, ApiKey, KeyScope, missing_scopes
from gateway.threads.model import Viewer, ViewerKind
from gateway.usecases.accounts import hash_secret
from gateway.usecases.checks import check_name
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.versions import Seen, check_version

KEY_PREFIX = "gw_"
OVERLAP = timedelta(days=7)  # after a rotation the old key works on for this long


def create_api_key(
    ctx: Context,
    workspace_id: str,
    *,
    name: str,
    scopes: Sequence[KeyScope] = EVERY_SCOPE,
    expires_at: datetime | None = None,
) -> str:
    """A new key, shown once: only its hash is stored. Raises Invalid."""
    return make_api_key(ctx, workspace_id, name=name, scopes=scopes, expires_at=expires_at)[1]


def make_api_key(
    ctx: Context,
    workspace_id: str,
    *,
    name: str,
    scopes: Sequence[KeyScope] = EVERY_SCOPE,
    expires_at: datetime | None = None,
    by: Viewer | None = None,
) -> tuple[ApiKey, str]:
    """The key and its secret. `by` cannot give away more than they have. Raises Invalid, NotFound."""
    _check_manager(by)
    if expires_at is not None and expires_at <= ctx.now:
        raise Invalid("expires_at", "This time has passed: give one to come, or none.", code="key_expired")
    if not scopes:
        raise Invalid("scopes", f"Give at least one of: {', '.join(EVERY_SCOPE)}.", code="scopes_empty")
    if by is not None and by.kind is ViewerKind.ATS and (missing := missing_scopes(scopes, by.scopes)):
        raise Invalid("scopes", f"Your own key does not have {', '.join(missing)}: leave it out.", code="scopes_beyond")
    label = check_name("name", name)
    with ctx.database.begin() as tx:
        made = _add(ctx, tx, workspace_id, name=label, scopes=tuple(dict.fromkeys(scopes)), expires_at=expires_at)
        _note(ctx, tx, by, Act.KEY_CREATE, made[0].id)
        return made


def read_scopes(names: Sequence[str]) -> tuple[KeyScope, ...]:
    """Scopes by their names; none means every one. Raises Invalid."""
    unknown = [n for n in names if n not in list(KeyScope)]
    if unknown:
        raise Invalid("scope", f"There is no scope {unknown[0]!r}: use {', '.join(EVERY_SCOPE)}.", code="scope_unknown")
    return tuple(KeyScope(n) for n in names) or EVERY_SCOPE


def store_api_key(ctx: Context, workspace_id: str, *, name: str, key: str) -> None:
    """Make a given key valid: for the demo, which prints the same key at each start."""
    with ctx.database.begin() as tx:
        if tx.api_keys.find_by_hash(hash_secret(key)) is None:
            made = ApiKey(ctx.new_id(), workspace_id, name, EVERY_SCOPE, ctx.now)
            tx.api_keys.add(made, key_hash=hash_secret(key))


def rotate_api_key(
    ctx: Context, workspace_id: str, key_id: str, *, overlap: timedelta = OVERLAP, by: Viewer | None = None
) -> tuple[ApiKey, str]:
    """A new key with the same name and scopes; the old one works on for `overlap`. Raises NotFound."""
    _check_manager(by)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(workspace_id)
        old = tx.api_keys.find(workspace_id, key_id)
        if old is None or not old.in_force(ctx.now):
            raise NotFound(f"API key {key_id}")
        if by is not None and by.kind is ViewerKind.ATS and missing_scopes(old.scopes, by.scopes):
            raise NotFound(f"API key {key_id}")
        life = old.expires_at - old.created_at if old.expires_at else None
        made = _add(
            ctx, tx, workspace_id, name=old.name, scopes=old.scopes, expires_at=ctx.now + life if life else None
        )
        ends = ctx.now + overlap
        tx.api_keys.expire(old.id, at=min(ends, old.expires_at) if old.expires_at else ends)
        _note(ctx, tx, by, Act.KEY_ROTATE, old.id)
        return made


def list_api_keys(ctx: Context, workspace_id: str, *, by: Viewer | None = None) -> list[ApiKey]:
    """Every key of the company, those out of force included. Raises NotFound."""
    _check_manager(by)
    with ctx.database.read() as tx:
        return tx.api_keys.of_workspace(workspace_id)


def find_api_key(ctx: Context, workspace_id: str, key_id: str, *, by: Viewer | None = None) -> ApiKey:
    """One key, also one that is out of force. Raises NotFound."""
    _check_manager(by)
    with ctx.database.read() as tx:
        found = tx.api_keys.find(workspace_id, key_id)
    if found is None:
        raise NotFound(f"API key {key_id}")
    return found


def revoke_api_key(
    ctx: Context, workspace_id: str, key_id: str, *, by: Viewer | None = None, seen: Seen | None = None
) -> None:
    """Put a key out of force at once. `seen` is the version of it that the caller wants revoked. Raises NotFound,
    Conflict (`changed_meanwhile`).
    """
    _check_manager(by)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(workspace_id)  # nobody rotates it between the look and the deed
        found = tx.api_keys.find(workspace_id, key_id)
        if found is not None and found.revoked_at is None:
            check_version(found, seen)
        if not tx.api_keys.revoke(workspace_id, key_id, now=ctx.now):
            raise NotFound(f"API key {key_id}")
        _note(ctx, tx, by, Act.KEY_REVOKE, key_id)


def viewer_for_api_key(ctx: Context, key: str) -> Viewer | None:
    """Who calls with this key; None if it is not in force."""
    if not key.startswith(KEY_PREFIX) or len(key) > 200:
        return None
    with ctx.database.read() as tx:
        found = tx.api_keys.find_by_hash(hash_secret(key))
        workspace = tx.people.find_workspace(found.workspace_id) if found else None
    if found is None or workspace is None or not found.in_force(ctx.now):
        return None
    scopes = frozenset(s.value for s in found.scopes)
    locale = workspace.locale
    return Viewer(ViewerKind.ATS, workspace.id, id=found.id, name=found.name, admin=True, locale=locale, scopes=scopes)


def _check_manager(by: Viewer | None) -> None:
    """Only admins and the ATS manage keys; None is the operator's command line."""
    if by is not None and not by.admin:
        raise NotFound("API keys")


def _note(ctx: Context, tx: Transaction, by: Viewer | None, action: Act, key_id: str) -> None:
    if by is not None:  # the operator's command line has no name
        note_act(ctx, tx, by, action, key_id=key_id)


def _add(
    ctx: Context,
    tx: Transaction,
    workspace_id: str,
    *,
    name: str,
    scopes: tuple[KeyScope, ...],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(ctx.new_id(), workspace_id, name, scopes, ctx.now, expires_at)
    tx.api_keys.add(key, key_hash=hash_secret(secret))
    return key, secret
