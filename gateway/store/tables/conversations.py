"""In charge of: the tables of openings, applicants, their threads and what is said in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from gateway.store.tables.columns import UtcTime, id_column, metadata, ref_column, text_column


def _where(condition: str) -> dict[str, Any]:
    """An index over those rows only."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


openings = Table(
    "openings",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    Column("external_id", String(200), nullable=False),
    text_column("title"),
    Column("notify_emails", JSON, nullable=False),  # who hears of candidates' messages (SJ-10)
    text_column("public_contact"),
    Column("locale", String(16), nullable=False, default="", server_default=""),  # "" = the workspace's
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "external_id"),
)

applicants = Table(
    "applicants",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    ref_column("opening_id", "openings.id", index=True),
    Column("external_id", String(200), nullable=False),
    text_column("name"),
    Column("email", String(320), nullable=False, default=""),
    Column("phone", String(32), nullable=False, default=""),
    Column("locale", String(16), nullable=False),
    Column("source", String(16), nullable=False),  # applied | manual | ats
    Column("stage", String(100), nullable=False),
    Column("stage_before", String(100), nullable=False, default=""),  # where a restore leads back to
    Column("fields", JSON, nullable=False),
    Column("corrected", JSON, nullable=False, default=dict, server_default="{}"),  # email, phone -> what the ATS said
    Column("rejected_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "external_id"),
    Index(None, "phone"),
    Index(None, "workspace_id", "stage"),
)

_TO_DO = ("workspace_id", "state", "last_at", "id")  # the list's whole order: a shorter index is passed over

threads = Table(
    "threads",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    Column("applicant_id", String(26), ForeignKey("applicants.id"), nullable=False, unique=True),  # exactly one (SJ-4)
    ref_column("opening_id", "openings.id"),
    Column("state", String(24), nullable=False),
    Column("last_seq", Integer, nullable=False),  # of messages; kept here so that the next is one update away
    Column("last_event", Integer, nullable=False),  # of events
    Column("last_at", UtcTime, nullable=False),  # newest message, else creation: the order of the list
    text_column("last_text"),  # newest message's first words, for the list
    text_column("last_author"),  # its author's name, "" for the candidate
    ref_column("last_member_id", "members.id", nullable=True),
    Column(
        "candidate_seq", Integer, nullable=False, default=0
    ),  # newest message of the candidate: unread is about these
    Column("unanswered_since", UtcTime),  # SJ-P2
    Column("failed", Integer, nullable=False, default=0),  # deliveries that need attention
    Column("waits_until", UtcTime),  # when the last message goes out that news of the candidate would end
    ref_column("assignee_id", "members.id", nullable=True),
    Column("snoozed_until", UtcTime),  # out of the way until then, or until the candidate writes
    Column("done_at", UtcTime),  # out of the way until the candidate writes
    Column("merged_into", String(26)),  # the thread that this one became part of
    Column("closes_at", UtcTime),  # when a rejection takes force by itself; none: it has, or there is none
    Column("blocked_at", UtcTime),
    Column("blocked_tries", Integer, nullable=False, default=0),
    Column("blocked_notice_at", UtcTime),  # at most one notice a day (GW-6)
    Column("created_at", UtcTime, nullable=False),
    Index(None, "workspace_id", "last_at", "id", "state", "candidate_seq"),  # the list, and what of it is unread
    Index(None, "workspace_id", "state", "last_at", "id"),
    Index(None, "opening_id", "last_at"),
    Index("ix_threads_to_do", *_TO_DO, **_where("done_at IS NULL")),
    Index("ix_threads_unanswered", *_TO_DO, **_where("unanswered_since IS NOT NULL AND done_at IS NULL")),
    Index("ix_threads_unassigned", *_TO_DO, **_where("assignee_id IS NULL AND done_at IS NULL")),
    Index(
        "ix_threads_assigned",
        *("workspace_id", "state", "assignee_id", "last_at", "id"),
        **_where("assignee_id IS NOT NULL AND done_at IS NULL"),
    ),
    Index("ix_threads_snoozed", "workspace_id", "last_at", "id", **_where("snoozed_until IS NOT NULL")),
    Index("ix_threads_waiting", "unanswered_since", **_where("unanswered_since IS NOT NULL AND candidate_seq > 0")),
    Index("ix_threads_merged_into", "merged_into", **_where("merged_into IS NOT NULL")),
    Index("ix_threads_closing", "closes_at", **_where("closes_at IS NOT NULL")),
    Index("ix_threads_failed", "workspace_id", "last_at", "id", **_where("failed > 0")),
)

participants = Table(
    "participants",
    metadata,
    id_column(),
    ref_column("thread_id", "threads.id", index=True),
    Column("role", String(16), nullable=False),
    text_column("name"),
    Column("email", String(320), nullable=False, default=""),  # lower case
    ref_column("member_id", "members.id", nullable=True),
    Column("link_version", Integer, nullable=False, default=1),
    Column("locale", String(16), nullable=False),
    UniqueConstraint("thread_id", "role", "email"),
    Index(None, "email"),
)

addresses = Table(  # further addresses of a participant; a person added each, never a header
    "addresses",
    metadata,
    Column("participant_id", String(26), ForeignKey("participants.id"), primary_key=True),
    Column("email", String(320), primary_key=True),  # lower case
    Column("added_by", String(26), nullable=False),  # member, or "" for the person themself
    Column("confirmed_at", UtcTime),  # when the person said by a link that a mail from there is theirs
    Column("created_at", UtcTime, nullable=False),
    Index(None, "email"),
)

messages = Table(
    "messages",
    metadata,
    id_column(),
    ref_column("thread_id", "threads.id"),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # message | note
    Column("author_kind", String(16), nullable=False),
    text_column("author_name"),
    text_column("author_email"),
    ref_column("member_id", "members.id", nullable=True),
    ref_column("participant_id", "participants.id", nullable=True),
    Column("came_in_by", String(16), nullable=False),
    Column("subject", Text, nullable=False, default="", server_default=""),  # of a mail, beside its words
    text_column("text"),
    text_column("html"),  # sanitised
    text_column("folded"),
    text_column("signature"),
    Column("fold_is_ours", Boolean, nullable=False, default=True),
    text_column("mark"),
    Column("rfc_message_id", Text, nullable=False, default=""),
    Column("in_reply_to", Text, nullable=False, default=""),
    Column("body_digest", String(64), nullable=False, default=""),
    Column("inbox_id", String(26)),
    Column("client_key", String(200)),  # the writer's own key: the same post twice is one message
    Column("goes_out_at", UtcTime),
    Column("closes_gate", Boolean, nullable=False, default=False),  # a rejection: its letter, or the note why
    Column("cancelled", Boolean, nullable=False, default=False),  # will not go out; a note no longer holds
    Column("unless_news", Boolean, nullable=False, default=False, server_default=false()),  # ends with news of them
    Column("crossed_id", String(26)),  # somebody else's message that its writer, by mail, may not have seen
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("thread_id", "seq"),
    UniqueConstraint("thread_id", "client_key"),
    Index(None, "rfc_message_id"),
    Index("ix_messages_waiting", "goes_out_at", "thread_id", **_where("goes_out_at IS NOT NULL")),
)

attachments = Table(
    "attachments",
    metadata,
    id_column(),
    ref_column("message_id", "messages.id", index=True),
    Column("position", Integer, nullable=False),
    text_column("filename"),
    text_column("content_type"),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    text_column("content_id"),
    Column("inline", Boolean, nullable=False, default=False),
    Column("private", Boolean, nullable=False, default=False),  # stays with the team (GW-7)
    Column("danger", String(16), nullable=False, default="", server_default=""),  # why it is quarantined
    Column("place", Integer),  # of a picture: characters of the text before it
)

moved = Table(  # the numbers of messages that are in another thread now; a number is given once
    "moved",
    metadata,
    Column("thread_id", String(26), ForeignKey("threads.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("message_id", String(26), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # what it was here
    Column("client_key", String(200)),
    Column("rfc_message_id", Text, nullable=False, index=True),
    Column("body_digest", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("thread_id", "client_key"),
)

reads = Table(  # how far each member has read: unread is per person (SJ-11)
    "reads",
    metadata,
    Column("member_id", String(26), ForeignKey("members.id"), primary_key=True),
    Column("thread_id", String(26), ForeignKey("threads.id"), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("mentioned", Integer, nullable=False, default=0, server_default="0"),  # newest note that names them
)

tags = Table(  # the workspace's own words for conversations
    "tags",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    text_column("name"),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "name"),
)

thread_tags = Table(
    "thread_tags",
    metadata,
    Column("thread_id", String(26), ForeignKey("threads.id"), primary_key=True),
    Column("tag_id", String(26), ForeignKey("tags.id"), primary_key=True),
    Index(None, "tag_id", "thread_id"),
)
