"""In charge of: contrast of colours, and shading one until text on it can be read (WCAG 2.2 §1.4.3).

Not in charge of: which colours there are (`web.brand`, a workspace's own).
"""

from __future__ import annotations

import colorsys

Colour = tuple[int, int, int]
LIGHT_SURFACE, DARK_SURFACE = (255, 255, 255), (26, 30, 28)
LIGHT_INK, DARK_INK = (255, 255, 255), (6, 35, 28)
_ENOUGH = 4.5  # WCAG 2.2 §1.4.3


def read_colour(value: str) -> Colour:
    """#RRGGBB, with or without its sign."""
    digits = value.lstrip("#")
    return (int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))


def show_colour(colour: Colour) -> str:
    """As #RRGGBB."""
    return "#{:02X}{:02X}{:02X}".format(*colour)


def until_readable(colour: Colour, *, lighter: bool, on: Colour) -> Colour:
    """The colour itself if it can be read, else the nearest shade of the same hue that can."""
    hue, light, full = colorsys.rgb_to_hls(*(c / 255 for c in colour))
    for step in range(51):
        part = light + ((1.0 if lighter else 0.0) - light) * step / 50
        red, green, blue = (
            round(c * 255) for c in colorsys.hls_to_rgb(hue, part, full * 0.7 if step and lighter else full)
        )
        shade = (red, green, blue)
        if contrast(shade, on) >= _ENOUGH and max(contrast(shade, LIGHT_INK), contrast(shade, DARK_INK)) >= _ENOUGH:
            return shade
    return (255, 255, 255) if lighter else (0, 0, 0)


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
