"""In charge of: what a member may see and do by their role in an opening.

Not in charge of: other workspaces and candidates (`visibility`), the rejection gate (`rejection`).

Workspace admins see and do everything. A member with a role in any opening sees only the openings in which they have
one; a member without any sees all, unless the workspace shows everybody only their own openings. So the first role
narrows what somebody sees of the other openings, and the end of the last one widens it: both are for workspace admins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from gateway.threads.decisions import ALLOW, Decision, Reason, hold, refuse
from gateway.threads.model import Member, Viewer


class OpeningRole(StrEnum):
    """What a member is in one opening."""

    ADMIN = "admin"  # also decides who takes part, and changes the opening
    MANAGER = "manager"  # writes to candidates and moves them
    EVALUATOR = "evaluator"  # reads, and writes notes


def confine(member: Member, roles: Mapping[str, str], *, own_openings_only: bool) -> dict[str, str] | None:
    """The openings that a member is kept to, with their role in each; None is every opening."""
    free = member.role == "admin" or not (roles or own_openings_only)
    return None if free else dict(roles)


def reaches_beyond(
    member: Member, before: Mapping[str, str], after: Mapping[str, str], *, own_openings_only: bool
) -> bool:
    """Would this change of a role in one opening change what the member sees of the others, too?"""
    kept = [confine(member, roles, own_openings_only=own_openings_only) is not None for roles in (before, after)]
    return kept[0] is not kept[1]


def visible_openings(viewer: Viewer) -> Collection[str] | None:
    """Ids of the openings that a viewer sees; None is all of the workspace's."""
    return None if viewer.confined_to is None else tuple(viewer.confined_to)


def sees_opening(viewer: Viewer, opening_id: str) -> bool:
    return viewer.confined_to is None or opening_id in viewer.confined_to


def check_role(viewer: Viewer, opening_id: str) -> Decision:
    """May the viewer write to candidates of this opening, move them, and decide about their mails?"""
    if viewer.confined_to is None or viewer.confined_to.get(opening_id) in (OpeningRole.ADMIN, OpeningRole.MANAGER):
        return ALLOW
    return refuse(Reason.EVALUATOR)


def check_anywhere(viewer: Viewer) -> Decision:
    """Is there an opening in which the viewer may do what `check_role` is about: add an applicant, decide?"""
    decides = viewer.confined_to is None or any(check_role(viewer, i).allowed for i in viewer.confined_to)
    return ALLOW if decides else refuse(Reason.NO_ROLE)


def check_mail_of(viewer: Viewer | None, opening_id: str) -> Decision:
    """May a mail of this member go on to candidates of the opening, as what they write in the desk would? None: they
    were put out. What may not is held, so that a colleague decides.
    """
    if viewer is None or not sees_opening(viewer, opening_id):
        return hold(Reason.NO_ACCESS)
    role = check_role(viewer, opening_id)
    return role if role.allowed else hold(role.reason)


def check_opening(viewer: Viewer, opening_id: str = "") -> Decision:
    """May the viewer change the opening itself, or, where none is named, add one?"""
    runs = viewer.confined_to is None or viewer.confined_to.get(opening_id) == OpeningRole.ADMIN
    return ALLOW if runs else refuse(Reason.NO_ROLE)


def may_choose_team(viewer: Viewer, opening_id: str) -> bool:
    """May the viewer decide who takes part in the opening? Its admins and the workspace's."""
    return viewer.admin or (viewer.confined_to or {}).get(opening_id) == OpeningRole.ADMIN
