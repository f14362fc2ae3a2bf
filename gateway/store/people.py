"""In charge of: rows of workspaces, members, openings and applicants.

Not in charge of: who may see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from gateway.store import tables as t
from gateway.store.search_index import note_change
from gateway.store.session import Session
from gateway.threads.model import Applicant, Logo, Member, Opening, Source, Workspace
from gateway.threads.search_documents import Kind


class People:
    """Workspaces and the people and jobs in them, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- workspaces ------------------------------------------------------------------------------------------

    def add_workspace(self, workspace: Workspace, *, now: datetime) -> None:
        row = {
            "id": workspace.id,
            "slug": workspace.slug,
            "name": workspace.name,
            "public_contact": workspace.public_contact,
            "locale": workspace.locale,
            "timezone": workspace.timezone,
            "brand": workspace.brand,
            "channels": list(workspace.channels),
            "sms_sender": workspace.sms_sender,
            "kakao_sender": workspace.kakao_sender,
            "created_at": now,
        }
        self._session.execute(insert(t.workspaces), row)

    def find_workspace(self, workspace_id: str) -> Workspace | None:
        return self._workspace(t.workspaces.c.id == workspace_id)

    def lock_workspace(self, workspace_id: str) -> None:
        """Hold the workspace's row until the commit, so that two first PUTs of the same thing make one.

        SQLite needs none: a transaction that may write holds the only write lock. New rows that refer to the
        workspace (messages, events) do not wait for it.
        """
        self._session.execute(
            select(t.workspaces.c.id).where(t.workspaces.c.id == workspace_id).with_for_update(key_share=True)
        )

    def find_workspace_by_slug(self, slug: str) -> Workspace | None:
        return self._workspace(t.workspaces.c.slug == slug)

    def existing_slugs(self, slugs: Sequence[str]) -> set[str]:
        """Which of these short names belong to a workspace."""
        query = select(t.workspaces.c.slug).where(t.workspaces.c.slug.in_(list(slugs)))
        return set(self._session.execute(query).scalars())

    def first_workspace(self) -> Workspace | None:
        """The installation's first: mail to postmaster and abuse waits in its review queue."""
        query = select(t.workspaces).order_by(t.workspaces.c.id).limit(1)
        row = self._session.execute(query).first()
        return workspace_of(row) if row else None

    def list_workspaces(self) -> list[Workspace]:
        return [workspace_of(r) for r in self._session.execute(select(t.workspaces).order_by(t.workspaces.c.id))]

    def update_workspace(self, workspace_id: str, **values: Any) -> None:
        self._session.execute(update(t.workspaces).where(t.workspaces.c.id == workspace_id).values(values))

    def _workspace(self, where: Any) -> Workspace | None:
        row = self._session.execute(select(t.workspaces).where(where)).first()
        return workspace_of(row) if row else None

    # -- members --------------------------------------------------------------------------------------------

    def add_member(self, member: Member, *, password_hash: str | None, now: datetime) -> None:
        row = {
            "id": member.id,
            "workspace_id": member.workspace_id,
            "email": member.email.lower(),
            "name": member.name,
            "role": member.role,
            "locale": member.locale,
            "password_hash": password_hash,
            "active": member.active,
            "created_at": now,
        }
        self._session.execute(insert(t.members), row)

    def find_logins(self, email: str) -> list[tuple[Member, str | None]]:
        """Active members with this address, in every workspace, each with the password's hash."""
        query = select(t.members).where(t.members.c.email == email.lower(), t.members.c.active)
        return [(member_of(r), r.password_hash) for r in self._session.execute(query)]

    def find_member(self, member_id: str) -> Member | None:
        """An active member by id."""
        query = select(t.members).where(t.members.c.id == member_id, t.members.c.active)
        row = self._session.execute(query).first()
        return member_of(row) if row else None

    def list_members(self, workspace_id: str) -> list[Member]:
        query = select(t.members).where(t.members.c.workspace_id == workspace_id).order_by(t.members.c.id)
        return [member_of(r) for r in self._session.execute(query)]

    # -- openings, applicants --------------------------------------------------------------------------------

    def add_opening(self, opening: Opening, *, now: datetime) -> None:
        row = {
            "id": opening.id,
            "workspace_id": opening.workspace_id,
            "external_id": opening.external_id,
            "title": opening.title,
            "notify_emails": list(opening.notify_emails),
            "public_contact": opening.public_contact,
            "locale": opening.locale,
            "created_at": now,
        }
        self._session.execute(insert(t.openings), row)

    def update_opening(self, opening_id: str, **values: Any) -> None:
        self._session.execute(update(t.openings).where(t.openings.c.id == opening_id).values(values))

    def find_opening(self, workspace_id: str, external_id: str) -> Opening | None:
        where = (t.openings.c.workspace_id == workspace_id, t.openings.c.external_id == external_id)
        row = self._session.execute(select(t.openings).where(*where)).first()
        return opening_of(row) if row else None

    def find_opening_by_id(self, workspace_id: str, opening_id: str) -> Opening | None:
        where = (t.openings.c.workspace_id == workspace_id, t.openings.c.id == opening_id)
        row = self._session.execute(select(t.openings).where(*where)).first()
        return opening_of(row) if row else None

    def list_openings(self, workspace_id: str) -> list[Opening]:
        query = select(t.openings).where(t.openings.c.workspace_id == workspace_id).order_by(t.openings.c.id)
        return [opening_of(r) for r in self._session.execute(query)]

    def add_applicant(self, applicant: Applicant) -> None:
        row = {
            "id": applicant.id,
            "workspace_id": applicant.workspace_id,
            "opening_id": applicant.opening_id,
            "external_id": applicant.external_id,
            "name": applicant.name,
            "email": applicant.email,
            "phone": applicant.phone,
            "locale": applicant.locale,
            "source": applicant.source.value,
            "stage": applicant.stage,
            "fields": applicant.fields,
            "rejected_at": applicant.rejected_at,
            "created_at": applicant.created_at,
        }
        self._session.execute(insert(t.applicants), row)
        note_change(self._session, Kind.PERSON, applicant.id)

    def update_applicant(self, applicant_id: str, **values: Any) -> None:
        self._session.execute(update(t.applicants).where(t.applicants.c.id == applicant_id).values(values))
        note_change(self._session, Kind.PERSON, applicant_id)

    def find_applicant(self, workspace_id: str, external_id: str) -> Applicant | None:
        where = (t.applicants.c.workspace_id == workspace_id, t.applicants.c.external_id == external_id)
        row = self._session.execute(select(t.applicants).where(*where)).first()
        return applicant_of(row) if row else None


