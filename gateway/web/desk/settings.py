"""In charge of: the desk's forms — a new applicant, openings, the workspace — and the settings' own navigation.

Not in charge of: checking (`usecases`), or the other parts of the settings (`keys`, `webhooks` and their siblings).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from starlette.responses import Response

from gateway.errors import Invalid, NotFound, Refused
from gateway.threads.model import Opening, Viewer
from gateway.threads.policies.roles import check_anywhere, check_opening, check_role, may_choose_team
from gateway.usecases import accounts, applicants
from gateway.usecases.checks import is_email
from gateway.usecases.idempotency import run_once
from gateway.web.desk.conversations import desk_page
from gateway.web.languages import known_language
from gateway.web.visits import Visit, digest_of, go_to, say_error

NEW = "new"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the settings' navigation; its words are `settings.nav.<name>`."""

    name: str
    path: str
    admins_only: bool = False


ENTRIES = (
    Entry("setup", "/desk/settings/setup", admins_only=True),
    Entry("workspace", "/desk/settings"),
    Entry("personal", "/desk/settings/personal"),
    Entry("look", "/desk/settings/look", admins_only=True),
    Entry("security", "/desk/settings/security"),
    Entry("members", "/desk/settings/members", admins_only=True),
    Entry("company", "/desk/settings/company", admins_only=True),
    Entry("templates", "/desk/settings/templates", admins_only=True),
    Entry("bulk", "/desk/settings/bulk", admins_only=True),
    Entry("import", "/desk/settings/import", admins_only=True),
    Entry("keys", "/desk/settings/keys", admins_only=True),
    Entry("webhooks", "/desk/settings/webhooks", admins_only=True),
    Entry("keeping", "/desk/settings/keeping", admins_only=True),
    Entry("audit", "/desk/settings/audit", admins_only=True),
)


def setup_page(
    visit: Visit, viewer: Viewer, template: str, *, entry: str, status: int = 200, **variables: object
) -> Response:
    """A page of the settings, with their navigation; `entry` is the line that is open."""
    entries = [e for e in ENTRIES if viewer.admin or not e.admins_only]
    shared: dict[str, object] = {"current": "settings", "entries": entries, "entry": entry, "problems": {}}
    return desk_page(visit, viewer, template, status=status, **{**shared, **variables})


def new_applicant(visit: Visit, viewer: Viewer) -> Response:
    """A person added by hand has the same conversation as one who applied (SJ-17)."""
    if not (role := check_anywhere(viewer)).allowed:
        raise Refused(role)
    openings = [o for o in applicants.list_openings(visit.site.ctx, viewer) if check_role(viewer, o.id).allowed]
    problems = _applicant_problems(visit, openings) if visit.is_post else {}
    if visit.is_post and not problems:
        try:
            return go_to(f"/desk/t/{_add_applicant(visit, viewer)}")
        except Invalid as error:
            problems = {error.field: say_error(visit, error)}
    return desk_page(
        visit,
        viewer,
        "desk_applicant.html",
        status=422 if problems else 200,
        current="applicant",
        openings=openings,
        form=visit.fields,
        problems=problems,
        key=visit.text("key") or secrets.token_urlsafe(12),
    )


def _add_applicant(visit: Visit, viewer: Viewer) -> str:
    """Add the person, once for each form however often its button is pressed; the conversation's id."""
    ctx, key = visit.site.ctx, visit.text("key")[:64]
    digest = digest_of(visit, sorted(visit.fields))

    def add() -> tuple[int, str]:
        added = applicants.add_manual_applicant(
            ctx,
            viewer,
            opening_id=visit.text("opening"),
            name=visit.text("name"),
            email=visit.text("email"),
            phone=visit.text("phone"),
            locale=known_language(visit.text("locale")),
        )
        return 303, added.thread_id

    return run_once(ctx, viewer, f"applicant-{key}-{digest[:32]}" if key else "", request_digest=digest, run=add)[1]


def _applicant_problems(visit: Visit, openings: list[Opening]) -> dict[str, str]:
    say = visit.site.pages.text
    problems: dict[str, str] = {}
    if visit.text("opening") not in {o.id for o in openings}:
        problems["opening"] = say(visit.locale, "form.choose_opening")
    if not visit.text("name"):
        problems["name"] = say(visit.locale, "form.name_missing")
    if not is_email(visit.text("email")):
        problems["email"] = say(visit.locale, "form.email_wrong")
    return problems


