"""In charge of: drafts and their files as rows; how long a member can take messages back.

Not in charge of: what may be sent (`usecases.compose`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.threads.drafts import Draft, DraftFile
from gateway.threads.model import MessageKind

SHOWN = 200  # characters in the list


class Drafts:
    """Drafts within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, member_id: str, thread_id: str) -> Draft | None:
        """The draft with its files; None when the member has written nothing here."""
        c = t.drafts.c
        row = self._session.execute(select(t.drafts).where(c.member_id == member_id, c.thread_id == thread_id)).first()
        files = self.files(member_id, thread_id)
        if row is None and not files:
            return None
        if row is None:
            return Draft(files=files)
        return Draft(row.text, MessageKind(row.kind), tuple(row.channels), row.template, files, row.updated_at)

    def save(self, member_id: str, thread_id: str, draft: Draft, *, now: datetime) -> None:
        """Write the draft over the one before; its files have rows of their own."""
        key = {"member_id": member_id, "thread_id": thread_id}
        values = {
            "kind": draft.kind.value,
            "text": draft.text,
            "template": draft.template,
            "channels": list(draft.channels),
            "updated_at": now,
        }
        insert_for = pg_insert if self._session.dialect.name == "postgresql" else sqlite_insert
        statement = insert_for(t.drafts).values(key | values)
        self._session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    def remove(self, member_id: str, thread_id: str) -> list[str]:
        """Forget the draft and its files; the digests that the files named."""
        c, f = t.drafts.c, t.draft_files.c
        self._session.execute(delete(t.drafts).where(c.member_id == member_id, c.thread_id == thread_id))
        files = delete(t.draft_files).where(f.member_id == member_id, f.thread_id == thread_id)
        return list(self._session.execute(files.returning(f.digest)).scalars())

    def files(self, member_id: str, thread_id: str) -> tuple[DraftFile, ...]:
        f = t.draft_files.c
        query = select(t.draft_files).where(f.member_id == member_id, f.thread_id == thread_id).order_by(f.id)
        return tuple(_file(row) for row in self._session.execute(query))

    def add_file(self, member_id: str, thread_id: str, file: DraftFile) -> None:
        row = {
            "id": file.id,
            "member_id": member_id,
            "thread_id": thread_id,
            "filename": file.filename,
            "content_type": file.content_type,
            "size": file.size,
            "digest": file.digest,
        }
        self._session.execute(insert(t.draft_files), row)

    def remove_file(self, member_id: str, thread_id: str, file_id: str) -> list[str]:
        """Take a file out of the draft; its digest, if it was there."""
        f = t.draft_files.c
        gone = delete(t.draft_files).where(f.id == file_id, f.member_id == member_id, f.thread_id == thread_id)
        return list(self._session.execute(gone.returning(f.digest)).scalars())

    def beginnings(self, member_id: str, thread_ids: Sequence[str]) -> dict[str, str]:
        """The first words of this member's drafts in these threads, for the list."""
        c = t.drafts.c
        query = select(c.thread_id, c.text).where(c.member_id == member_id, c.thread_id.in_(list(thread_ids)))
        rows = self._session.execute(query) if thread_ids else ()
        return {row.thread_id: row.text.strip()[:SHOWN] for row in rows if row.text.strip()}

    def undo_seconds(self, member_id: str) -> int | None:
        """For how long this member wants to take messages back; None: as the installation has it."""
        query = select(t.members.c.undo_seconds).where(t.members.c.id == member_id)
        found: int | None = self._session.execute(query).scalar_one_or_none()
        return found

    def set_undo_seconds(self, member_id: str, seconds: int | None) -> None:
        self._session.execute(t.members.update().where(t.members.c.id == member_id).values(undo_seconds=seconds))


def _file(row: Row[Any]) -> DraftFile:
    return DraftFile(row.id, row.filename, row.content_type, row.size, row.digest)
