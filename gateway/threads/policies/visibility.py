"""In charge of: what a viewer sees of a thread and its messages.

Not in charge of: loading them (`store.threads.open_for`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.threads.attachment import Attachment
from gateway.threads.keys import KeyScope
from gateway.threads.model import Message, MessageKind, Thread, ThreadState, Viewer, ViewerKind
from gateway.threads.policies.privacy import mask_links
from gateway.threads.policies.roles import check_role, sees_opening

GONE = (ThreadState.ERASED, ThreadState.MERGED)  # there is nothing to open under the thread's own id


def may_open(viewer: Viewer, thread: Thread) -> bool:
    """May the viewer know that this thread exists? Workspaces never see each other's; a candidate only their own, a
    member with roles only those of their openings.
    """
    if viewer.kind is ViewerKind.OPERATOR:
        return True
    if viewer.workspace_id != thread.workspace_id or thread.state in GONE:
        return False
    if viewer.kind is ViewerKind.CANDIDATE:
        return viewer.thread_id == thread.id
    return sees_opening(viewer, thread.opening_id)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Messages that are left out of a thread."""

    notes: bool = False
    unsent_at: datetime | None = None  # what had not gone out by then, or was taken back before it did


NOTHING_HIDDEN = Hidden()


def hidden_from(viewer: Viewer, now: datetime) -> Hidden:
    """What the viewer does not see of a thread that they may open: `visible_to`, for the store's pages."""
    team = viewer.kind in (ViewerKind.MEMBER, ViewerKind.OPERATOR)
    return Hidden(notes=not team, unsent_at=now if viewer.kind is ViewerKind.CANDIDATE else None)


def visible_to(viewer: Viewer, message: Message, now: datetime) -> bool:
    """Notes stay in the team; a scheduled message is not shown to the candidate before it goes out."""
    hidden = hidden_from(viewer, now)
    if hidden.notes and message.kind is MessageKind.NOTE:
        return False
    sent = not message.cancelled and (message.goes_out_at is None or message.goes_out_at <= now)
    return sent or hidden.unsent_at is None


def visible_messages(viewer: Viewer, messages: Iterable[Message], now: datetime) -> list[Message]:
    """The messages that the viewer may see, in order, each without what is not for them."""
    return [without_private_parts(viewer, m) for m in messages if visible_to(viewer, m, now)]


def may_see_links(viewer: Viewer, opening_id: str) -> bool:
    """May the viewer know the candidate's personal links, behind which one reads and writes as the candidate?

    The candidate, and who may write to them: these can send a link wherever they like.
    """
    if viewer.kind is ViewerKind.ATS:
        return KeyScope.WRITE in viewer.scopes
    return check_role(viewer, opening_id).allowed


def without_links(message: Message) -> Message:
    """The message for those who may not see personal links: quotes of our mails hold them, and templates."""
    return replace(
        message,
        text=mask_links(message.text),
        subject=mask_links(message.subject),
        html=mask_links(message.html),
        folded=mask_links(message.folded),
        signature=mask_links(message.signature),
    )


def may_read_file(viewer: Viewer, attachment: Attachment) -> bool:
    """A file that names a recruiter's own address stays with the team (GW-7), and so does a dangerous one."""
    return viewer.is_company or not (attachment.private or attachment.danger)


def without_private_parts(viewer: Viewer, message: Message) -> Message:
    """The message with only what the viewer may know of: a candidate is not told of a colleague's private files, nor
    the subject that a colleague gave their mail; a quarantined file is named.
    """
    if viewer.is_company:
        return message
    files = tuple(a for a in message.attachments if not a.private)
    subject = message.subject if message.author.kind.is_outside else ""
    return replace(message, attachments=files, subject=subject)
