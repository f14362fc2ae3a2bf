"""In charge of: the names of what can happen in a thread.

Not in charge of: storing (`store.events`) or showing (`web`).

Every name is documented in docs/events.md; data are short strings: ids, seqs, channel names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MESSAGE_CREATED = "message.created"  # message_id, seq, kind
MESSAGE_RELEASED = "message.released"  # message_id, seq: a scheduled message goes out
MESSAGE_CANCELLED = "message.cancelled"  # message_id, seq, reason: it will not go out; or a note no longer holds
MESSAGE_MOVED = "message.moved"  # message_id, seq, at: it goes out at another time
MESSAGES_MOVED_OUT = "messages.moved_out"  # to (a thread), count, message_ids, by: they are there now
MESSAGES_MOVED_IN = "messages.moved_in"  # from (a thread), count, message_ids, by: with the next numbers here
THREAD_MERGED = "thread.merged"  # from (a thread that became part of this one) or to (the other way round), by
THREAD_SPLIT = "thread.split"  # from, to, by: a merge was taken back
DELIVERY_UPDATED = "delivery.updated"  # delivery_id, message_id, state
THREAD_BLOCKED = "thread.blocked"  # by, by_id
THREAD_RESTORED = "thread.restored"  # by, by_id
THREAD_STAGE = "thread.stage"  # stage, by, by_id, how (undone): with how, a rejection was taken back in time
THREAD_ASSIGNED = "thread.assigned"  # to (a member's name, "" for nobody), by
THREAD_TAGGED = "thread.tagged"  # added, removed, by: names of tags
THREAD_SNOOZED = "thread.snoozed"  # until ("" for an end before its time), by
THREAD_DONE = "thread.done"  # by: out of the way until the candidate writes
THREAD_REOPENED = "thread.reopened"  # by: not done after all
CANDIDATE_TRIED = "candidate.tried"  # channel, entry_id, reason: wrote after the end; not taken in
APPLICANT_UPDATED = "applicant.updated"  # changed (created, name, email, phone, locale, fields), by
INBOX_HELD = "inbox.held"  # entry_id, reason, channel
INBOX_AUTOMATIC = "inbox.automatic"  # entry_id, reason, channel; answer, title, starts, day, comment, from; opened
INBOX_RELEASED = "inbox.released"  # entry_id, by
INBOX_FILES_LEFT = "inbox.files_left"  # entry_id, count: files that are only in the raw mail: too many, or too big
INBOX_PROTECTED = "inbox.protected"  # entry_id, how (signed, encrypted): we check and open neither
DELIVERY_FELL_BACK = "delivery.fell_back"  # delivery_id, message_id, channel, to_channel, code: another is used
CANDIDATE_OPTED_OUT = "candidate.opted_out"  # channel, by: wrote STOP, or wants no advertising (by mail, link, 080)
CANDIDATE_OPTED_IN = "candidate.opted_in"  # channel: wrote START

NAMES = (
    MESSAGE_CREATED,
    MESSAGE_RELEASED,
    MESSAGE_CANCELLED,
    MESSAGE_MOVED,
    MESSAGES_MOVED_OUT,
    MESSAGES_MOVED_IN,
    THREAD_MERGED,
    THREAD_SPLIT,
    DELIVERY_UPDATED,
    THREAD_BLOCKED,
    THREAD_RESTORED,
    THREAD_STAGE,
    THREAD_ASSIGNED,
    THREAD_TAGGED,
    THREAD_SNOOZED,
    THREAD_DONE,
    THREAD_REOPENED,
    CANDIDATE_TRIED,
    APPLICANT_UPDATED,
    INBOX_HELD,
    INBOX_AUTOMATIC,
    INBOX_RELEASED,
    INBOX_FILES_LEFT,
    INBOX_PROTECTED,
    DELIVERY_FELL_BACK,
    CANDIDATE_OPTED_OUT,
    CANDIDATE_OPTED_IN,
)
SHOWN = (  # as lines between messages
    THREAD_BLOCKED,
    THREAD_RESTORED,
    THREAD_STAGE,
    THREAD_ASSIGNED,
    MESSAGES_MOVED_OUT,
    MESSAGES_MOVED_IN,
    THREAD_MERGED,
    THREAD_SPLIT,
    CANDIDATE_TRIED,
    CANDIDATE_OPTED_OUT,
    CANDIDATE_OPTED_IN,
    INBOX_AUTOMATIC,
    INBOX_FILES_LEFT,
    INBOX_PROTECTED,
)


@dataclass(frozen=True, slots=True)
class Event:
    """One stored event. `id` is its global cursor, `seq` its place in the thread."""

    id: int
    workspace_id: str
    thread_id: str
    seq: int
    name: str
    data: dict[str, str]
    at: datetime
