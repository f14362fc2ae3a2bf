"""In charge of: the tables of what leaves: the outbox, its attempts and the words of templates."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from gateway.store.tables.columns import UtcTime, id_column, metadata, ref_column, text_column

notices = Table(
    "notices",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    ref_column("thread_id", "threads.id", nullable=True, index=True),
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
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    ref_column("thread_id", "threads.id", nullable=True, index=True),
    ref_column("message_id", "messages.id", nullable=True, index=True),
    ref_column("notice_id", "notices.id", nullable=True, index=True),
    ref_column("participant_id", "participants.id", nullable=True),
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
    text_column("detail"),
)

copies = Table(  # what a delivery said, word for word; its files are the message's
    "copies",
    metadata,
    Column("delivery_id", String(26), ForeignKey("deliveries.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),  # JSON, deflated
    Column("at", UtcTime, nullable=False),  # of the newest attempt
)

suppressions = Table(  # addresses whose mail came back for good; set back by hand or by a new address
    "suppressions",
    metadata,
    Column("workspace_id", String(26), ForeignKey("workspaces.id"), primary_key=True),
    Column("address", String(320), primary_key=True),  # its digest (`suppression_key`)
    Column("code", String(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

consents = Table(  # to advertising, by whom and by which way
    "consents",
    metadata,
    Column("applicant_id", String(26), ForeignKey("applicants.id"), primary_key=True),
    Column("kind", String(8), primary_key=True),  # email | phone
    Column("given_at", UtcTime, nullable=False),
    text_column("words"),
    Column("given_by", String(8), nullable=False, default="api", server_default="api"),  # api | member
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", String(8), nullable=False, default=""),  # api | member | link | mail | sms | 080
)

templates = Table(
    "templates",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    Column("key", String(63), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("variables", JSON, nullable=False),  # names that the sender must give
    Column("bodies", JSON, nullable=False),  # by language
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("saved_by", String(26), nullable=False, default="", server_default=""),  # a member, "" for the ATS
    Column("review_at", UtcTime, index=True),  # when the provider is asked about its review
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
    id_column(),
    ref_column("workspace_id", "workspaces.id", index=True),
    Column("actor_id", String(64), nullable=False),
    text_column("actor_name"),
    Column("message", JSON, nullable=False),
    Column("state", String(16), nullable=False),  # running | stopped | cancelling | cancelled | done
    text_column("reason"),
    Column("trouble", JSON(none_as_null=True)),  # the same for every language
    Column("total", Integer, nullable=False),
    Column("posted", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("lease_until", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("client_key", String(200)),  # the writer's own key: the same post twice is one
    Index(None, "workspace_id", "client_key", unique=True),
)

bulk_recipients = Table(
    "bulk_recipients",
    metadata,
    Column("bulk_id", String(26), ForeignKey("bulks.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("applicant", String(200), nullable=False),
    ref_column("thread_id", "threads.id", index=True),
    Column("state", String(16), nullable=False),  # waiting | posted | failed | cancelled
    Column("message_id", String(26), nullable=False, default=""),
    text_column("problem"),
    Column("trouble", JSON(none_as_null=True)),
)