def openings_page(visit: Visit, viewer: Viewer) -> Response:
    """All openings, with who hears of news."""
    openings = applicants.list_openings(visit.site.ctx, viewer)
    return desk_page(visit, viewer, "desk_openings.html", current="openings", openings=openings)


def opening_page(visit: Visit, viewer: Viewer) -> Response:
    """One opening: title, notify addresses (SJ-10), public contact (SJ-16). `new` makes one."""
    external_id = visit.path("external_id")
    opening = None if external_id == NEW else applicants.find_opening(visit.site.ctx, viewer, external_id)
    if not (role := check_opening(viewer, opening.id if opening else "")).allowed:
        raise Refused(role)
    if not visit.is_post:
        form = {
            "title": opening.title if opening else "",
            "notify_emails": "\n".join(opening.notify_emails) if opening else "",
            "public_contact": opening.public_contact if opening else "",
            "locale": opening.locale if opening else "",
        }
        return _opening_form(visit, viewer, opening, form, {})
    addresses = split_addresses(visit.text("notify_emails"))
    problems = _opening_problems(visit, addresses)
    if not problems:
        try:
            applicants.put_opening(
                visit.site.ctx,
                viewer,
                opening.external_id if opening else visit.site.ctx.new_id(),
                title=visit.text("title"),
                notify_emails=addresses,
                public_contact=visit.text("public_contact"),
                locale=known_language(visit.text("locale")),
            )
            return go_to("/desk/openings", anchor="saved")
        except Invalid as error:
            problems = {error.field: say_error(visit, error)}
    return _opening_form(visit, viewer, opening, visit.fields, problems)


def split_addresses(text: str) -> list[str]:
    """Addresses from a field, one a line or separated by commas or semicolons; each once, in order."""
    return list(dict.fromkeys(a for a in re.split(r"[\s,;]+", text) if a))


def _opening_problems(visit: Visit, addresses: list[str]) -> dict[str, str]:
    say = visit.site.pages.text
    problems: dict[str, str] = {}
    if not visit.text("title"):
        problems["title"] = say(visit.locale, "form.title_missing")
    if wrong := [a for a in addresses if not is_email(a)]:
        problems["notify_emails"] = say(visit.locale, "form.addresses_wrong", addresses=", ".join(wrong))
    if (contact := visit.text("public_contact")) and not is_email(contact):
        problems["public_contact"] = say(visit.locale, "form.email_wrong")
    return problems


def _opening_form(
    visit: Visit, viewer: Viewer, opening: Opening | None, form: object, problems: dict[str, str]
) -> Response:
    return desk_page(
        visit,
        viewer,
        "desk_opening.html",
        status=422 if problems else 200,
        current="openings",
        opening=opening,
        may_choose_team=may_choose_team,
        form=form,
        problems=problems,
    )


def settings_page(visit: Visit, viewer: Viewer) -> Response:
    """The workspace's name, public contact and privacy policy, and who works here. Admins may change it."""
    problems: dict[str, str] = {}
    if visit.is_post:
        problems = _save_workspace(visit, viewer)
        if not problems:
            return go_to("/desk/settings", anchor="saved")
    return setup_page(
        visit,
        viewer,
        "desk_settings.html",
        entry="workspace",
        status=422 if problems else 200,
        members=accounts.list_members(visit.site.ctx, viewer),
        phones=bool(visit.site.ctx.settings.phone_channels),
        form=visit.fields if visit.is_post else None,
        problems=problems,
    )


def _save_workspace(visit: Visit, viewer: Viewer) -> dict[str, str]:
    say = visit.site.pages.text
    name, contact = visit.text("name"), visit.text("public_contact")
    if not viewer.admin:
        raise NotFound("only admins change the workspace")
    if not name:
        return {"name": say(visit.locale, "form.name_missing")}
    try:
        if "channels" in visit.fields:
            order = visit.text("channels").replace(",", " ").split()
            accounts.set_channels(visit.site.ctx, viewer, channels=order, sms_sender=visit.text("sms_sender"))
        privacy_url = visit.fields.get("privacy_url")
        accounts.update_workspace(visit.site.ctx, viewer, name=name, public_contact=contact, privacy_url=privacy_url)
    except Invalid as error:
        return {error.field: say_error(visit, error)}
    return {}
