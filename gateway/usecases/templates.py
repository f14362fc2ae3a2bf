"""In charge of: a company's templates — saved when everything in them is known, shown with a real applicant, filled in
for one person.

Not in charge of: the small language they are written in (`rendering.workspace`), or sending (`post_message`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.model import Conversation, Viewer, ViewerKind
from gateway.threads.purpose import Purpose
from gateway.threads.sms_text import ALIMTALK_CHARS, LMS_BYTES, Segments, count_bytes, count_segments, plain_for_korea
from gateway.threads.templates import (
    GIVEN,
    GROUPS,
    KEY,
    VARIABLE,
    Body,
    KakaoBody,
    KakaoWords,
    MessageWords,
    Template,
    choose_locale,
    fill_kakao,
    kakao_names,
    next_review_look,
)
from gateway.usecases.checks import LOCALES
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.outgoing import portal_url
from gateway.usecases.versions import Seen, check_version

MOST_VARIABLES = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """What one person would get, and what it costs by SMS: bytes in Korea (SMS 90, LMS 2,000), segments elsewhere."""

    words: MessageWords
    sms_bytes: int
    sms_segments: Segments


def put_template(
    ctx: Context,
    viewer: Viewer,
    key: str,
    *,
    purpose: Purpose,
    variables: Sequence[str],
    bodies: Mapping[str, Body],
    seen: Seen | None = None,
) -> tuple[Template, bool]:
    """Make or change a template; True if it was made. Raises Invalid that names the field, Conflict, NotFound."""
    _check_manager(viewer)
    if not KEY.match(key):
        raise Invalid("key", "Use small letters, digits, dots and hyphens, at most 63.", code="template_key")
    _check_template(ctx, variables, bodies)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)
        found = tx.templates.find(viewer.workspace_id, key)
        check_version(found, seen)
        template = Template(
            id=found.id if found else ctx.new_id(),
            workspace_id=viewer.workspace_id,
            key=key,
            purpose=purpose,
            variables=tuple(dict.fromkeys(variables)),
            bodies=dict(bodies),
            created_at=found.created_at if found else ctx.now,
            updated_at=ctx.now,
            saved_by=viewer.id if viewer.kind is ViewerKind.MEMBER else "",
        )
        if found:
            tx.templates.replace(template)
        else:
            tx.templates.add(template)
        at = next_review_look(ctx.now, ctx.now) if template.waits else None
        tx.templates.look_at_review(template.id, at=at)
        note_act(ctx, tx, viewer, Act.TEMPLATE_SAVE, template=key)
    return template, found is None


def list_templates(ctx: Context, viewer: Viewer, *, after: str = "", limit: int = 1000) -> list[Template]:
    """Templates of the company in the order of their keys."""
    with ctx.database.read() as tx:
        return tx.templates.of_workspace(viewer.workspace_id, after=after, limit=limit)


def find_template(ctx: Context, viewer: Viewer, key: str) -> Template:
    """Raises NotFound."""
    with ctx.database.read() as tx:
        return _open(tx, viewer, key)


def delete_template(ctx: Context, viewer: Viewer, key: str, *, seen: Seen | None = None) -> None:
    """Forget a template; messages that were made from it stay. Raises NotFound, Conflict (`changed_meanwhile`)."""
    _check_manager(viewer)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)  # nobody saves it between the look and the deed
        template = _open(tx, viewer, key)
        check_version(template, seen)
        tx.templates.remove(template.id)
        note_act(ctx, tx, viewer, Act.TEMPLATE_DELETE, template=key)


def preview_template(
    ctx: Context,
    viewer: Viewer,
    key: str,
    *,
    applicant: str,
    locale: str = "",
    variables: Mapping[str, str] | None = None,
) -> Preview:
    """The words as this applicant would get them; nothing is sent. Raises NotFound, Invalid that names what lacks."""
    with ctx.database.read() as tx:
        template = _open(tx, viewer, key)
        conversation = open_by_applicant(tx, viewer, applicant)
    words = fill_template(ctx, template, conversation, variables=variables or {}, locale=locale)
    plain = plain_for_korea(words.sms)
    return Preview(words, count_bytes(plain), count_segments(words.sms))


def preview_draft(
    ctx: Context,
    viewer: Viewer,
    *,
    variables: Sequence[str],
    bodies: Mapping[str, Body],
    thread_id: str,
    locale: str,
) -> Preview:
    """What this thread's candidate would get of a template that is not saved yet: an AlimTalk before its review, too,
    and ‹name› for what a sender must give. Raises NotFound, Invalid as `put_template` and sending would.
    """
    _check_manager(viewer)
    _check_template(ctx, variables, bodies)
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
    if conversation is None:
        raise NotFound("conversation")
    draft = Template("", viewer.workspace_id, "", Purpose.TRANSACTIONAL, tuple(variables), bodies, ctx.now, ctx.now)
    given = {name: f"‹{name}›" for name in variables}
    words = fill_template(ctx, draft, conversation, variables=given, locale=locale, reviewed=False)
    html = ctx.reader.sanitise(words.html) if words.html else ""
    return Preview(replace(words, html=html), count_bytes(plain_for_korea(words.sms)), count_segments(words.sms))


def open_by_applicant(tx: Transaction, viewer: Viewer, external_id: str) -> Conversation:
    """An applicant's conversation by the one door. Raises NotFound."""
    applicant = tx.people.find_applicant(viewer.workspace_id, external_id)
    thread_id = tx.threads.find_by_applicant(applicant.id) if applicant else None
    conversation = tx.threads.open_for(viewer, thread_id) if thread_id else None
    if conversation is None:
        raise NotFound("applicant")
    return conversation


