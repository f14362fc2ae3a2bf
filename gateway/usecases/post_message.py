"""In charge of: a message written on a page or by the API.

Not in charge of: mail (`process_mail`) or who may see the thread.

One transaction: open the thread by the one door with its lock, ask the gate, append. The same `client_key` again gives
the same message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.blanks import is_blank
from gateway.threads.channel import OutgoingFile
from gateway.threads.decisions import Reason, first_objection
from gateway.threads.model import (
    Author,
    AuthorKind,
    CameInBy,
    Conversation,
    Delivery,
    Message,
    MessageKind,
    Viewer,
    ViewerKind,
)
from gateway.threads.policies.news import is_news
from gateway.threads.policies.rejection import check_may_write
from gateway.threads.policies.roles import check_role
from gateway.threads.purpose import Purpose
from gateway.threads.templates import MessageWords
from gateway.usecases.answer_blocked import note_blocked_try
from gateway.usecases.append_message import append_message, store_files
from gateway.usecases.check_flood import check_flood
from gateway.usecases.context import Context
from gateway.usecases.examine_files import examine_files
from gateway.usecases.reach import ways_agreed


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What somebody wants to say. `seen_seq` is the newest message they had before their eyes (None: do not check)."""

    text: str = ""
    html: str = ""
    files: tuple[OutgoingFile, ...] = ()
    kind: MessageKind = MessageKind.MESSAGE
    came_in_by: CameInBy = CameInBy.WEB
    client_key: str = ""
    seen_seq: int | None = None
    seen_event: int | None = None  # the newest event of the thread that they had before their eyes, likewise
    send_at: datetime | None = None
    unless_news: bool = False  # not if the candidate writes first, or their stage changes
    author_name: str = ""
    author_email: str = ""
    closes_gate: bool = False
    words: MessageWords | None = None  # from a template: what each channel says
    channels: tuple[str, ...] = ()  # how the candidate is reached, in this order; () as the workspace has it
    purpose: Purpose = Purpose.TRANSACTIONAL


@dataclass(frozen=True, slots=True)
class Posted:
    message: Message
    deliveries: tuple[Delivery, ...]
    repeated: bool = False


def post_message(ctx: Context, viewer: Viewer, thread_id: str, new: NewMessage) -> Posted:
    """Say something in a thread. Raises NotFound, Invalid, Conflict (`newer_message`) or Refused (gate, flood)."""
    new = check_content(ctx, new)
    refused: Refused | None = None
    with ctx.database.begin() as tx:
        conversation = tx.threads.open_for(viewer, thread_id, lock=True)
        if conversation is None:
            raise NotFound("conversation")
        repeated = find_repeated(tx, thread_id, viewer=viewer, new=new)
        if repeated:
            return repeated
        try:
            return post_in(ctx, tx, conversation, viewer=viewer, new=new)
        except Refused as error:  # the try itself is committed before the caller hears of the refusal
            refused = error
            if error.decision.reason is Reason.THREAD_BLOCKED and viewer.kind is ViewerKind.CANDIDATE:
                note_web_try(ctx, tx, conversation)
    raise refused


def post_in(ctx: Context, tx: Transaction, conversation: Conversation, *, viewer: Viewer, new: NewMessage) -> Posted:
    """The same within the caller's transaction, which holds the thread's lock."""
    decision = check_may_write(conversation.thread, _author_kind(viewer))
    if decision.allowed and viewer.kind is ViewerKind.CANDIDATE:
        decision = check_flood(ctx, tx, conversation.thread)
    if new.kind is MessageKind.MESSAGE:
        decision = first_objection(decision, check_role(viewer, conversation.opening.id))
    if not decision.allowed:
        raise Refused(decision)
    _check_conflict(tx, conversation, viewer, new)
    if new.purpose is Purpose.ADVERTISING and not ways_agreed(tx, conversation):
        raise Conflict("no_consent", "This person has not agreed to advertising: record their consent first.")
    message_id = ctx.new_id()
    message = Message(
        id=message_id,
        thread_id=conversation.thread.id,
        seq=0,
        kind=new.kind,
        author=_author(tx, conversation, viewer, new),
        came_in_by=new.came_in_by,
        text=new.text,
        html=new.html,
        folded="",
        signature="",
        fold_is_ours=True,
        mark="",
        created_at=ctx.now,
        goes_out_at=new.send_at if new.send_at and new.send_at > ctx.now else None,
        attachments=store_files(ctx, tx, message_id, new.files),
    )
    message, deliveries = append_message(
        ctx,
        tx,
        conversation,
        message=message,
        client_key=scope_key(viewer, new.client_key),
        closes_gate=new.closes_gate,
        channels=new.channels,
        purpose=new.purpose,
    )
    if new.unless_news and message.goes_out_at:
        tx.waiting.set_unless_news(message.id)
        until = max(message.goes_out_at, conversation.thread.waits_until or message.goes_out_at)
        tx.threads.update(conversation.thread.id, waits_until=until)
    if new.words:  # text and HTML are the message's own
        tx.templates.add_words(message.id, replace(new.words, text="", html=""))
    return Posted(message, deliveries)


