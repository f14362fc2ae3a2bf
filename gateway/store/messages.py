"""In charge of: messages and attachments as rows.

Not in charge of: who may see them (`policies.visibility`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, bindparam, func, insert, or_, select, union_all

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.search_index import note_change
from gateway.store.session import Session
from gateway.threads.attachment import Attachment
from gateway.threads.model import Author, AuthorKind, CameInBy, Message, MessageKind
from gateway.threads.policies.visibility import NOTHING_HIDDEN, Hidden
from gateway.threads.search_documents import Kind


class Messages:
    """Messages within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, message: Message, *, body_digest: str = "", client_key: str | None = None, closes_gate: bool = False
    ) -> None:
        row = {
            "id": message.id,
            "thread_id": message.thread_id,
            "seq": message.seq,
            "kind": message.kind.value,
            "author_kind": message.author.kind.value,
            "author_name": message.author.name,
            "author_email": message.author.email,
            "member_id": message.author.member_id,
            "participant_id": message.author.participant_id,
            "came_in_by": message.came_in_by.value,
            "text": message.text,
            "subject": message.subject,
            "html": message.html,
            "folded": message.folded,
            "signature": message.signature,
            "fold_is_ours": message.fold_is_ours,
            "mark": message.mark,
            "rfc_message_id": message.rfc_message_id,
            "in_reply_to": message.in_reply_to,
            "body_digest": body_digest,
            "inbox_id": message.inbox_id,
            "client_key": client_key or None,
            "goes_out_at": message.goes_out_at,
            "closes_gate": closes_gate,
            "crossed_id": message.crossed_id or None,
            "created_at": message.created_at,
        }
        self._session.gather(_ADD, row)
        note_change(self._session, Kind.MESSAGE, message.id)
        for attachment in message.attachments:
            self._session.gather(_ADD_ATTACHMENT, _attachment_row(attachment))
        copies = self._session.find_ahead(_COPIES, (message.thread_id, message.rfc_message_id))
        if copies is not None:
            copies[body_digest] = message.id

    def find(self, message_id: str) -> Message | None:
        ahead: Message | None = self._session.find_ahead(_MESSAGE, message_id)
        if ahead is not None:
            return ahead
        found = self._load(t.messages.c.id == message_id)
        return found[0] if found else None

    def find_many(self, message_ids: Sequence[str]) -> dict[str, Message]:
        """These messages, by id; those that are gone are left out."""
        found = self._load(t.messages.c.id.in_(list(message_ids)), limit=len(message_ids)) if message_ids else []
        return {message.id: message for message in found}

    def look_for(self, message_ids: Sequence[str]) -> None:
        """Read ahead what `find` will be asked."""
        self._session.read_ahead(_MESSAGE, self.find_many(message_ids))

    def find_by_client_key(self, thread_id: str, client_key: str) -> Message | None:
        """What was posted here with this key, even if it is in another thread now."""
        c, moved = t.messages.c, t.moved.c
        found = self._load(c.thread_id == thread_id, c.client_key == client_key)
        if not found:
            gone = select(moved.message_id).where(moved.thread_id == thread_id, moved.client_key == client_key)
            found = self._load(c.id.in_(gone))
        return found[0] if found else None

    def is_posted(self, thread_id: str, key_start: str) -> bool:
        """Is there a message whose client key begins so?"""
        for c in (t.messages.c, t.moved.c):
            query = select(c.seq).where(c.thread_id == thread_id, c.client_key.startswith(key_start, autoescape=True))
            if self._session.execute(query.limit(1)).first() is not None:
                return True
        return False

    def find_copy(self, thread_id: str, rfc_message_id: str, body_digest: str) -> str | None:
        """The id of a message of this thread that came from the same mail by another way (GW-2)."""
        copies: dict[str, str] | None = self._session.find_ahead(_COPIES, (thread_id, rfc_message_id))
        if copies is not None:
            return copies.get(body_digest)
        where = {"thread": thread_id, "mail": rfc_message_id, "body": body_digest}
        return self._session.execute(_FIND_COPY, where).scalar_one_or_none()

    def look_for_copies(self, mails: Sequence[tuple[str, str]]) -> None:
        """Read ahead what `find_copy` will be asked, for several (thread id, Message-ID)."""
        found: dict[tuple[str, str], dict[str, str]] = {mail: {} for mail in mails}
        ids = sorted({message_id for _, message_id in mails})
        for copy_id, thread_id, mail, body_digest in self._session.execute(_COPIES_OF, {"mails": ids}):
            if (thread_id, mail) in found:
                found[thread_id, mail][body_digest] = copy_id
        self._session.read_ahead(_COPIES, found)

    def find_by_inbox(self, inbox_id: str) -> str | None:
        query = select(t.messages.c.id).where(t.messages.c.inbox_id == inbox_id).limit(1)
        return self._session.execute(query).scalar_one_or_none()

    def after(self, thread_id: str, seq: int, *, limit: int, but: Hidden = NOTHING_HIDDEN) -> list[Message]:
        """Messages with a greater seq, oldest first, but for those that are hidden."""
        return self._load(t.messages.c.thread_id == thread_id, t.messages.c.seq > seq, *_shown(but), limit=limit)

    def newest(
        self, thread_id: str, *, before: int | None = None, limit: int, but: Hidden = NOTHING_HIDDEN
    ) -> list[Message]:
        """The newest messages (with a seq below `before`), oldest of them first, but for those that are hidden."""
        where = [t.messages.c.thread_id == thread_id, *_shown(but)]
        if before is not None:
            where.append(t.messages.c.seq < before)
        return self._load(*where, limit=limit, newest=True)

    def inline_digests(self, thread_id: str, *, before: int, but: Hidden) -> set[str]:
        """The digests of inline files in messages of a thread below a seq, but for those that are hidden."""
        m, a = t.messages.c, t.attachments.c
        where = (m.thread_id == thread_id, m.seq < before, a.inline.is_(True), *_shown(but))
        query = select(a.digest).join(t.messages, m.id == a.message_id).where(*where)
        return set(self._session.execute(query).scalars())

    def texts(self, thread_ids: Sequence[str], *, newest: int = 30) -> dict[str, tuple[str, ...]]:
        """The newest texts of each thread, newest first: what a quote may come from."""
        found: dict[str, list[str]] = {thread_id: [] for thread_id in thread_ids}
        for thread_id, text in self._session.execute(_TEXTS, {"threads": list(found), "newest": newest}):
            found[thread_id].append(text)
        return {thread_id: tuple(texts) for thread_id, texts in found.items()}

    def find_newer(self, thread_id: str, seq: int, *, but_by: Author) -> str | None:
        """The id of the first message after `seq` that somebody else wrote and nobody took back: the conflict stop."""
        c = t.messages.c
        own, who = (c.member_id, but_by.member_id) if but_by.member_id else (c.participant_id, but_by.participant_id)
        newer = (c.thread_id == thread_id, c.seq > seq, c.cancelled.is_(False), or_(own.is_(None), own != who))
        return self._session.execute(select(c.id).where(*newer).order_by(c.seq).limit(1)).scalar_one_or_none()

    def find_answered(self, thread_id: str, rfc_message_ids: Sequence[str]) -> int | None:
        """The seq of the newest message of the thread that one of these Message-IDs stands for; None if none does."""
        m, d, ids = t.messages.c, t.deliveries.c, list(rfc_message_ids)
        sent = select(d.message_id).where(d.rfc_message_id.in_(ids))
        named = (m.thread_id == thread_id, or_(m.rfc_message_id.in_(ids), m.id.in_(sent)))
        return self._session.execute(select(func.max(m.seq)).where(*named)).scalar_one() if ids else None

    def find_fate(self, message_id: str) -> tuple[bool, bool]:
        """(cancelled, closes_gate) of a message that there is."""
        c = t.messages.c
        row = self._session.execute(select(c.cancelled, c.closes_gate).where(c.id == message_id)).one()
        return row.cancelled, row.closes_gate

    def find_scheduled(self, message_ids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """(seq, closes_gate) of those of these messages that were written to go out later."""
        rows = self._session.execute(_SCHEDULED, {"ids": list(message_ids)}) if message_ids else ()
        return {row.id: (row.seq, row.closes_gate) for row in rows}

    def find_attachment(self, attachment_id: str) -> tuple[Attachment, str, Message] | None:
        """An attachment with its thread's id and its message."""
        row = self._session.execute(select(t.attachments).where(t.attachments.c.id == attachment_id)).first()
        if row is None:
            return None
        message = self.find(row.message_id)
        assert message is not None  # a foreign key
        return _attachment(row), message.thread_id, message

    def _load(self, *where: Any, limit: int = 1, newest: bool = False) -> list[Message]:
        order = t.messages.c.seq.desc() if newest else t.messages.c.seq
        rows = self._session.execute(select(t.messages).where(*where).order_by(order).limit(limit)).all()
        if newest:
            rows = rows[::-1]
        files = self._attachments([r.id for r in rows])
        return [message_of(r, tuple(files.get(r.id, ()))) for r in rows]

    def _attachments(self, message_ids: Sequence[str]) -> dict[str, list[Attachment]]:
        found: dict[str, list[Attachment]] = {}
        if message_ids:
            c = t.attachments.c
            query = select(t.attachments).where(c.message_id.in_(message_ids)).order_by(c.message_id, c.position)
            for row in self._session.execute(query):
                found.setdefault(row.message_id, []).append(_attachment(row))
        return found


# Built once: building a statement costs more than running it, and these run for every mail.
_COPY_COLUMNS = ("thread_id", "rfc_message_id", "body_digest")
_EVERY_COPY = union_all(
    select(t.messages.c.id.label("id"), *(t.messages.c[name] for name in _COPY_COLUMNS)),
    select(t.moved.c.message_id, *(t.moved.c[name] for name in _COPY_COLUMNS)),
).subquery()
_FIND_COPY = (
    select(_EVERY_COPY.c.id)
    .where(
        _EVERY_COPY.c.thread_id == bindparam("thread"),
        _EVERY_COPY.c.rfc_message_id == bindparam("mail"),
        _EVERY_COPY.c.body_digest == bindparam("body"),
    )
    .limit(1)
)
_TEXTS = (
    select(t.messages.c.thread_id, t.messages.c.text)
    .join(t.threads, t.threads.c.id == t.messages.c.thread_id)
    .where(
        is_among(t.messages.c.thread_id, "threads"),
        t.messages.c.seq > t.threads.c.last_seq - bindparam("newest", type_=Integer()),
        t.messages.c.kind == MessageKind.MESSAGE.value,
    )
    .order_by(t.messages.c.thread_id, t.messages.c.seq.desc())
)
_MESSAGE = "message"
_SCHEDULED = select(t.messages.c.id, t.messages.c.seq, t.messages.c.closes_gate).where(
    is_among(t.messages.c.id, "ids"), t.messages.c.goes_out_at.is_not(None)
)
_COPIES = "copies"
_COPIES_OF = select(_EVERY_COPY).where(is_among(_EVERY_COPY.c.rfc_message_id, "mails"))
_ADD = insert(t.messages)
_ADD_ATTACHMENT = insert(t.attachments)


def _shown(but: Hidden) -> list[ColumnElement[bool]]:
    c = t.messages.c
    shown: list[ColumnElement[bool]] = []
    if but.notes:
        shown.append(c.kind != MessageKind.NOTE.value)
    if but.unsent_at is not None:
        shown += [c.cancelled.is_(False), or_(c.goes_out_at.is_(None), c.goes_out_at <= but.unsent_at)]
    return shown


def message_of(row: Row[Any], attachments: tuple[Attachment, ...]) -> Message:
    of = row._mapping
    author = Author(
        AuthorKind(of["author_kind"]), of["author_name"], of["author_email"], of["member_id"], of["participant_id"]
    )
    return Message(
        id=of["id"],
        thread_id=of["thread_id"],
        seq=of["seq"],
        kind=MessageKind(of["kind"]),
        author=author,
        came_in_by=CameInBy(of["came_in_by"]),
        text=of["text"],
        subject=of["subject"],
        html=of["html"],
        folded=of["folded"],
        signature=of["signature"],
        fold_is_ours=of["fold_is_ours"],
        mark=of["mark"],
        created_at=of["created_at"],
        rfc_message_id=of["rfc_message_id"],
        in_reply_to=of["in_reply_to"],
        inbox_id=of["inbox_id"],
        goes_out_at=of["goes_out_at"],
        cancelled=of["cancelled"],
        unless_news=of["unless_news"],
        crossed_id=of["crossed_id"] or "",
        attachments=attachments,
    )


def _attachment(row: Row[Any]) -> Attachment:
    of = row._mapping
    return Attachment(
        id=of["id"],
        message_id=of["message_id"],
        position=of["position"],
        filename=of["filename"],
        content_type=of["content_type"],
        size=of["size"],
        digest=of["digest"],
        content_id=of["content_id"],
        inline=of["inline"],
        private=of["private"],
        danger=of["danger"],
        place=of["place"],
    )


def _attachment_row(a: Attachment) -> dict[str, Any]:
    return {
        "id": a.id,
        "message_id": a.message_id,
        "position": a.position,
        "filename": a.filename,
        "content_type": a.content_type,
        "size": a.size,
        "digest": a.digest,
        "content_id": a.content_id,
        "inline": a.inline,
        "private": a.private,
        "danger": a.danger,
        "place": a.place,
    }
