"""In charge of: turning a mail that may enter a thread into its message.

Not in charge of: whether it may (`process_mail`, `review_inbox`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.attachment import Attachment
from gateway.threads.channel import OutgoingFile
from gateway.threads.incoming import IncomingAttachment, IncomingMail, ReadMail
from gateway.threads.model import (
    Author,
    CameInBy,
    Conversation,
    InboxEntry,
    Message,
    MessageKind,
    Participant,
    Role,
)
from gateway.threads.policies.attachments import PICTURES, is_own_logo, judge_mail_file, split_files
from gateway.threads.policies.privacy import hide_private, is_private_file
from gateway.threads.subjects import beside
from gateway.usecases.append_message import append_message
from gateway.usecases.context import Context
from gateway.usecases.remark_mail import remark_mail
from gateway.usecases.suppression import note_alive

MAX_TEXT = 200_000  # characters shown of one mail; the raw mail keeps all


def take_mail(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    conversation: Conversation,
    speaker: Participant,
    read: ReadMail,
    mark: str = "",
    as_note: bool = False,
) -> Message:
    """Append the mail as a message of `speaker`, with its files and what must go out because of it."""
    from_company = speaker.role.is_company
    text, folded, html = _words(ctx, conversation, speaker, read=read)
    message_id, author = ctx.new_id(), _author(speaker, read)
    limits = ctx.settings
    brought = [file for file in read.mail.attachments if not is_own_logo(conversation.workspace, read.mail, file)]
    files, left = split_files(brought, most=limits.mail_max_files, most_bytes=limits.mail_max_file_bytes)
    message = Message(
        id=message_id,
        thread_id=conversation.thread.id,
        seq=0,
        kind=MessageKind.NOTE if as_note else MessageKind.MESSAGE,
        author=author,
        came_in_by=CameInBy.EMAIL,
        text=text[:MAX_TEXT],
        subject=beside(read.subject, read.split.reply or text),
        html=html,
        folded=folded[:MAX_TEXT],
        signature=read.split.signature[:MAX_TEXT],
        fold_is_ours=read.split.fold_is_ours or from_company,
        mark=mark,
        created_at=ctx.now,
        rfc_message_id=read.mail.message_id[:1000],
        in_reply_to=read.mail.in_reply_to[0][:1000] if read.mail.in_reply_to else "",
        inbox_id=entry.id,
        crossed_id=_crossed(tx, conversation, author, mail=read.mail) if from_company else "",
        attachments=_store_files(
            ctx,
            tx,
            message_id,
            read,
            files=files,
            private=_private(ctx, conversation, read) if from_company else None,
            places=_places(read, text[:MAX_TEXT]),
        ),
    )
    message, _ = append_message(ctx, tx, conversation, message=message, body_digest=read.mail.body_digest)
    if speaker.role is Role.CANDIDATE:
        note_alive(tx, conversation.workspace.id, speaker.email)
    remark_mail(ctx, tx, entry, conversation=conversation, speaker=speaker, read=read)
    if left:
        thread = conversation.thread
        told = {"entry_id": entry.id, "count": str(len(left))}
        tx.events.append(thread.id, thread.workspace_id, events.INBOX_FILES_LEFT, now=ctx.now, **told)
    return message


def _places(read: ReadMail, text: str) -> dict[str, int]:
    """Where the mail's pictures stand in its words, by Content-ID; nowhere if the words were changed on the way."""
    if text != read.split.reply[: len(text)] or not read.split.pictures:
        return {}
    return {name: min(at, len(text)) for at, name in reversed(read.split.pictures) if name}


def _crossed(tx: Transaction, conversation: Conversation, author: Author, *, mail: IncomingMail) -> str:
    """The first message by somebody else after the one that this mail answers: it goes out all the same, with a chip
    for the team (ux §5, conflict stop). "" when there is none, or when the mail answers none of ours.
    """
    thread_id = conversation.thread.id
    answered = tx.messages.find_answered(thread_id, (*mail.in_reply_to, *mail.references))
    newer = None if answered is None else tx.messages.find_newer(thread_id, answered, but_by=author)
    return newer or ""


def _words(ctx: Context, conversation: Conversation, speaker: Participant, *, read: ReadMail) -> tuple[str, str, str]:
    """(text, folded, html). What a recruiter wrote is cleaned of their own address and of our notice's links."""
    text, folded = read.split.reply, read.split.folded
    if not (text or folded or read.html or read.mail.attachments):
        text = read.mail.subject  # all that they wrote
    if not speaker.role.is_company:
        return text, folded, read.html
    clean = hide_private(text, **_private(ctx, conversation, read))
    if clean != text:
        folded = f"{text}\n\n{folded}".strip()  # the original stays for the team
    return clean.strip(), folded, ""


class Private(TypedDict):
    """What of a recruiter's mail must not reach the candidate."""

    addresses: set[str]
    reply_domain: str
    public_url: str


def _private(ctx: Context, conversation: Conversation, read: ReadMail) -> Private:
    addresses = {p.email for p in conversation.participants if p.role.is_company}
    addresses |= {a.address for a in read.mail.from_}
    return Private(addresses=addresses, reply_domain=ctx.settings.reply_domain, public_url=ctx.settings.public_url)


def _author(speaker: Participant, read: ReadMail) -> Author:
    written = read.mail.from_[0] if read.mail.from_ else None
    name = speaker.name or (written.name if written else "") or speaker.email
    return Author(speaker.role.author_kind, name, speaker.email, speaker.member_id, speaker.id)


def _store_files(
    ctx: Context,
    tx: Transaction,
    message_id: str,
    read: ReadMail,
    *,
    files: Sequence[IncomingAttachment],
    private: Private | None,
    places: Mapping[str, int],
) -> tuple[Attachment, ...]:
    stored = []
    for position, file in enumerate(files):
        danger = judge_mail_file(file, read.scan) or ""
        place = places.get(file.content_id) if not danger and file.content_type in PICTURES else None
        kept = OutgoingFile(file.filename or _unnamed(position, file.content_type), file.content_type, file.content)
        attachment = Attachment(
            id=ctx.new_id(),
            message_id=message_id,
            position=position,
            filename=kept.filename,
            content_type=kept.content_type,
            size=len(kept.content),
            digest=tx.blobs.add(kept.content, now=ctx.now),
            content_id=file.content_id,
            inline=file.inline or place is not None,
            private=private is not None and is_private_file(file.content_type, file.content, **private),
            danger=danger,
            place=place,
        )
        stored.append(attachment)
    return tuple(stored)


def _unnamed(position: int, content_type: str) -> str:
    kind, _, detail = content_type.partition("/")
    endings = {"rfc822": "eml", "plain": "txt", "jpeg": "jpg", "calendar": "ics"}
    ending = endings.get(detail, detail if detail.isalnum() and len(detail) <= 5 else "bin")
    return f"{kind or 'file'}-{position + 1}.{ending}"
