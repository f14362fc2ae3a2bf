"""In charge of: every table, on one page.

Not in charge of: what a row may become (`gateway.threads`) or queries (siblings).

Ids are ULIDs in lower case (26 letters): they sort by time. Times are UTC. JSON columns hold small lists and maps only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


def _id(primary: bool = True) -> Column[str]:
    return Column("id", String(26), primary_key=primary)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    return Column(name, String(26), ForeignKey(target), nullable=nullable, index=index)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, default="")


# ---- companies and people ------------------------------------------------------------------------------------

workspaces = Table(
    "workspaces",
    metadata,
    _id(),
    Column("slug", String(63), nullable=False, unique=True),  # local part of the visible sender address (GW-3)
    _text("name"),
    _text("public_contact"),  # where rejected candidates are pointed to (SJ-16)
    Column("locale", String(16), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("brand", String(7), nullable=False),
    Column("channels", JSON, nullable=False, default=list, server_default="[]"),  # [] = the installation's order
    Column("sms_sender", String(32), nullable=False, default="", server_default=""),
    Column("kakao_sender", String(64), nullable=False, default="", server_default=""),
    Column("created_at", UtcTime, nullable=False),
)

members = Table(
    "members",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    Column("email", String(320), nullable=False),  # lower case
    _text("name"),
    Column("role", String(16), nullable=False),  # admin | member
    Column("locale", String(16), nullable=False),
    Column("password_hash", Text),
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "email"),
    Index(None, "email"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    _text("name"),
    Column("hash", String(64), nullable=False, unique=True),  # sha256 of the key; the key itself is shown once
    Column("scopes", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # sha256 of the cookie's value
    _ref("member_id", "members.id", index=True),
    _text("client"),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

login_links = Table(
    "login_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    _ref("member_id", "members.id", index=True),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
)

# ---- openings, applicants, threads -----------------------------------------------------------------------------

openings = Table(
    "openings",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    Column("external_id", String(200), nullable=False),
    _text("title"),
    Column("notify_emails", JSON, nullable=False),  # who hears of candidates' messages (SJ-10)
    _text("public_contact"),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "external_id"),
)

applicants = Table(
    "applicants",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    _ref("opening_id", "openings.id", index=True),
    Column("external_id", String(200), nullable=False),
    _text("name"),
    Column("email", String(320), nullable=False, default=""),
    Column("phone", String(32), nullable=False, default=""),
    Column("locale", String(16), nullable=False),
    Column("source", String(16), nullable=False),  # applied | manual | ats
    Column("stage", String(100), nullable=False),
    Column("stage_before", String(100), nullable=False, default=""),  # where a restore leads back to
    Column("fields", JSON, nullable=False),
    Column("rejected_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "external_id"),
    Index(None, "phone"),
)

threads = Table(
    "threads",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    Column("applicant_id", String(26), ForeignKey("applicants.id"), nullable=False, unique=True),  # exactly one (SJ-4)
    _ref("opening_id", "openings.id"),
    Column("state", String(24), nullable=False),
    Column("last_seq", Integer, nullable=False),  # of messages; kept here so that the next is one update away
    Column("last_event", Integer, nullable=False),  # of events
    Column("last_at", UtcTime, nullable=False),  # newest message, else creation: the order of the list
    _text("last_text"),  # newest message's first words, for the list
    _text("last_author"),  # its author's name, "" for the candidate
    _ref("last_member_id", "members.id", nullable=True),
    Column(
        "candidate_seq", Integer, nullable=False, default=0
    ),  # newest message of the candidate: unread is about these
    Column("unanswered_since", UtcTime),  # SJ-P2
    Column("failed", Integer, nullable=False, default=0),  # deliveries that need attention
    Column("blocked_at", UtcTime),
    Column("blocked_tries", Integer, nullable=False, default=0),
    Column("blocked_notice_at", UtcTime),  # at most one notice a day (GW-6)
    Column("created_at", UtcTime, nullable=False),
    Index(None, "workspace_id", "last_at"),
)

participants = Table(
    "participants",
    metadata,
    _id(),
    _ref("thread_id", "threads.id", index=True),
    Column("role", String(16), nullable=False),
    _text("name"),
    Column("email", String(320), nullable=False, default=""),  # lower case
    _ref("member_id", "members.id", nullable=True),
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
    _id(),
    _ref("thread_id", "threads.id"),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # message | note
    Column("author_kind", String(16), nullable=False),
    _text("author_name"),
    _text("author_email"),
    _ref("member_id", "members.id", nullable=True),
    _ref("participant_id", "participants.id", nullable=True),
    Column("came_in_by", String(16), nullable=False),
    _text("text"),
    _text("html"),  # sanitised
    _text("folded"),
    _text("signature"),
    Column("fold_is_ours", Boolean, nullable=False, default=True),
    _text("mark"),
    Column("rfc_message_id", Text, nullable=False, default=""),
    Column("in_reply_to", Text, nullable=False, default=""),
    Column("body_digest", String(64), nullable=False, default=""),
    Column("inbox_id", String(26)),
    Column("client_key", String(200)),  # the writer's own key: the same post twice is one message
    Column("goes_out_at", UtcTime),
    Column("closes_gate", Boolean, nullable=False, default=False),  # a rejection that takes force when it goes out
    Column("cancelled", Boolean, nullable=False, default=False),  # was scheduled and will not go out
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("thread_id", "seq"),
    UniqueConstraint("thread_id", "client_key"),
    Index(None, "rfc_message_id"),
)

attachments = Table(
    "attachments",
    metadata,
    _id(),
    _ref("message_id", "messages.id", index=True),
    Column("position", Integer, nullable=False),
    _text("filename"),
    _text("content_type"),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    _text("content_id"),
    Column("inline", Boolean, nullable=False, default=False),
    Column("private", Boolean, nullable=False, default=False),  # stays with the team (GW-7)
    Column("danger", String(16), nullable=False, default="", server_default=""),  # why it is quarantined
)

reads = Table(  # how far each member has read: unread is per person (SJ-11)
    "reads",
    metadata,
    Column("member_id", String(26), ForeignKey("members.id"), primary_key=True),
    Column("thread_id", String(26), ForeignKey("threads.id"), primary_key=True),
    Column("seq", Integer, nullable=False),
)

# ---- what arrived ----------------------------------------------------------------------------------------------

blobs = Table(  # raw mails and files by content hash; big ones lie in the blob store and have no data here
    "blobs",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary),
    Column("created_at", UtcTime, nullable=False),
)

inbox = Table(  # one row for each recipient of each mail
    "inbox",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id", nullable=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False, default=""),
    _text("detail"),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("rcpt", String(320), nullable=False),
    Column("envelope_from", Text, nullable=False),
    Column("peer", String(64), nullable=False, default=""),
    Column("helo", Text, nullable=False, default=""),
    Column("tls", Boolean, nullable=False, default=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("lease_until", UtcTime),
    _ref("thread_id", "threads.id", nullable=True),
    _ref("participant_id", "participants.id", nullable=True),
    Column("message_id", Text, nullable=False, default=""),
    Column("body_digest", String(64), nullable=False, default=""),
    _text("subject"),
    _text("from_address"),
    _text("from_name"),
    _text("proof"),
    Column("words", Text, nullable=False, default="", server_default=""),  # as read then, of a mail that waits
    Column("date", UtcTime),
    Column("received_at", UtcTime, nullable=False),
    Column("raw_gone", Boolean, nullable=False, default=False),  # retention ended: the raw bytes are no longer kept
    UniqueConstraint("digest", "rcpt"),  # a sender's retry after a lost 250 is one entry
    Index(None, "state", "received_at"),
    Index(None, "thread_id", "received_at"),
    Index(None, "workspace_id", "state", "id"),
)

confirmations = Table(  # "did you write this mail?", by a link that works once
    "confirmations",
    metadata,
    Column("hash", String(64), primary_key=True),
    _ref("entry_id", "inbox.id", index=True),
    _ref("participant_id", "participants.id", index=True),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
)

# ---- what leaves -----------------------------------------------------------------------------------------------

notices = Table(
    "notices",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    _ref("thread_id", "threads.id", nullable=True, index=True),
    Column("key", String(64), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("variables", JSON, nullable=False),
    Column("in_reply_to", Text, nullable=False, default=""),
    Column("automatic", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

deliveries = Table(  # the outbox: the only truth about sending
    "deliveries",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    _ref("thread_id", "threads.id", nullable=True, index=True),
    _ref("message_id", "messages.id", nullable=True, index=True),
    _ref("notice_id", "notices.id", nullable=True, index=True),
    _ref("participant_id", "participants.id", nullable=True),
    Column("channel", String(16), nullable=False),
    Column("address", String(320), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False, default=""),
    Column("code", String(32), nullable=False, default=""),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcTime),
    Column("lease_id", String(26)),
    Column("lease_until", UtcTime),
    Column("provider_id", Text, nullable=False, default=""),
    Column("rfc_message_id", Text, nullable=False, default=""),
    Column("rest", JSON, nullable=False, default=list, server_default="[]"),  # channels to fall back on
    Column("purpose", String(16), nullable=False, default="transactional", server_default="transactional"),
    Column("look_at", UtcTime),  # when the provider is asked what became of it
    Column("fallback_at", UtcTime),  # not confirmed by then: the next channel
    Column("fallback_of", String(26)),  # the delivery that this one replaces
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("message_id", "participant_id", "channel"),
    Index(None, "state", "next_attempt_at"),
    Index(None, "rfc_message_id"),
    Index(None, "provider_id"),
    Index(None, "look_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", String(26), ForeignKey("deliveries.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", String(16), nullable=False, default=""),
    Column("code", String(32), nullable=False, default=""),
    _text("detail"),
)

suppressions = Table(  # addresses whose mail came back for good; set back by hand or by a new address
    "suppressions",
    metadata,
    Column("workspace_id", String(26), ForeignKey("workspaces.id"), primary_key=True),
    Column("address", String(320), primary_key=True),
    Column("code", String(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

# ---- what happened ---------------------------------------------------------------------------------------------

events = Table(  # append-only
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _ref("workspace_id", "workspaces.id"),
    _ref("thread_id", "threads.id"),
    Column("seq", Integer, nullable=False),  # within the thread, without gaps
    Column("name", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("thread_id", "seq"),
    sqlite_autoincrement=True,
)

templates = Table(
    "templates",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id"),
    Column("key", String(63), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("variables", JSON, nullable=False),  # names that the sender must give
    Column("bodies", JSON, nullable=False),  # by language
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "key"),
)

message_words = Table(  # what a message from a template says by each channel
    "message_words",
    metadata,
    Column("message_id", String(26), ForeignKey("messages.id"), primary_key=True),
    Column("template", String(63), nullable=False),
    Column("words", JSON, nullable=False),
)

bulks = Table(  # one message to many applicants
    "bulks",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id", index=True),
    Column("actor_id", String(64), nullable=False),
    _text("actor_name"),
    Column("message", JSON, nullable=False),
    Column("state", String(16), nullable=False),  # running | stopped | cancelled | done
    _text("reason"),
    Column("total", Integer, nullable=False),
    Column("posted", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("lease_until", UtcTime),
    Column("created_at", UtcTime, nullable=False),
)

bulk_recipients = Table(
    "bulk_recipients",
    metadata,
    Column("bulk_id", String(26), ForeignKey("bulks.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("applicant", String(200), nullable=False),
    _ref("thread_id", "threads.id", index=True),
    Column("state", String(16), nullable=False),  # waiting | posted | failed
    Column("message_id", String(26), nullable=False, default=""),
    _text("problem"),
)

webhooks = Table(  # endpoints of the ATS; each has its own place in the events
    "webhooks",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces.id", index=True),
    Column("url", Text, nullable=False),
    _text("description"),
    Column("types", JSON, nullable=False),  # [] = every event
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False, default=""),
    Column("secret", Text, nullable=False),  # sealed with the installation's secret key
    _text("old_secret"),
    Column("old_secret_until", UtcTime),
    Column("cursor", BigInteger, nullable=False),  # newest event that was queued for it
    Column("failing_since", UtcTime),
    Column("paused_until", UtcTime),
    Column("lease_until", UtcTime),  # one process at a time posts to an endpoint: that keeps the order
    Column("created_at", UtcTime, nullable=False),
)

webhook_posts = Table(  # the outbox of the endpoints: one row for each event and endpoint
    "webhook_posts",
    metadata,
    _id(),
    _ref("webhook_id", "webhooks.id"),
    Column("event_id", BigInteger, nullable=False),
    _ref("thread_id", "threads.id", index=True),
    Column("type", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # queued | delivered | failed
    Column("tries", Integer, nullable=False, default=0),
    Column("code", String(32), nullable=False, default=""),
    Column("next_attempt_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("delivered_at", UtcTime),
    UniqueConstraint("webhook_id", "event_id"),
    Index(None, "webhook_id", "state", "thread_id", "event_id"),
)

audit = Table(  # who did what, for the company (SJ-P4); append-only
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _ref("workspace_id", "workspaces.id", nullable=True),
    _ref("thread_id", "threads.id", nullable=True, index=True),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64), nullable=False, default=""),
    Column("actor_name", Text, nullable=False, default=""),
    Column("action", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("workspace_id", String(26), ForeignKey("workspaces.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),  # 0 while the first request is under way
    Column("body", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

counters = Table(  # rate limits that must hold across processes: one row for each (what, whom, window)
    "counters",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("window", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
)
