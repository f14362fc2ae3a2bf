"""In charge of: a workspace's colour as a tiny stylesheet that stays readable in both schemes.

Not in charge of: any other colour (`static/styles`). The colour stands in the address, so the answer is for ever.
"""

from __future__ import annotations

import colorsys
import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.web.static_files import FOREVER

_HEX = re.compile(r"[0-9a-f]{6}")
_LIGHT_SURFACE, _DARK_SURFACE = (255, 255, 255), (26, 30, 28)
_LIGHT_INK, _DARK_INK = (255, 255, 255), (6, 35, 28)
_ENOUGH = 4.5  # WCAG 2.2 §1.4.3

Colour = tuple[int, int, int]


def brand_url(slug: str, colour: str) -> str:
    """The address of the stylesheet for a colour such as `#0D6351`."""
    return f"/brand/{quote(slug, safe='')}.css?c={colour.lstrip('#').lower()}"


async def send_brand(request: Request) -> Response:
    """The stylesheet; 404 when the colour is none."""
    colour = request.query_params.get("c", "")
    if not _HEX.fullmatch(colour):
        return Response("", 404, media_type="text/plain")
    return Response(brand_css(colour), media_type="text/css", headers={"Cache-Control": FOREVER})


def brand_css(colour: str) -> str:
    """`--brand` and `--on-brand` for light and dark, shaded until text on them is readable."""
    base = (int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16))
    light = _variables(_until_readable(base, lighter=False, on=_LIGHT_SURFACE))
    dark = _variables(_until_readable(base, lighter=True, on=_DARK_SURFACE))
    return (
        f":root{{{light}}}@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}"
    )


def _variables(brand: Colour) -> str:
    ink = max((_LIGHT_INK, _DARK_INK), key=lambda c: contrast(brand, c))
    return f"--brand:{_hex(brand)};--on-brand:{_hex(ink)}"


def _until_readable(colour: Colour, *, lighter: bool, on: Colour) -> Colour:
    """The colour itself if it can be read, else the nearest shade of the same hue that can."""
    hue, light, full = colorsys.rgb_to_hls(*(c / 255 for c in colour))
    for step in range(51):
        part = light + ((1.0 if lighter else 0.0) - light) * step / 50
        red, green, blue = (
            round(c * 255) for c in colorsys.hls_to_rgb(hue, part, full * 0.7 if step and lighter else full)
        )
        shade = (red, green, blue)
        if contrast(shade, on) >= _ENOUGH and max(contrast(shade, _LIGHT_INK), contrast(shade, _DARK_INK)) >= _ENOUGH:
            return shade
    return (255, 255, 255) if lighter else (0, 0, 0)


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
