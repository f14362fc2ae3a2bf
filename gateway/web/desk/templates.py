"""In charge of: the settings' pages of templates — each language and channel, a preview with a real applicant, lengths.

Not in charge of: what a template may say (`usecases.templates`).

All languages are one form, so that no words are lost between them. A language counts when any of its fields holds
something. With scripts the preview follows the typing; without, it is a button.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.model import Viewer
from gateway.threads.purpose import Purpose
from gateway.threads.sms_text import ALIMTALK_CHARS, LMS_BYTES, SMS_BYTES
from gateway.threads.templates import GIVEN, Body, KakaoBody, MailBody, Review, Template
from gateway.usecases import read_thread, templates
from gateway.usecases.versions import ABSENT, Seen, version_of
from gateway.web.desk.settings import setup_page
from gateway.web.languages import LANGUAGES
from gateway.web.visits import Visit, go_to, render, say_error

LIST = "/desk/settings/templates"
NEW = "/desk/settings/new-template"
PARTS = ("subject", "text", "html", "sms")
KAKAO_PARTS = ("kakao_text", "kakao_code", "kakao_values", "kakao_button", "review_note")
LONGEST_CODE, LONGEST_BUTTON, LONGEST_NOTE = 100, 14, 2000  # as in the API
_FIELD_OF = {  # path of a use case's complaint -> field of the form
    "email.subject": "subject",
    "email.text": "text",
    "email.html": "html",
    "sms.text": "sms",
    "alimtalk.text": "kakao_text",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview with the words of its channels; or `problem`, what lacks."""

    preview: templates.Preview | None = None
    review: Review | None = None
    problem: str = ""


def templates_page(visit: Visit, viewer: Viewer) -> Response:
    """Templates of the workspace, with their languages and the state of their AlimTalk. Admins only."""
    _check_admin(viewer)
    found = templates.list_templates(visit.site.ctx, viewer)
    return setup_page(visit, viewer, "desk_templates.html", entry="templates", templates=found)


def new_template_page(visit: Visit, viewer: Viewer) -> Response:
    """A form for a new template, with its preview."""
    _check_admin(viewer)
    return _answer(visit, viewer, None)


def template_page(visit: Visit, viewer: Viewer) -> Response:
    """One template: its words in each language by each channel, a preview with a real applicant, lengths."""
    _check_admin(viewer)
    template = templates.find_template(visit.site.ctx, viewer, visit.path("key"))
    if visit.text("do") == "delete":
        templates.delete_template(visit.site.ctx, viewer, template.key)
        return go_to(LIST)
    return _answer(visit, viewer, template)


def _answer(visit: Visit, viewer: Viewer, template: Template | None) -> Response:
    if not visit.is_post:
        return _show(visit, viewer, template, _fields_of(template))
    if visit.text("do") == "save":
        problems = _save(visit, viewer, template)
        if not problems:
            return go_to(f"{LIST}/{template.key if template else visit.text('key')}", anchor="saved")
        return _show(visit, viewer, template, visit.fields, problems=problems)
    shown = _preview(visit, viewer)
    if visit.by_script:
        return HTMLResponse(render(visit, "desk_template_preview.html", shown=shown, **_limits()))
    return _show(visit, viewer, template, visit.fields, shown=shown)


def _save(visit: Visit, viewer: Viewer, template: Template | None) -> dict[str, str]:
    """Store what the form says; what is wrong by field."""
    key = template.key if template else visit.text("key")
    bodies = _bodies(visit)
    if missing := [tag for tag, body in bodies.items() if not body.email.text]:
        return {f"{missing[0]}.text": visit.site.pages.text(visit.locale, "tpl.text_missing")}
    try:
        templates.put_template(
            visit.site.ctx,
            viewer,
            key,
            purpose=_purpose(visit),
            variables=_variables(visit),
            bodies=bodies,
            seen=Seen(frozenset({visit.text("seen")})) if template else ABSENT,
        )
    except Invalid as fault:
        return {_field_of(fault.field): say_error(visit, fault)}
    except Conflict as fault:
        taken = visit.site.pages.text(visit.locale, "tpl.taken")
        return {"key": taken} if template is None else {"seen": say_error(visit, fault)}
    return {}