def workspace_of(row: Any) -> Workspace:
    of = row._mapping
    return Workspace(
        id=of["id"],
        name=of["name"],
        slug=of["slug"],
        public_contact=of["public_contact"],
        locale=of["locale"],
        timezone=of["timezone"],
        brand=of["brand"],
        channels=tuple(of["channels"]),
        sms_sender=of["sms_sender"],
        kakao_sender=of["kakao_sender"],
        logo=Logo(of["logo"], of["logo_width"], of["logo_height"]) if of["logo"] else None,
        privacy_url=of["privacy_url"],
        keep_days=of["keep_days"],
        old_logos=tuple(of["old_logos"]),
    )


def member_of(row: Row[Any]) -> Member:
    return Member(row.id, row.workspace_id, row.email, row.name, row.role, row.locale, row.active)


def opening_of(row: Any) -> Opening:
    of = row._mapping
    return Opening(
        id=of["id"],
        workspace_id=of["workspace_id"],
        external_id=of["external_id"],
        title=of["title"],
        notify_emails=tuple(of["notify_emails"]),
        public_contact=of["public_contact"],
        locale=of["locale"],
    )


def applicant_of(row: Any) -> Applicant:
    of = row._mapping
    return Applicant(
        id=of["id"],
        workspace_id=of["workspace_id"],
        opening_id=of["opening_id"],
        external_id=of["external_id"],
        name=of["name"],
        email=of["email"],
        phone=of["phone"],
        locale=of["locale"],
        source=Source(of["source"]),
        stage=of["stage"],
        stage_before=of["stage_before"],
        fields=dict(of["fields"]),
        corrected=dict(of["corrected"]),
        created_at=of["created_at"],
        rejected_at=of["rejected_at"],
    )
