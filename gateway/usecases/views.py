"""In charge of: what reads give to the edges, as plain values.

Not in charge of: loading (`read_thread`) or showing (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.threads.attachment import Attachment
from gateway.threads.events import Event
from gateway.threads.model import (
    Applicant,
    Conversation,
    Delivery,
    InboxEntry,
    Message,
    Opening,
    Participant,
    ThreadState,
)
from gateway.threads.notices import Notice
from gateway.threads.organising import NOT_ORGANISED, Organised, Tag


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One row of the desk's list."""

    thread_id: str
    applicant_name: str
    opening_title: str
    stage: str
    state: ThreadState
    locale: str
    last_text: str  # first 200 characters of the newest message, "" if there is none
    last_author: str  # the company's author of the newest message, "" when the candidate wrote it
    last_by_viewer: bool
    last_at: datetime
    unread: int  # 1 or more when the candidate wrote something newer than this viewer's mark
    unanswered_since: (
        datetime | None
    )  # the oldest candidate message without an answer, or the application itself (SJ-P2)
    failed: int  # deliveries that failed or bounced
    held: int  # mails that wait for a decision
    blocked_tries: int
    assignee_id: str = ""
    assignee_name: str = ""
    tags: tuple[Tag, ...] = ()
    snoozed_until: datetime | None = None
    done_at: datetime | None = None
    goes_out_at: datetime | None = None  # the next message that waits for its time
    decides: bool = True  # the viewer's role lets them decide here (`check_role`), not only read
    draft: str = ""  # the first words of what this viewer has begun to write


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message with its deliveries, as this viewer may see them (a candidate sees none)."""

    message: Message
    deliveries: tuple[Delivery, ...] = ()
    crossed: Message | None = None  # what its writer, by mail, may not have seen
    refused: frozenset[str] = frozenset()  # of these deliveries: the person asked for no more of them


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the thread that is shown as a line between messages: stage change, blocked try, automatic mail."""

    at: datetime
    name: str  # thread.blocked, thread.restored, candidate.tried, inbox.automatic, inbox.held, …
    data: dict[str, str]
    beside: str = ""  # the other conversation that it names, in words, if the viewer may open it
    in_force: bool = True  # False: a merge that was taken back, or the other conversation is gone


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """One thread as the viewer sees it: messages in commit order, at most `limit`, the newest ones."""

    conversation: Conversation
    messages: tuple[ShownMessage, ...]
    happenings: tuple[Happening, ...]  # company viewers only
    has_earlier: bool
    last_event: int  # for Last-Event-ID of the stream
    read_seq: int  # the viewer's own mark before this page
    portal_url: str = ""  # for who may write to the candidate
    held: tuple[InboxEntry, ...] = ()
    notices: tuple[tuple[Notice, Delivery], ...] = ()
    organised: Organised = NOT_ORGANISED  # company viewers only


@dataclass(frozen=True, slots=True)
class ApplicantView:
    """What the API answers for an applicant."""

    applicant: Applicant
    opening: Opening
    thread_id: str
    portal_url: str  # "" for who may not write to the candidate
    created: bool = False


@dataclass(frozen=True, slots=True)
class FileContent:
    """An attachment with its bytes, checked to be the viewer's to read."""

    attachment: Attachment
    content: bytes


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file for a page of its own; `fields` are a visiting card's or calendar file's (name, value)."""

    attachment: Attachment
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry of the review queue with what a person needs to decide."""

    entry: InboxEntry
    reply: str  # the new words as read, cut at 20,000 characters
    suggested: tuple[ConversationRow, ...]
    applicant_name: str = ""  # of the thread it names
    proof: str = ""  # "<Proof>: in words", from the sender checks
    owner: Participant | None = None  # whose reply address it came to
    may_decide: bool = True  # and read its raw bytes: it may quote the candidate's personal links
    may_ask: bool = False  # the candidate can be asked whether it is theirs
    asked_at: datetime | None = None
    hidden: bool = False  # that they wrote is shown, not what
    names_colleague: bool = False  # in its From, though it came to nobody's address in the company


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers beside the desk's views."""

    all: int
    mine: int
    unassigned: int
    unread: int
    unanswered: int
    attention: int  # failed deliveries + mails to decide
    scheduled: int
    snoozed: int
    review: int  # held + unmatched + failed entries
    bell: int  # what is new for the viewer


FeedEvent = Event
