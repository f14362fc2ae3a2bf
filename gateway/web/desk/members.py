"""In charge of: the settings' page of members: invited, put out, made admins, given roles in openings.

Not in charge of: what a role allows (`threads.policies.roles`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.model import Viewer
from gateway.threads.policies.roles import OpeningRole
from gateway.usecases import members, second_step
from gateway.web.desk.settings import setup_page
from gateway.web.languages import known_language
from gateway.web.visits import Visit, go_to, say_error

PATH = "/desk/settings/members"


def members_page(visit: Visit, viewer: Viewer) -> Response:
    """Everybody in the workspace with their roles; POST invites somebody by mail, or changes who sees what."""
    if not visit.is_post:
        return _show(visit, viewer)
    ctx = visit.site.ctx
    if visit.text("do") == "own_only":
        members.show_own_openings_only(ctx, viewer, only="only" in visit.fields)
        return go_to(PATH, anchor="saved")
    try:
        members.invite_member(
            ctx,
            viewer,
            email=visit.text("email"),
            name=visit.text("name"),
            role=visit.text("role"),
            locale=known_language(visit.text("locale")),
            opening_id=visit.text("opening"),
            opening_role=visit.text("opening_role"),
        )
    except Invalid as fault:
        return _show(visit, viewer, problems={fault.field: say_error(visit, fault)})
    except Conflict as fault:
        return _show(visit, viewer, problems={"email": say_error(visit, fault)})
    return go_to(PATH, anchor="invited")


def change_member(visit: Visit, viewer: Viewer) -> Response:
    """One member: a new invitation, put out or let in, admin or member, and their role in an opening."""
    ctx, member_id = visit.site.ctx, visit.path("member_id")
    match visit.text("do"):
        case "invite":
            members.invite_again(ctx, viewer, member_id)
            return go_to(PATH, anchor="invited")
        case "deactivate":
            members.set_active(ctx, viewer, member_id, active=False)
        case "activate":
            members.set_active(ctx, viewer, member_id, active=True)
        case "clear_step":
            second_step.clear_for(ctx, viewer, member_id)
        case "admin" | "member" as role:
            members.set_role(ctx, viewer, member_id, role)
        case "role":
            wanted = visit.text("opening_role")
            sure = bool(visit.text("sure"))
            members.set_opening_role(ctx, viewer, member_id, opening_id=visit.text("opening"), role=wanted, sure=sure)
        case _:
            raise NotFound("no such button")
    return go_to(PATH, anchor=f"m-{member_id}")


def _show(visit: Visit, viewer: Viewer, *, problems: dict[str, str] | None = None) -> Response:
    team = members.read_team(visit.site.ctx, viewer)
    return setup_page(
        visit,
        viewer,
        "desk_members.html",
        entry="members",
        status=422 if problems else 200,
        team=team,
        roles=tuple(OpeningRole),
        form=visit.fields if problems else {},
        problems=problems or {},
    )