def fill_template(
    ctx: Context,
    template: Template,
    conversation: Conversation,
    *,
    variables: Mapping[str, str],
    locale: str = "",
    reviewed: bool = True,
) -> MessageWords:
    """The words for one person, in their language. `reviewed`: an AlimTalk only if it may be sent.

    Raises Invalid that names a value that lacks or is too much.
    """
    unknown = [name for name in variables if name not in template.variables]
    if unknown:
        words = f"The template has no variable {unknown[0][:60]!r}: leave it out."
        raise Invalid(f"variables.{unknown[0][:60]}", words, code="template_variable", params={"name": unknown[0][:60]})
    chain = (conversation.candidate.locale, conversation.opening.locale, conversation.workspace.locale)
    language = choose_locale(template.bodies, locale, *chain)
    body, values = template.bodies[language], {**_values(ctx, conversation), **variables}

    def fill(source: str, *, html: bool = False) -> str:
        try:
            return ctx.render.fill(source, values, html=html) if source else ""
        except Invalid as fault:
            if fault.code:
                raise
            name = fault.field
            where = f"variables.{name}" if name in template.variables else name
            raise Invalid(where, fault.message, code="variable_missing", params={"name": name}) from None

    mail, kakao = body.email, body.alimtalk
    return MessageWords(
        template=template.key,
        locale=language,
        subject=" ".join(fill(mail.subject).split()),
        text=fill(mail.text),
        html=fill(mail.html, html=True),
        sms=fill(body.sms),
        alimtalk=_fill_kakao(kakao, fill) if kakao and (kakao.sendable or not reviewed) else None,
    )


def find_and_fill(
    ctx: Context, viewer: Viewer, thread_id: str, *, key: str, variables: Mapping[str, str]
) -> tuple[Template, MessageWords]:
    """A template for a message to this thread's candidate. Raises NotFound, Invalid."""
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
        template = tx.templates.find(viewer.workspace_id, key)
    if conversation is None:
        raise NotFound("conversation")
    if template is None:
        raise Invalid("template", "There is no such template: create it first.", code="template_unknown")
    return template, fill_template(ctx, template, conversation, variables=variables)


def _fill_kakao(body: KakaoBody, fill: Callable[[str], str]) -> KakaoWords:
    values = {name: fill(source) for name, source in body.values.items()}
    return KakaoWords(fill_kakao(body.text, values), body.code, values, body.button)


def _values(ctx: Context, conversation: Conversation) -> dict[str, str | Mapping[str, str]]:
    return {
        "candidate": {"name": conversation.candidate.name},
        "company": {"name": conversation.workspace.name, "contact": conversation.public_contact},
        "opening": {"title": conversation.opening.title},
        "fields": conversation.applicant.fields,
        "stage": conversation.applicant.stage,
        "link": portal_url(ctx, conversation.candidate),
    }


def _check_manager(viewer: Viewer) -> None:
    if not viewer.admin:
        raise NotFound("template")


def _open(tx: Transaction, viewer: Viewer, key: str) -> Template:
    found = tx.templates.find(viewer.workspace_id, key)
    if found is None:
        raise NotFound("template")
    return found


def _check_template(ctx: Context, variables: Sequence[str], bodies: Mapping[str, Body]) -> None:
    _check_variables(variables)
    if not bodies or any(locale not in LOCALES for locale in bodies):
        raise Invalid("bodies", f"Give a body for at least one of {', '.join(LOCALES)}.", code="template_locales")
    known = (*GIVEN, *variables)
    for locale, body in bodies.items():
        _check_body(ctx, f"bodies.{locale}", body, known=known)


def _check_variables(variables: Sequence[str]) -> None:
    taken = {*GROUPS, *(name.partition(".")[0] for name in GIVEN)}
    for name in variables:
        if not VARIABLE.match(name) or name in taken:
            raise Invalid(
                "variables",
                f"{name[:60]!r} cannot be a variable's name: use letters, digits and _, and none of ours.",
                code="template_name",
                params={"name": name[:60]},
            )
    if len(variables) > MOST_VARIABLES:
        raise Invalid("variables", f"Declare at most {MOST_VARIABLES}.", code="template_variables_many")


def _check_body(ctx: Context, path: str, body: Body, *, known: Sequence[str]) -> None:
    for field, source, _html in body.sources():
        try:
            ctx.render.check_source(source, known=known, groups=("fields",))
        except Invalid as fault:
            raise Invalid(f"{path}.{field}", fault.message, code=fault.code, params=fault.params) from None
    if len(plain_for_korea(body.sms).encode("cp949")) > LMS_BYTES * 2:
        raise Invalid(f"{path}.sms.text", f"An LMS holds {LMS_BYTES} bytes: shorten it.", code="template_sms_long")
    if body.alimtalk:
        _check_kakao(f"{path}.alimtalk", body.alimtalk)


def _check_kakao(path: str, body: KakaoBody) -> None:
    if len(body.text) > ALIMTALK_CHARS:
        raise Invalid(f"{path}.text", f"An AlimTalk holds {ALIMTALK_CHARS} characters.", code="template_kakao_long")
    names = kakao_names(body.text)
    for name in {*names, *body.values}:
        if (name in names) != (name in body.values):
            words = f"The text and `values` must name the same variables; #{{{name[:60]}}} is in one of them only."
            raise Invalid(f"{path}.values", words, code="template_kakao_values", params={"name": name[:60]})
