"""In charge of: how a company looks to its candidates — its colour and its logo.

Not in charge of: where they are shown (`web.brand`, templates).
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.colours import LIGHT_SURFACE, read_colour, show_colour, until_readable
from gateway.threads.model import Viewer, Workspace
from gateway.threads.pictures import read_picture
from gateway.usecases.accounts import check_admin, check_brand
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act

LARGEST = 20_000  # bytes: the candidate's first page stays below 60 kB
SMALLEST_SIDE, LARGEST_SIDE = 16, 1024  # pixels
REMEMBERED = 20  # earlier logos


@dataclass(frozen=True, slots=True)
class LogoFile:
    """A logo as it is handed out."""

    content: bytes
    content_type: str


def set_colour(ctx: Context, viewer: Viewer, colour: str) -> str:
    """Use this colour, made darker until white words on it can be read; the colour that is used. Admins only (NotFound
    for others). Raises Invalid.
    """
    check_admin(viewer, "workspace")
    wanted = read_colour(check_brand(colour))
    used = show_colour(until_readable(wanted, lighter=False, on=LIGHT_SURFACE))
    with ctx.database.begin() as tx:
        tx.people.update_workspace(viewer.workspace_id, brand=used)
        note_act(ctx, tx, viewer, Act.WORKSPACE_COLOUR, colour=used)
    return used


def set_logo(ctx: Context, viewer: Viewer, content: bytes) -> None:
    """Show this picture. What it is, is told by its bytes, never by its name. Raises NotFound, Invalid."""
    check_admin(viewer, "workspace")
    picture = read_picture(content)
    if picture is None:
        raise Invalid("logo", "Give a PNG, JPEG or WebP picture.", code="logo_kind")
    if len(content) > LARGEST:
        raise Invalid(
            "logo",
            f"Give a picture of at most {LARGEST // 1000} kB.",
            code="logo_large",
            params={"most": LARGEST // 1000},
        )
    if min(picture.width, picture.height) < SMALLEST_SIDE or max(picture.width, picture.height) > LARGEST_SIDE:
        raise Invalid(
            "logo",
            f"Each side may have {SMALLEST_SIDE} to {LARGEST_SIDE} pixels.",
            code="logo_side",
            params={"least": SMALLEST_SIDE, "most": LARGEST_SIDE},
        )
    with ctx.database.begin() as tx:
        digest = tx.blobs.add(content, now=ctx.now)
        _replace(tx, viewer, logo=digest, logo_width=picture.width, logo_height=picture.height)
        note_act(ctx, tx, viewer, Act.WORKSPACE_LOGO, digest=digest)


def remove_logo(ctx: Context, viewer: Viewer) -> None:
    """Show the first letter of the name again. Raises NotFound."""
    check_admin(viewer, "workspace")
    with ctx.database.begin() as tx:
        _replace(tx, viewer, logo="", logo_width=0, logo_height=0)
        note_act(ctx, tx, viewer, Act.WORKSPACE_LOGO, digest="none")


def read_logo(ctx: Context, slug: str, digest: str) -> LogoFile | None:
    """The logo that a workspace has now, for everybody; None for any other."""
    with ctx.database.read() as tx:
        workspace = tx.people.find_workspace_by_slug(slug)
        if workspace is None or workspace.logo is None or workspace.logo.digest != digest:
            return None
        content = tx.blobs.read(digest)
    picture = read_picture(content)
    return LogoFile(content, picture.content_type) if picture else None


def _replace(tx: Transaction, viewer: Viewer, **values: str | int) -> None:
    """A logo is small enough for its row, so nothing is left to remove after the commit. The digests of earlier ones
    are kept, for mails with them are still answered.
    """
    workspace = _workspace(tx, viewer)
    before = workspace.logo
    tx.people.update_workspace(viewer.workspace_id, **values)
    if before and before.digest != values["logo"]:
        earlier = [before.digest, *(d for d in workspace.old_logos if d != before.digest)][:REMEMBERED]
        tx.people.update_workspace(viewer.workspace_id, old_logos=earlier)
        tx.flush()
        tx.blobs.drop_unused([before.digest])


def _workspace(tx: Transaction, viewer: Viewer) -> Workspace:
    found = tx.people.find_workspace(viewer.workspace_id)
    if found is None:
        raise NotFound("workspace")
    return found
