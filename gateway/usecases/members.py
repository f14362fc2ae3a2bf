"""In charge of: who works in a workspace and in which openings: invited, changed, put out, given roles.

Not in charge of: what a role allows (`threads.policies.roles`), a member's own password and sessions (`sign_in`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import Conflict, Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.model import Member, Opening, Viewer, ViewerKind
from gateway.threads.policies.roles import OpeningRole, confine, may_choose_team, reaches_beyond
from gateway.usecases.accounts import add_member, check_admin, hash_secret
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.sign_in import queue_notice

INVITATION_LIFE = timedelta(days=3)
INVITED = "member.invited"


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A member with those of their roles that the viewer may know of.

    `may_begin`: the viewer may give them a role. `last_frees`: they have one role, and without it would see all.
    """

    member: Member
    roles: tuple[tuple[Opening, OpeningRole], ...]
    may_begin: bool
    last_frees: bool


@dataclass(frozen=True, slots=True)
class Team:
    """Everybody in the workspace; `openings` are those whose team the viewer may choose."""

    members: tuple[TeamMember, ...]
    openings: tuple[Opening, ...]
    own_openings_only: bool


def read_team(ctx: Context, viewer: Viewer) -> Team:
    """Members and roles, as far as the viewer decides about them. Raises NotFound for who decides about nobody."""
    with ctx.database.read() as tx:
        all_openings = tx.people.list_openings(viewer.workspace_id)
        openings = [o for o in all_openings if may_choose_team(viewer, o.id)]
        if not (viewer.admin or openings):
            raise NotFound("members")
        roles = tx.team.roles_in([o.id for o in all_openings])
        members = tx.people.list_members(viewer.workspace_id)
        only = tx.team.own_openings_only(viewer.workspace_id)
    found = []
    for member in sorted(members, key=lambda m: (not m.active, m.name)):
        theirs = roles.get(member.id, {})
        shown = tuple((o, OpeningRole(theirs[o.id])) for o in openings if o.id in theirs)
        kept = confine(member, theirs, own_openings_only=only) is not None
        begins = kept or member.role == "admin" or viewer.admin
        frees = len(theirs) == 1 and reaches_beyond(member, theirs, {}, own_openings_only=only)
        found.append(TeamMember(member, shown, may_begin=begins, last_frees=frees))
    return Team(tuple(found), tuple(openings), only)


def invite_member(
    ctx: Context,
    viewer: Viewer,
    *,
    email: str,
    name: str,
    role: str,
    locale: str = "",
    opening_id: str = "",
    opening_role: str = "",
) -> Member:
    """A new member, who is mailed a link that signs them in once. Invited for an opening they are kept to it from the
    first moment: the role is there before they are. Raises NotFound, Invalid, Conflict.
    """
    check_admin(viewer, "members")
    if opening_id and role == "admin":
        words = "An admin sees every opening: choose member, or leave the opening out."
        raise Invalid("opening", words, code="admin_everywhere")
    with ctx.database.begin() as tx:
        member = add_member(ctx, tx, viewer.workspace_id, email=email, name=name, role=role, locale=locale)
        note_act(ctx, tx, viewer, Act.MEMBER_INVITE, member_id=member.id, role=role)
        if opening_id:
            opening = _find_opening(tx, viewer, opening_id)
            _put_role(ctx, tx, viewer, member, opening=opening, role=_check_opening_role(opening_role))
        _send_invitation(ctx, tx, viewer, member)
    return member


def invite_again(ctx: Context, viewer: Viewer, member_id: str) -> None:
    """A new link; the old one is dead. Raises NotFound, Conflict (`inactive`)."""
    check_admin(viewer, "members")
    with ctx.database.begin() as tx:
        member = _find(tx, viewer, member_id)
        if not member.active:
            raise Conflict("inactive", "Let this person in again first.")
        _send_invitation(ctx, tx, viewer, member)
        note_act(ctx, tx, viewer, Act.MEMBER_INVITE, member_id=member.id)


def set_active(ctx: Context, viewer: Viewer, member_id: str, *, active: bool) -> None:
    """Put somebody out, whose sessions and links end at once, or let them in again. What they wrote stays. Raises
    NotFound, Conflict (`own_account`, `last_admin`).
    """
    check_admin(viewer, "members")
    with ctx.database.begin() as tx:
        member = _find(tx, viewer, member_id)
        if not active:
            if member.id == viewer.id:
                raise Conflict("own_account", "You cannot put yourself out: ask another admin.")
            _keep_an_admin(tx, member)
            tx.sign_ins.end_all(member.id)
            tx.devices.remove_all(member.id)
        tx.team.update(member.id, active=active)
        note_act(ctx, tx, viewer, Act.MEMBER_ACTIVATE if active else Act.MEMBER_DEACTIVATE, member_id=member.id)


