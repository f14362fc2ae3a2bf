"""In charge of: openings and applicants as the ATS and the desk tell of them; an applicant's thread is made with
them (SJ-5).

Not in charge of: stages and the gate (`change_stage`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.addresses import Purpose, read_token, token_subject
from gateway.threads.model import (
    Applicant,
    Conversation,
    Opening,
    Participant,
    Role,
    Source,
    Thread,
    ThreadState,
    Viewer,
    ViewerKind,
)
from gateway.usecases.append_message import ensure_notified
from gateway.usecases.checks import check_email, check_locale, check_name, check_phone
from gateway.usecases.context import Context
from gateway.usecases.outgoing import portal_url
from gateway.usecases.sign_in import queue_notice
from gateway.usecases.versions import check_version
from gateway.usecases.views import ApplicantView


class Contact(TypedDict):
    """How a person is called and reached."""

    name: str
    email: str
    phone: str
    locale: str


FIRST_STAGE = "application"
NOTIFY_LIMIT = 50  # addresses of one opening
NEW_LINKS = 3  # links that one address may ask for in an hour


def put_opening(
    ctx: Context,
    viewer: Viewer,
    external_id: str,
    *,
    title: str,
    notify_emails: Sequence[str],
    public_contact: str | None = None,
    seen: str | None = None,
) -> tuple[Opening, bool]:
    """Make or change an opening; True if it was made. `notify_emails` are told of candidates' messages (SJ-10); []
    is legal. `seen` is the version that the caller changes. Raises Invalid, Conflict (`changed_meanwhile`).
    """
    title = check_name("title", title)
    if len(notify_emails) > NOTIFY_LIMIT:
        raise Invalid(
            "notify_emails",
            f"Give at most {NOTIFY_LIMIT} addresses.",
            code="notify_many",
            params={"limit": NOTIFY_LIMIT},
        )
    emails = tuple(dict.fromkeys(check_email("notify_emails", e) for e in notify_emails))
    if any(e.endswith(f"@{ctx.settings.reply_domain}") for e in emails):
        raise Invalid(
            "notify_emails",
            "An address of our own reply domain would make a loop: give a person's address.",
            code="notify_loop",
        )
    contact = None if public_contact is None else check_email("public_contact", public_contact, optional=True)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)
        found = tx.people.find_opening(viewer.workspace_id, external_id)
        check_version(found, seen)
        if found is None:
            opening = Opening(ctx.new_id(), viewer.workspace_id, external_id, title, emails, contact or "")
            tx.people.add_opening(opening, now=ctx.now)
            return opening, True
        opening = replace(
            found,
            title=title,
            notify_emails=emails,
            public_contact=found.public_contact if contact is None else contact,
        )
        tx.people.update_opening(
            found.id, title=title, notify_emails=list(emails), public_contact=opening.public_contact
        )
        return opening, False


def list_openings(ctx: Context, viewer: Viewer) -> list[Opening]:
    with ctx.database.read() as tx:
        return tx.people.list_openings(viewer.workspace_id)


def find_opening(ctx: Context, viewer: Viewer, external_id: str) -> Opening:
    """Raises NotFound."""
    with ctx.database.read() as tx:
        opening = tx.people.find_opening(viewer.workspace_id, external_id)
    if opening is None:
        raise NotFound("opening")
    return opening


def put_applicant(
    ctx: Context,
    viewer: Viewer,
    external_id: str,
    *,
    opening: str,
    name: str,
    email: str = "",
    phone: str = "",
    locale: str = "",
    source: str = "ats",
    fields: Mapping[str, str] | None = None,
    seen: str | None = None,
) -> ApplicantView:
    """Make or change an applicant. An applicant stays with their opening. `seen` is the version that the caller
    changes. Raises Invalid that names the field, Conflict (`changed_meanwhile`).
    """
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)
        job = tx.people.find_opening(viewer.workspace_id, opening)
        if job is None:
            raise Invalid(
                "opening",
                "There is no such opening: create it first with PUT /openings/{external_id}.",
                code="opening_unknown",
            )
        workspace = tx.people.find_workspace(viewer.workspace_id)
        language = check_locale("locale", locale, default=workspace.locale if workspace else "en")
        values = Contact(
            name=check_name("name", name),
            email=check_email("email", email, optional=True),
            phone=check_phone("phone", phone, locale=language),
            locale=language,
        )
        found = tx.people.find_applicant(viewer.workspace_id, external_id)
        check_version(found, seen)
        if found is None:
            applicant = Applicant(
                id=ctx.new_id(),
                workspace_id=viewer.workspace_id,
                opening_id=job.id,
                external_id=external_id,
                source=Source(source),
                stage=FIRST_STAGE,
                fields=dict(fields or {}),
                created_at=ctx.now,
                **values,
            )
            return _add_applicant(ctx, tx, applicant, job, by=viewer)
        if found.opening_id != job.id:
            raise Invalid(
                "opening",
                "An applicant stays with their opening: create another applicant for another opening.",
                code="opening_fixed",
            )
        return _update_applicant(ctx, tx, found, job, values=values, fields=fields, by=viewer)


def add_manual_applicant(
    ctx: Context, viewer: Viewer, *, opening_id: str, name: str, email: str, phone: str = "", locale: str = ""
) -> ApplicantView:
    """The desk's form (SJ-17). An address is needed here: without one there is nothing to write to."""
    check_email("email", email)
    with ctx.database.read() as tx:
        opening = tx.people.find_opening_by_id(viewer.workspace_id, opening_id)
    if opening is None:
        raise Invalid("opening", "Choose an opening.", code="opening_missing")
    return put_applicant(
        ctx,
        viewer,
        f"manual-{ctx.new_id()}",
        opening=opening.external_id,
        name=name,
        email=email,
        phone=phone,
        locale=locale,
        source=Source.MANUAL,
    )


