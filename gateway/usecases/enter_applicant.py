"""In charge of: the one rule by which an applicant is made or changed, whoever tells of them: ATS, desk or file.

Not in charge of: transactions and locks (`applicants`, `import_applicants`: their callers hold the workspace's lock).

A plan is made first and writes nothing, so that a dry run says exactly what would happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads import events
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
    Workspace,
)
from gateway.usecases.append_message import ensure_notified
from gateway.usecases.checks import check_locale, check_name, check_outer_email, check_phone
from gateway.usecases.context import Context
from gateway.usecases.outgoing import portal_url
from gateway.usecases.views import ApplicantView

FIRST_STAGE = "application"
CONTACT = ("name", "email", "phone", "locale")
TOLD = (*CONTACT, "fields")  # whose change is an event


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody says of an applicant; "" is what they do not say. `fields` None: they say nothing of them."""

    name: str
    email: str = ""
    phone: str = ""
    locale: str = ""
    source: str = "ats"
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would become of an applicant: `before` None makes them; `changed` names what a change changes."""

    opening: Opening
    before: Applicant | None
    after: Applicant
    changed: tuple[str, ...]


def plan_applicant(
    ctx: Context,
    external_id: str,
    draft: Draft,
    *,
    workspace: Workspace,
    opening: Opening,
    before: Applicant | None,
) -> Plan:
    """Check what is said of an applicant; nothing is written. Raises Invalid that names the field."""
    if before is not None and before.opening_id != opening.id:
        raise Invalid(
            "opening",
            "An applicant stays with their opening: create another applicant for another opening.",
            code="opening_fixed",
        )
    usual = before.locale if before else opening.locale or workspace.locale  # whoever reads Korean goes on reading it
    language = check_locale("locale", draft.locale, default=usual)
    name = check_name("name", draft.name)
    email = check_outer_email("email", draft.email, reply_domain=ctx.settings.reply_domain, optional=True)
    phone = check_phone("phone", draft.phone, locale=language)
    if before is None:
        after = Applicant(
            id=ctx.new_id(),
            workspace_id=workspace.id,
            opening_id=opening.id,
            external_id=external_id,
            name=name,
            email=email,
            phone=phone,
            locale=language,
            source=Source(draft.source),
            stage=FIRST_STAGE,
            fields=dict(draft.fields or {}),
            created_at=ctx.now,
        )
        return Plan(opening, None, after, ("created",))
    kept = before.fields if draft.fields is None else {**before.fields, **draft.fields}
    said = {"email": email, "phone": phone}
    corrected = {way: was for way, was in before.corrected.items() if said[way] == was}
    contact = said | {way: getattr(before, way) for way in corrected}
    after = replace(before, name=name, locale=language, fields=kept, corrected=corrected, **contact)
    return Plan(opening, before, after, tuple(n for n in TOLD if getattr(after, n) != getattr(before, n)))


def carry_out(ctx: Context, tx: Transaction, plan: Plan, *, by: Viewer) -> ApplicantView:
    """Write what a plan says. Raises NotFound for an erased applicant."""
    if plan.before is None:
        return _add(ctx, tx, plan, by=by)
    return _update(ctx, tx, plan, by=by)


def _add(ctx: Context, tx: Transaction, plan: Plan, *, by: Viewer) -> ApplicantView:
    applicant = plan.after
    thread = Thread(
        id=ctx.new_id(),
        workspace_id=applicant.workspace_id,
        applicant_id=applicant.id,
        opening_id=plan.opening.id,
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
    _tell(ctx, tx, conversation, changed=plan.changed, by=by)
    return ApplicantView(applicant, plan.opening, thread.id, portal_url(ctx, person), created=True)


def _update(ctx: Context, tx: Transaction, plan: Plan, *, by: Viewer) -> ApplicantView:
    after = plan.after
    thread_id = tx.threads.find_by_applicant(after.id)
    conversation = tx.threads.load(thread_id) if thread_id else None
    if conversation is None or conversation.thread.state is ThreadState.ERASED:
        raise NotFound("applicant")
    kept, said = conversation.applicant, {name: getattr(after, name) for name in CONTACT}
    tx.people.update_applicant(after.id, fields=after.fields, corrected=after.corrected, **said)
    if kept.id != after.id:  # theirs became part of it: what is new of them counts there, too
        said = {name: value for name, value in said.items() if name in plan.changed}
        if said:
            tx.people.update_applicant(kept.id, **said)
    person = replace(conversation.candidate, link_version=_next_link(conversation, said))
    of_person = {name: value for name, value in said.items() if name != "phone"}
    tx.threads.update_participant(person.id, link_version=person.link_version, **of_person)
    if plan.changed:
        _tell(ctx, tx, conversation, changed=plan.changed, by=by)
    return ApplicantView(after, plan.opening, conversation.thread.id, portal_url(ctx, person))


def _next_link(conversation: Conversation, said: Mapping[str, str]) -> int:
    """The version of the personal link: a new one where an `email` or `phone` is no longer the person's, for whoever
    reads there holds the old link.
    """
    was = {"email": conversation.applicant.email, "phone": conversation.applicant.phone}
    left = [way for way, address in was.items() if address and said.get(way, address) != address]
    return conversation.candidate.link_version + bool(left)


def correct_contact(
    ctx: Context, tx: Transaction, conversation: Conversation, *, way: str, address: str, by: Viewer
) -> None:
    """A colleague knows a better `email` or `phone` (`way`): it is the applicant's from now on. What the ATS said is
    remembered, so that it does not come back when the ATS next says something else of the person.
    """
    applicant = conversation.applicant
    if address == getattr(applicant, way):
        return
    corrected = {way: getattr(applicant, way)} | applicant.corrected
    if corrected[way] == address:
        del corrected[way]
    tx.people.update_applicant(applicant.id, corrected=corrected, **{way: address})
    values: dict[str, object] = {"email": address} if way == "email" else {}
    values["link_version"] = _next_link(conversation, {way: address})
    tx.threads.update_participant(conversation.candidate.id, **values)
    _tell(ctx, tx, conversation, changed=(way,), by=by)


def _tell(ctx: Context, tx: Transaction, conversation: Conversation, *, changed: Sequence[str], by: Viewer) -> None:
    """Say that the applicant's data changed, and which; never the values."""
    thread, data = conversation.thread, {"changed": ",".join(changed), "by": by.name}
    tx.events.append(thread.id, thread.workspace_id, events.APPLICANT_UPDATED, now=ctx.now, **data)