def set_role(ctx: Context, viewer: Viewer, member_id: str, role: str) -> None:
    """Admin of the workspace, or member. Raises NotFound, Invalid, Conflict (`last_admin`)."""
    check_admin(viewer, "members")
    if role not in ("admin", "member"):
        raise Invalid("role", "Use admin or member.", code="role")
    with ctx.database.begin() as tx:
        member = _find(tx, viewer, member_id)
        if role == "member":
            _keep_an_admin(tx, member)
        tx.team.update(member.id, role=role)
        note_act(ctx, tx, viewer, Act.MEMBER_ROLE, member_id=member.id, role=role)


def set_opening_role(
    ctx: Context, viewer: Viewer, member_id: str, *, opening_id: str, role: str, sure: bool = False
) -> None:
    """What a member is in an opening, "" for nothing. Workspace admins and the opening's own, who change nothing beyond
    it (`beyond_opening`). `sure`: take away a last role although the member then sees every opening (`last_role`).
    Raises NotFound, Invalid, Conflict.
    """
    if role:
        _check_opening_role(role)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)  # two last roles are not taken away at once
        member = _find(tx, viewer, member_id)
        opening = _find_opening(tx, viewer, opening_id)
        before = tx.team.roles_of(member.id)
        after = {**before, opening.id: role} if role else {i: r for i, r in before.items() if i != opening.id}
        only = tx.team.own_openings_only(viewer.workspace_id)
        if reaches_beyond(member, before, after, own_openings_only=only):
            _check_reach(viewer, frees=not after, sure=sure)
        _put_role(ctx, tx, viewer, member, opening=opening, role=role)


def show_own_openings_only(ctx: Context, viewer: Viewer, *, only: bool) -> None:
    """Whether members without any role see no opening, or all. Raises NotFound."""
    check_admin(viewer, "members")
    with ctx.database.begin() as tx:
        tx.people.update_workspace(viewer.workspace_id, own_openings_only=only)
        note_act(ctx, tx, viewer, Act.WORKSPACE_OWN_OPENINGS_ONLY, only="yes" if only else "no")


def _check_opening_role(role: str) -> str:
    if role not in list(OpeningRole):
        raise Invalid("role", f"Use one of {', '.join(OpeningRole)}.", code="role_unknown")
    return role


def _find_opening(tx: Transaction, viewer: Viewer, opening_id: str) -> Opening:
    opening = tx.people.find_opening_by_id(viewer.workspace_id, opening_id)
    if opening is None or not may_choose_team(viewer, opening.id):
        raise Invalid("opening", "Choose an opening.", code="opening_missing")
    return opening


def _put_role(ctx: Context, tx: Transaction, viewer: Viewer, member: Member, *, opening: Opening, role: str) -> None:
    tx.team.put_role(opening.id, member.id, role or None)
    note_act(ctx, tx, viewer, Act.OPENING_ROLE, member_id=member.id, opening_id=opening.id, role=role or "none")


def _check_reach(viewer: Viewer, *, frees: bool, sure: bool) -> None:
    if not viewer.admin:
        raise Conflict("beyond_opening", "It would change what they see of other openings, too: ask an admin.")
    if frees and not sure:
        raise Conflict(
            "last_role",
            "It is their only role, and without one they see every opening: confirm that, or remove their access.",
        )


def _send_invitation(ctx: Context, tx: Transaction, viewer: Viewer, member: Member) -> None:
    token = secrets.token_urlsafe(32)
    tx.sign_ins.add_link(hash_secret(token), member.id, now=ctx.now, until=ctx.now + INVITATION_LIFE)
    variables = {
        "link": f"{ctx.settings.public_url}/sign-in/link/{token}",
        "days": str(INVITATION_LIFE.days),
        "inviter": "" if viewer.kind is ViewerKind.OPERATOR else viewer.name,  # who is no colleague has no name here
    }
    queue_notice(ctx, tx, member.workspace_id, key=INVITED, to=member.email, locale=member.locale, variables=variables)


def _keep_an_admin(tx: Transaction, leaving: Member) -> None:
    tx.people.lock_workspace(leaving.workspace_id)
    admins = [m for m in tx.people.list_members(leaving.workspace_id) if m.active and m.role == "admin"]
    if [m.id for m in admins] == [leaving.id]:
        raise Conflict("last_admin", "A workspace needs an admin: make somebody else one first.")


def _find(tx: Transaction, viewer: Viewer, member_id: str) -> Member:
    member = tx.team.find(viewer.workspace_id, member_id)
    if member is None:
        raise NotFound("member")
    return member