def find_applicant(ctx: Context, viewer: Viewer, external_id: str) -> ApplicantView:
    """Raises NotFound."""
    with ctx.database.read() as tx:
        applicant = tx.people.find_applicant(viewer.workspace_id, external_id)
        thread_id = tx.threads.find_by_applicant(applicant.id) if applicant else None
        conversation = tx.threads.open_for(viewer, thread_id) if thread_id else None
    if applicant is None or conversation is None:
        raise NotFound("applicant")
    return ApplicantView(
        applicant, conversation.opening, conversation.thread.id, portal_url(ctx, conversation.candidate)
    )


def candidate_viewer(ctx: Context, link_token: str) -> Viewer | None:
    """Who opens a personal link; None for an altered, replaced or erased one."""
    subject = token_subject(link_token)
    if subject is None:
        return None
    with ctx.database.read() as tx:
        found = tx.threads.find_participants([subject]).get(subject)
        conversation = tx.threads.load(found[0].thread_id) if found else None
    if found is None or conversation is None or found[1] is ThreadState.ERASED:
        return None
    person = found[0]
    if read_token(ctx.settings.keys, Purpose.LINK, link_token, person.link_version) != person.id:
        return None
    if person.role is not Role.CANDIDATE:
        return None
    return Viewer(
        ViewerKind.CANDIDATE,
        conversation.workspace.id,
        id=person.id,
        name=person.name,
        email=person.email,
        thread_id=person.thread_id,
        locale=person.locale,
    )


def ask_new_link(ctx: Context, email: str, *, workspace_slug: str = "") -> None:
    """Mail the personal links again to a candidate's known address; says nothing either way."""
    email = email.strip().lower()[:320]
    with ctx.database.begin() as tx:
        if tx.limits.count(f"new-link:{email}", now=ctx.now, seconds=3600) > NEW_LINKS:
            return
        workspace = tx.people.find_workspace_by_slug(workspace_slug) if workspace_slug else None
        for person in tx.threads.find_candidates(email, workspace_id=workspace.id if workspace else None)[:5]:
            conversation = tx.threads.load(person.thread_id)
            if conversation:
                queue_notice(
                    ctx,
                    tx,
                    conversation.workspace.id,
                    key="candidate.new_link",
                    to=person.email,
                    locale=person.locale,
                    variables={},
                    thread_id=person.thread_id,
                    participant_id=person.id,
                )


def _add_applicant(
    ctx: Context, tx: Transaction, applicant: Applicant, opening: Opening, *, by: Viewer
) -> ApplicantView:
    thread = Thread(
        id=ctx.new_id(),
        workspace_id=applicant.workspace_id,
        applicant_id=applicant.id,
        opening_id=opening.id,
        state=ThreadState.OPEN,
        last_seq=0,
        last_event=0,
        created_at=ctx.now,
    )
    person = Participant(
        ctx.new_id(), thread.id, Role.CANDIDATE, applicant.name, applicant.email, locale=applicant.locale
    )
    tx.people.add_applicant(applicant)
    tx.threads.add(thread)
    tx.threads.add_participant(person)
    conversation = tx.threads.load(thread.id)
    assert conversation is not None  # added by this transaction
    ensure_notified(ctx, tx, conversation)
    _tell(ctx, tx, conversation, changed=["created"], by=by)
    return ApplicantView(applicant, opening, thread.id, portal_url(ctx, person), created=True)


def _tell(ctx: Context, tx: Transaction, conversation: Conversation, *, changed: Sequence[str], by: Viewer) -> None:
    """Say that the applicant's data changed, and which; never the values."""
    thread, data = conversation.thread, {"changed": ",".join(changed), "by": by.name}
    tx.events.append(thread.id, thread.workspace_id, events.APPLICANT_UPDATED, now=ctx.now, **data)


def _update_applicant(
    ctx: Context,
    tx: Transaction,
    found: Applicant,
    opening: Opening,
    *,
    values: Contact,
    fields: Mapping[str, str] | None,
    by: Viewer,
) -> ApplicantView:
    kept = found.fields if fields is None else {**found.fields, **fields}
    after = replace(found, fields=kept, **values)
    changed = [n for n in ("name", "email", "phone", "locale", "fields") if getattr(after, n) != getattr(found, n)]
    tx.people.update_applicant(found.id, fields=kept, **values)
    thread_id = tx.threads.find_by_applicant(found.id)
    conversation = tx.threads.load(thread_id) if thread_id else None
    if conversation is None or conversation.thread.state is ThreadState.ERASED:
        raise NotFound("applicant")
    person = conversation.candidate
    tx.threads.update_participant(person.id, name=values["name"], email=values["email"], locale=values["locale"])
    if changed:
        _tell(ctx, tx, conversation, changed=changed, by=by)
    return ApplicantView(after, opening, conversation.thread.id, portal_url(ctx, person))
