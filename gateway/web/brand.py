"""In charge of: a workspace's logo, and its colour as a tiny stylesheet that stays readable in both schemes.

Not in charge of: any other colour (`static/styles`). What is asked for stands in the address: the answer is for ever.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.threads.colours import (
    DARK_INK,
    DARK_SURFACE,
    LIGHT_INK,
    LIGHT_SURFACE,
    Colour,
    contrast,
    read_colour,
    show_colour,
    until_readable,
)
from gateway.threads.model import Workspace
from gateway.usecases import branding
from gateway.web.static_files import FOREVER
from gateway.web.visits import Visit

_HEX = re.compile(r"[0-9a-f]{6}")


def brand_url(slug: str, colour: str) -> str:
    """The address of the stylesheet for a colour such as `#0D6351`."""
    return f"/brand/{quote(slug, safe='')}.css?c={colour.lstrip('#').lower()}"


async def send_brand(request: Request) -> Response:
    """The stylesheet; 404 when the colour is none."""
    colour = request.query_params.get("c", "")
    if not _HEX.fullmatch(colour):
        return Response("", 404, media_type="text/plain")
    return Response(brand_css(colour), media_type="text/css", headers={"Cache-Control": FOREVER})


def logo_url(workspace: Workspace) -> str:
    """The address of a company's logo, which changes with the picture; "" when it has none."""
    return f"/brand/{quote(workspace.slug, safe='')}/{workspace.logo.digest}" if workspace.logo else ""


def send_logo(visit: Visit) -> Response:
    """A company's logo, as the type that its bytes say; 404 for one that is no longer in use."""
    found = branding.read_logo(visit.site.ctx, visit.path("slug"), visit.path("digest"))
    if found is None:
        raise NotFound("logo")
    headers = {
        "Content-Type": found.content_type,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": FOREVER,
    }
    return Response(found.content, headers=headers)


def brand_css(colour: str) -> str:
    """`--brand` and `--on-brand` for light and dark, shaded until text on them is readable."""
    base = read_colour(colour)
    light = _variables(until_readable(base, lighter=False, on=LIGHT_SURFACE))
    dark = _variables(until_readable(base, lighter=True, on=DARK_SURFACE))
    return (
        f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}"
    )


def _variables(brand: Colour) -> str:
    ink = max((LIGHT_INK, DARK_INK), key=lambda c: contrast(brand, c))
    return f"--brand:{show_colour(brand)};--on-brand:{show_colour(ink)}"