def _preview(visit: Visit, viewer: Viewer) -> Shown:
    bodies, show = _bodies(visit), visit.text("show")
    try:
        preview = templates.preview_draft(
            visit.site.ctx,
            viewer,
            variables=_variables(visit),
            bodies=bodies,
            thread_id=visit.text("applicant"),
            locale=show,
        )
    except NotFound:
        return Shown(problem=visit.site.pages.text(visit.locale, "tpl.preview_start"))
    except Invalid as fault:
        return Shown(problem=say_error(visit, fault))
    kakao = bodies[preview.words.locale].alimtalk
    return Shown(preview, kakao.review if kakao else None)


def _bodies(visit: Visit) -> dict[str, Body]:
    found = {}
    for tag in LANGUAGES:
        said = {part: visit.text(f"{tag}.{part}") for part in (*PARTS, *KAKAO_PARTS)}
        if any(said.values()):
            found[tag] = Body(
                MailBody(said["subject"], said["text"], said["html"]),
                said["sms"],
                _kakao(said, visit.text(f"{tag}.review")) if said["kakao_text"] else None,
            )
    return found


def _kakao(said: Mapping[str, str], review: str) -> KakaoBody:
    lines = (line.partition("=") for line in said["kakao_values"].splitlines() if line.strip())
    return KakaoBody(
        text=said["kakao_text"],
        code=said["kakao_code"][:LONGEST_CODE],
        values={name.strip().removeprefix("#{").removesuffix("}"): source.strip() for name, _, source in lines},
        button=said["kakao_button"][:LONGEST_BUTTON],
        review=Review(review) if review in list(Review) else Review.DRAFT,
        review_note=said["review_note"][:LONGEST_NOTE],
    )


def _fields_of(template: Template | None) -> dict[str, str]:
    """What the form shows of a stored template."""
    if template is None:
        return {"purpose": Purpose.TRANSACTIONAL}
    form = {"purpose": template.purpose.value, "variables": ", ".join(template.variables)}
    for tag, body in template.bodies.items():
        said = {**dict(zip(PARTS, (body.email.subject, body.email.text, body.email.html, body.sms), strict=True))}
        if kakao := body.alimtalk:
            said |= {"kakao_text": kakao.text, "kakao_code": kakao.code, "kakao_button": kakao.button}
            said |= {"review": kakao.review.value, "review_note": kakao.review_note}
            said["kakao_values"] = "\n".join(f"{name} = {source}" for name, source in kakao.values.items())
        form |= {f"{tag}.{part}": words for part, words in said.items()}
    return form


def _field_of(path: str) -> str:
    """`bodies.ko.email.text` is the form's `ko.text`."""
    if not path.startswith("bodies."):
        return path if path != "bodies" else f"{next(iter(LANGUAGES))}.text"
    _, tag, inner = path.split(".", 2)
    return f"{tag}.{_FIELD_OF.get(inner, 'kakao_values')}"


def _variables(visit: Visit) -> list[str]:
    return [name for name in re.split(r"[\s,;]+", visit.text("variables")) if name]


def _purpose(visit: Visit) -> Purpose:
    asked = visit.text("purpose")
    return Purpose(asked) if asked in list(Purpose) else Purpose.TRANSACTIONAL


def _limits() -> dict[str, object]:
    return {"sms_bytes": SMS_BYTES, "lms_bytes": LMS_BYTES, "kakao_chars": ALIMTALK_CHARS}


def _check_admin(viewer: Viewer) -> None:
    if not viewer.admin:
        raise NotFound("templates")


def _show(
    visit: Visit,
    viewer: Viewer,
    template: Template | None,
    form: Mapping[str, str],
    *,
    shown: Shown | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    rows, _ = read_thread.list_conversations(visit.site.ctx, viewer, view="all", limit=50)
    filled = [tag for tag in LANGUAGES if any(form.get(f"{tag}.{part}") for part in (*PARTS, *KAKAO_PARTS))]
    return setup_page(
        visit,
        viewer,
        "desk_template.html",
        entry="templates",
        status=422 if problems else 200,
        stored=template,
        action=f"{LIST}/{template.key}" if template else NEW,
        seen=visit.text("seen") if visit.is_post else (version_of(template) if template else ""),
        form=form,
        filled=filled,
        purposes=tuple(Purpose),
        reviews=tuple(Review),
        given=", ".join(GIVEN),
        people=rows,
        shown=shown,
        problems=problems or {},
        **_limits(),
    )