def find_posted(ctx: Context, viewer: Viewer, thread_id: str, client_key: str) -> Posted | None:
    """What the same writer posted here with this key: a call that comes again, its answer lost, is answered with it,
    whatever became since of its time, its template or its thread. None without a key.
    """
    if not client_key:
        return None
    with ctx.database.read() as tx:
        if tx.threads.open_for(viewer, thread_id) is None:
            return None
        return find_repeated(tx, thread_id, viewer=viewer, new=NewMessage(client_key=client_key))


def check_content(ctx: Context, new: NewMessage) -> NewMessage:
    """The message with clean text and HTML. Raises Invalid that names the field."""
    text = clean_text(new.text)
    html = ctx.reader.sanitise(new.html) if new.html else ""
    if html and is_blank(text):
        text = ctx.reader.html_to_text(html)
    if is_blank(text) and not new.files:
        raise Invalid("text", "Write a message or attach a file.", code="text_empty")
    limits = ctx.settings
    if len(text) > limits.max_text_chars:
        raise Invalid(
            "text",
            f"The message is longer than {limits.max_text_chars} characters; attach it as a file.",
            code="text_long",
            params={"limit": limits.max_text_chars},
        )
    if len(new.files) > limits.max_upload_files:
        raise Invalid(
            "files",
            f"Attach at most {limits.max_upload_files} files at a time.",
            code="files_many",
            params={"limit": limits.max_upload_files},
        )
    if sum(len(f.content) for f in new.files) > limits.max_upload_bytes:
        raise Invalid(
            "files",
            f"All files together may have {limits.max_upload_bytes // 1_000_000} MB.",
            code="files_big",
            params={"limit": limits.max_upload_bytes // 1_000_000},
        )
    files = examine_files(ctx, new.files)
    if new.kind is MessageKind.NOTE and new.files and is_blank(text):
        text = ", ".join(f.filename for f in new.files)
    return replace(
        new,
        text=text.strip("\n"),
        html=html,
        files=files,
        author_name=clean_text(new.author_name).replace("\n", " ")[:200],
        author_email=new.author_email[:320],
    )


def clean_text(text: str) -> str:
    """Text that both databases can hold and every page can show: LF line ends, no NUL, no lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode()


def note_web_try(ctx: Context, tx: Transaction, conversation: Conversation) -> None:
    """A rejected candidate wrote on the page: the desk shows that they wrote, not what; of a flood no more."""
    if not check_flood(ctx, tx, conversation.thread).allowed:
        return
    note_blocked_try(ctx, tx, conversation, channel="web")
    thread = conversation.thread
    tx.events.append(thread.id, thread.workspace_id, events.CANDIDATE_TRIED, now=ctx.now, channel="web", entry_id="")


def _author_kind(viewer: Viewer) -> AuthorKind:
    kinds = {ViewerKind.CANDIDATE: AuthorKind.CANDIDATE, ViewerKind.MEMBER: AuthorKind.MEMBER}
    return kinds.get(viewer.kind, AuthorKind.ATS)


def _author(tx: Transaction, conversation: Conversation, viewer: Viewer, new: NewMessage) -> Author:
    if viewer.kind is ViewerKind.CANDIDATE:
        person = conversation.candidate
        return Author(AuthorKind.CANDIDATE, person.name, person.email, None, person.id)
    if viewer.kind is ViewerKind.MEMBER:
        person_id = next((p.id for p in conversation.participants if p.member_id == viewer.id), None)
        return Author(AuthorKind.MEMBER, viewer.name, viewer.email, viewer.id, person_id)
    colleague = _colleague(tx, conversation, new)
    return colleague or Author(AuthorKind.ATS, new.author_name or viewer.name, new.author_email)


def _colleague(tx: Transaction, conversation: Conversation, new: NewMessage) -> Author | None:
    """The member in whose name the ATS posts, if the address it gives is a member's."""
    wanted = new.author_email.lower()
    if not wanted:
        return None
    member = next((m for m in tx.people.list_members(conversation.workspace.id) if m.email == wanted), None)
    if member is None:
        return None
    person_id = next((p.id for p in conversation.participants if p.member_id == member.id), None)
    return Author(AuthorKind.ATS, new.author_name or member.name, member.email, member.id, person_id)


def scope_key(viewer: Viewer, client_key: str) -> str:
    """Two writers that choose the same key do not meet."""
    return f"{viewer.kind.value}:{viewer.id}:{client_key}" if client_key else ""


def find_repeated(tx: Transaction, thread_id: str, *, viewer: Viewer, new: NewMessage) -> Posted | None:
    """What the same writer posted with the same client key before."""
    key = scope_key(viewer, new.client_key)
    message = tx.messages.find_by_client_key(thread_id, key) if key else None
    if message is None:
        return None
    deliveries = tx.outbox.by_message([message.id]).get(message.id, [])
    return Posted(message, tuple(deliveries), repeated=True)


def _check_conflict(tx: Transaction, conversation: Conversation, viewer: Viewer, new: NewMessage) -> None:
    if viewer.kind is not ViewerKind.MEMBER or new.kind is MessageKind.NOTE:
        return
    thread_id, newer = conversation.thread.id, False
    if new.seen_seq is not None:
        me = _author(tx, conversation, viewer, new)
        newer = tx.messages.find_newer(thread_id, new.seen_seq, but_by=me) is not None
    if new.seen_event is not None:
        newer = newer or any(is_news(e, viewer) for e in tx.events.of_thread(thread_id, after=new.seen_event))
    if newer:
        raise Conflict("newer_message", "Something newer arrived while you were writing.")
