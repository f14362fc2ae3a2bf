"""In charge of: rows of sessions, one-time links, second steps and companies' identity providers.

Not in charge of: proving anything (`usecases.sign_in`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from gateway.store import tables as t
from gateway.store.people import member_of
from gateway.store.session import Session
from gateway.threads.model import Member


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it. `key` names it, and is no secret: the cookie's value cannot be had from it."""

    key: str
    client: str
    way: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class FoundSession:
    """Whose session it is. `roles` are the member's by opening id."""

    member: Member
    roles: dict[str, str]
    own_openings_only: bool
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class SecondStep:
    """A member's authenticator app. `secret` is sealed, "" when there is none; `step` is the newest one used."""

    secret: str
    step: int
    recovery: tuple[str, ...]  # hashes of the codes that are left


@dataclass(frozen=True, slots=True)
class Provider:
    """A company's identity provider. `secret` is sealed."""

    workspace_id: str
    issuer: str
    client_id: str
    secret: str


class SignIns:
    """How members prove who they are, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        session_hash: str,
        member_id: str,
        *,
        client: str,
        way: str,
        now: datetime,
        until: datetime,
        pending: bool = False,
    ) -> None:
        """A new session; a pending one opens nothing until the second step is done."""
        row = {
            "hash": session_hash,
            "member_id": member_id,
            "client": client,
            "way": way,
            "pending": pending,
            "created_at": now,
            "last_used_at": now,
            "expires_at": until,
        }
        self._session.execute(insert(t.sessions), row)

    def find(self, session_hash: str, *, now: datetime) -> FoundSession | None:
        s, om = t.sessions.c, t.opening_members.c
        query = (
            select(t.members, s.last_used_at, s.created_at.label("since"), t.workspaces.c.own_openings_only)
            .add_columns(om.opening_id, om.role.label("opening_role"))
            .join(t.sessions, s.member_id == t.members.c.id)
            .join(t.workspaces, t.workspaces.c.id == t.members.c.workspace_id)
            .outerjoin(t.opening_members, om.member_id == t.members.c.id)
            .where(s.hash == session_hash, s.expires_at > now, s.pending.is_(False), t.members.c.active)
        )
        rows = self._session.execute(query).all()
        if not rows:
            return None
        first, roles = rows[0], {r.opening_id: r.opening_role for r in rows if r.opening_id}
        return FoundSession(member_of(first), roles, first.own_openings_only, first.last_used_at or first.since)

    def find_pending(self, session_hash: str, *, now: datetime) -> Member | None:
        """Whose sign-in waits for the second step."""
        s = t.sessions.c
        query = select(t.members).join(t.sessions, s.member_id == t.members.c.id)
        query = query.where(s.hash == session_hash, s.expires_at > now, s.pending, t.members.c.active)
        row = self._session.execute(query).first()
        return member_of(row) if row else None

    def touch(self, session_hash: str, *, now: datetime) -> None:
        self._session.execute(update(t.sessions).where(t.sessions.c.hash == session_hash).values(last_used_at=now))

    def of_member(self, member_id: str, *, now: datetime) -> list[OpenSession]:
        """Sessions in force, the newest use first."""
        c = t.sessions.c
        query = select(t.sessions).where(c.member_id == member_id, c.expires_at > now, c.pending.is_(False))
        found = [_session(r) for r in self._session.execute(query)]
        return sorted(found, key=lambda s: s.last_used_at, reverse=True)

    def end(self, session_hash: str, *, member_id: str | None = None) -> bool:
        """End one; with `member_id` only if it is theirs. False if there was none."""
        c = t.sessions.c
        where = [c.hash == session_hash, *([c.member_id == member_id] if member_id else [])]
        return self._session.execute(delete(t.sessions).where(*where).returning(c.hash)).first() is not None

    def end_all(self, member_id: str, *, but: str = "") -> None:
        """End all sessions of a member, pending ones and links included, but the one that is named."""
        c = t.sessions.c
        self._session.execute(delete(t.sessions).where(c.member_id == member_id, c.hash != but))
        self._session.execute(delete(t.login_links).where(t.login_links.c.member_id == member_id))

    # -- links -----------------------------------------------------------------------------------------------

    def add_link(self, link_hash: str, member_id: str, *, now: datetime, until: datetime) -> None:
        """A new link; older ones of the same member die, but for one that lives longer: anybody can ask for a sign-in
        link, and must not end an invitation by that.
        """
        c = t.login_links.c
        self._session.execute(delete(t.login_links).where(c.member_id == member_id, c.expires_at <= until))
        row = {"hash": link_hash, "member_id": member_id, "created_at": now, "expires_at": until}
        self._session.execute(insert(t.login_links), row)

    def use_link(self, link_hash: str, *, now: datetime) -> str | None:
        """The member's id, once: of a hundred at a time exactly one gets it. Their other links die."""
        c = t.login_links.c
        where = (c.hash == link_hash, c.used_at.is_(None), c.expires_at > now)
        used = update(t.login_links).where(*where).values(used_at=now).returning(c.member_id)
        member_id: str | None = self._session.execute(used).scalar_one_or_none()
        if member_id is not None:
            self._session.execute(delete(t.login_links).where(c.member_id == member_id, c.hash != link_hash))
        return member_id

    # -- second step -----------------------------------------------------------------------------------------

    def password_hash(self, member_id: str) -> str | None:
        query = select(t.members.c.password_hash).where(t.members.c.id == member_id)
        found: str | None = self._session.execute(query).scalar_one()
        return found

    def second_step(self, member_id: str, *, lock: bool = False) -> SecondStep:
        """`lock` holds the member's row until the commit, so that a code is used up once."""
        c = t.members.c
        query = select(c.totp_secret, c.totp_step, c.recovery_codes).where(c.id == member_id)
        row = self._session.execute(query.with_for_update() if lock else query).one()
        return SecondStep(row.totp_secret, row.totp_step, tuple(row.recovery_codes))

    def use_step(self, member_id: str, step: int) -> bool:
        """Note that the code of this time step was used; False if it, or a later one, was used before."""
        c = t.members.c
        used = update(t.members).where(c.id == member_id, c.totp_step < step).values(totp_step=step).returning(c.id)
        return self._session.execute(used).first() is not None

    # -- companies -------------------------------------------------------------------------------------------

    def provider(self, workspace_id: str) -> Provider | None:
        c = t.identity_providers.c
        row = self._session.execute(select(t.identity_providers).where(c.workspace_id == workspace_id)).first()
        return Provider(row.workspace_id, row.issuer, row.client_id, row.secret) if row else None

    def put_provider(self, provider: Provider, *, now: datetime) -> None:
        self.drop_provider(provider.workspace_id)
        row = {
            "workspace_id": provider.workspace_id,
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "secret": provider.secret,
            "created_at": now,
        }
        self._session.execute(insert(t.identity_providers), row)

    def drop_provider(self, workspace_id: str) -> None:
        c = t.identity_providers.c
        self._session.execute(delete(t.identity_providers).where(c.workspace_id == workspace_id))

    def only_company(self) -> str:
        """The short name of the workspace that has a provider, when it is the only one; else ""."""
        query = select(t.workspaces.c.slug).join(t.identity_providers).limit(2)
        slugs = self._session.execute(query).scalars().all()
        return slugs[0] if len(slugs) == 1 else ""


def _session(row: Row[Any]) -> OpenSession:
    return OpenSession(row.hash, row.client, row.way, row.created_at, row.last_used_at or row.created_at)
