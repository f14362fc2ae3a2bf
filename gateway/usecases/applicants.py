"""In charge of: openings and applicants as the ATS and the desk tell of them; an applicant's thread is made with
them (SJ-5).

Not in charge of: stages and the gate (`change_stage`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from gateway.errors import Invalid, NotFound, Refused
from gateway.threads.addresses import Purpose, read_token, token_subject
from gateway.threads.model import Opening, Role, Source, ThreadState, Viewer, ViewerKind
from gateway.threads.policies.roles import check_opening, check_role, sees_opening
from gateway.threads.policies.visibility import GONE
from gateway.usecases.checks import check_email, check_locale, check_name, check_outer_email
from gateway.usecases.context import Context
from gateway.usecases.enter_applicant import Draft, carry_out, plan_applicant
from gateway.usecases.outgoing import shown_portal_url
from gateway.usecases.sign_in import queue_notice
from gateway.usecases.versions import Seen, check_version
from gateway.usecases.views import ApplicantView

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
    locale: str | None = None,
    seen: Seen | None = None,
) -> tuple[Opening, bool]:
    """Make or change an opening; True if it was made. `notify_emails` are told of candidates' messages (SJ-10); []
    is legal. `locale` is for applicants who name none; what is None stays. `seen` is the version that the caller
    changes. Raises NotFound, Invalid, Refused (`no_role`), Conflict (`changed_meanwhile`).
    """
    title = check_name("title", title)
    if len(notify_emails) > NOTIFY_LIMIT:
        raise Invalid(
            "notify_emails",
            f"Give at most {NOTIFY_LIMIT} addresses.",
            code="notify_many",
            params={"limit": NOTIFY_LIMIT},
        )
    check = partial(check_outer_email, reply_domain=ctx.settings.reply_domain)
    emails = tuple(dict.fromkeys(check("notify_emails", e) for e in notify_emails))
    contact = None if public_contact is None else check("public_contact", public_contact, optional=True)
    language = None if locale is None else check_locale("locale", locale, default="")
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)
        found = tx.people.find_opening(viewer.workspace_id, external_id)
        check_version(found, seen)
        if found and not sees_opening(viewer, found.id):
            raise NotFound("opening")
        if not (role := check_opening(viewer, found.id if found else "")).allowed:
            raise Refused(role)
        if found is None:
            opening = Opening(
                ctx.new_id(), viewer.workspace_id, external_id, title, emails, contact or "", language or ""
            )
            tx.people.add_opening(opening, now=ctx.now)
            return opening, True
        opening = replace(
            found,
            title=title,
            notify_emails=emails,
            public_contact=found.public_contact if contact is None else contact,
            locale=found.locale if language is None else language,
        )
        tx.people.update_opening(
            found.id,
            title=title,
            notify_emails=list(emails),
            public_contact=opening.public_contact,
            locale=opening.locale,
        )
        return opening, False


def list_openings(ctx: Context, viewer: Viewer) -> list[Opening]:
    """Those that the viewer sees."""
    with ctx.database.read() as tx:
        return [o for o in tx.people.list_openings(viewer.workspace_id) if sees_opening(viewer, o.id)]


def find_opening(ctx: Context, viewer: Viewer, external_id: str) -> Opening:
    """Raises NotFound."""
    with ctx.database.read() as tx:
        opening = tx.people.find_opening(viewer.workspace_id, external_id)
    if opening is None or not sees_opening(viewer, opening.id):
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
    seen: Seen | None = None,
) -> ApplicantView:
    """Make or change an applicant. An applicant stays with their opening. `seen` is the version that the caller
    changes. Raises Invalid that names the field, Conflict (`changed_meanwhile`).
    """
    draft = Draft(name, email, phone, locale, source, fields)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)
        workspace = tx.people.find_workspace(viewer.workspace_id)
        job = tx.people.find_opening(viewer.workspace_id, opening)
        if job is None or workspace is None:
            raise Invalid(
                "opening",
                "There is no such opening: create it first with PUT /openings/{external_id}.",
                code="opening_unknown",
            )
        found = tx.people.find_applicant(viewer.workspace_id, external_id)
        check_version(found, seen)
        plan = plan_applicant(ctx, external_id, draft, workspace=workspace, opening=job, before=found)
        return carry_out(ctx, tx, plan, by=viewer)


def add_manual_applicant(
    ctx: Context, viewer: Viewer, *, opening_id: str, name: str, email: str, phone: str = "", locale: str = ""
) -> ApplicantView:
    """The desk's form (SJ-17). An address is needed here: without one there is nothing to write to."""
    check_email("email", email)
    with ctx.database.read() as tx:
        opening = tx.people.find_opening_by_id(viewer.workspace_id, opening_id)
    if opening is None or not check_role(viewer, opening.id).allowed:
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
    url = shown_portal_url(ctx, viewer, conversation)
    return ApplicantView(applicant, conversation.opening, conversation.thread.id, url)


def candidate_viewer(ctx: Context, link_token: str) -> Viewer | None:
    """Who opens a personal link; None for an altered, replaced or erased one."""
    subject = token_subject(link_token)
    if subject is None:
        return None
    with ctx.database.read() as tx:
        found = tx.threads.find_participants([subject]).get(subject)
        kept = tx.moving.merged_into([found[0].thread_id]).get(found[0].thread_id) if found else None
        conversation = tx.threads.load(kept or found[0].thread_id) if found else None
    if found is None or conversation is None or found[1] is ThreadState.ERASED:
        return None
    person = found[0]
    if read_token(ctx.settings.keys, Purpose.LINK, link_token, person.link_version) != person.id:
        return None
    if person.role is not Role.CANDIDATE or conversation.thread.state in GONE:
        return None
    person = conversation.candidate  # of the thread that theirs became part of, if it did
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
        within = workspace.id if workspace else None
        for person in tx.threads.find_candidates(email, workspace_id=within, also_further=True)[:5]:
            conversation = tx.threads.load(person.thread_id)
            if conversation:
                queue_notice(
                    ctx,
                    tx,
                    conversation.workspace.id,
                    key="candidate.new_link",
                    to=email,
                    locale=person.locale,
                    variables={},
                    thread_id=person.thread_id,
                    participant_id=person.id,
                )
