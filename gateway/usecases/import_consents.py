"""In charge of: consents to advertising in a file of applicants: read, checked, and recorded where they are news.

Not in charge of: the rows (`import_applicants`), or what a consent leads to (`consents`).

A file is older than what a person says: a consent is recorded only if it was given after all that is known of them, so
that the same file next week does not undo a withdrawal.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from gateway.errors import Invalid
from gateway.store.database import Transaction
from gateway.threads.applicant_file import ApplicantRow, read_moment
from gateway.threads.consents import Consent, ConsentKind, is_bare_answer
from gateway.threads.model import Viewer
from gateway.usecases.consents import check_consent, record_consent, standing_in
from gateway.usecases.context import Context
from gateway.usecases.enter_applicant import Plan


def read_consents(ctx: Context, viewer: Viewer, row: ApplicantRow, *, zone: ZoneInfo) -> list[Consent]:
    """What the row says that the person agreed to; times without a zone are the company's. Raises Invalid that names
    the column.
    """
    found = [_read_one(ctx, viewer, row, kind, zone=zone) for kind in ConsentKind]
    return [consent for consent in found if consent]


def keep_news(tx: Transaction, plan: Plan, consents: Sequence[Consent]) -> list[Consent]:
    """Those that were given after what is known of the person."""
    if not consents:
        return []
    thread_id = tx.threads.find_by_applicant(plan.after.id) if plan.before else None
    conversation = tx.threads.load(thread_id) if thread_id else None
    known = tx.consents.of_applicant(conversation.applicant.id) if conversation else []
    person = conversation.applicant if conversation else plan.after  # of the one that theirs became part of, if it did
    email = plan.after.email if "email" in plan.changed else person.email
    phone = plan.after.phone if "phone" in plan.changed else person.phone
    standing = standing_in(tx, known, workspace_id=person.workspace_id, email=email, phone=phone)
    newest = {one.kind: one for one in standing}
    return [consent for consent in consents if newest[consent.kind].is_older_than(consent)]


def record_all(ctx: Context, tx: Transaction, viewer: Viewer, plan: Plan, consents: Sequence[Consent]) -> None:
    """Write them to the person's conversation, which is there by now."""
    thread_id = tx.threads.find_by_applicant(plan.after.id) if consents else None
    conversation = tx.threads.load(thread_id) if thread_id else None
    if conversation is not None:
        for consent in consents:
            record_consent(ctx, tx, conversation, consent, by=viewer)


def column_of(kind: ConsentKind) -> str:
    """The column that holds the words; that of the time has `_at` behind it."""
    return f"consent_{kind.value}"


def _read_one(ctx: Context, viewer: Viewer, row: ApplicantRow, kind: ConsentKind, *, zone: ZoneInfo) -> Consent | None:
    column = column_of(kind)
    words, at = row.values.get(column, ""), row.values.get(f"{column}_at", "")
    if not (words or at):
        return None
    if not words or is_bare_answer(words):
        said = "Write the words to which the person agreed, not yes or no; leave it empty for who did not agree."
        raise Invalid(column, said, code="import_consent_words")
    given_at = read_moment(at, zone)
    if given_at is None:
        said = "Give when the person agreed, for example 2026-01-31 or 2026-01-31 09:00."
        raise Invalid(f"{column}_at", said, code="import_consent_time")
    try:
        return check_consent(ctx, viewer, kind, words=words, given_at=given_at)
    except Invalid as fault:
        where = f"{column}_at" if fault.field == "given_at" else column
        raise Invalid(where, fault.message, code=fault.code, params=fault.params) from None
