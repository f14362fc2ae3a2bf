"""In charge of: every table, by one name (`tables as t`), one module for each part of the house.

Not in charge of: what a row may become (`gateway.threads`) or queries (siblings).

Ids are ULIDs in lower case (26 letters): they sort by time. Times are UTC. JSON columns hold small lists and maps only.
"""

from gateway.store.tables.arriving import blobs, confirmations, inbox
from gateway.store.tables.columns import UtcTime, metadata
from gateway.store.tables.composing import draft_files, drafts, presence
from gateway.store.tables.conversations import (
    addresses,
    applicants,
    attachments,
    messages,
    moved,
    openings,
    participants,
    reads,
    tags,
    thread_tags,
    threads,
)
from gateway.store.tables.happened import audit, counters, events, idempotency_keys, webhook_posts, webhooks
from gateway.store.tables.leaving import (
    attempts,
    bulk_recipients,
    bulks,
    consents,
    copies,
    deliveries,
    message_words,
    notices,
    suppressions,
    templates,
)
from gateway.store.tables.notifying import devices, news, preferences
from gateway.store.tables.people import (
    api_keys,
    identity_providers,
    login_links,
    members,
    opening_members,
    sessions,
    workspaces,
)
from gateway.store.tables.searching import search_documents, search_waiting

__all__ = [
    "UtcTime",
    "addresses",
    "api_keys",
    "applicants",
    "attachments",
    "attempts",
    "audit",
    "blobs",
    "bulk_recipients",
    "bulks",
    "confirmations",
    "consents",
    "copies",
    "counters",
    "deliveries",
    "devices",
    "draft_files",
    "drafts",
    "events",
    "idempotency_keys",
    "identity_providers",
    "inbox",
    "login_links",
    "members",
    "message_words",
    "messages",
    "metadata",
    "moved",
    "news",
    "notices",
    "opening_members",
    "openings",
    "participants",
    "preferences",
    "presence",
    "reads",
    "search_documents",
    "search_waiting",
    "sessions",
    "suppressions",
    "tags",
    "templates",
    "thread_tags",
    "threads",
    "webhook_posts",
    "webhooks",
    "workspaces",
]
