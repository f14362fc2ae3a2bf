"""In charge of: asking axe-core what is wrong with a page, at three widths, light and dark.

Not in charge of: which pages. `vendor/axe-4.14.1.min.js` is the npm package's file, unchanged (MPL-2.0, tests only).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
WIDTHS = (1440, 768, 320)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = ["color-contrast", "target-size", "link-in-text-block"]  # what width and scheme can change by themselves

_RUN = """async ([tags, rules]) => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.allSettled(document.getAnimations().map(moving => moving.finished));
  const all = {runOnly: {type: 'tag', values: tags}, rules: {'target-size': {enabled: true}}};
  const how = rules.length ? {runOnly: rules} : all;
  const found = await axe.run(document, {...how, resultTypes: ['violations'], elementRef: false});
  return found.violations.map(v => [v.id, v.nodes.map(n => n.target.join(' ') + ' :: ' + n.html.slice(0, 160))]);
}"""
_WIDE = "document.documentElement.scrollWidth > innerWidth"


def find_faults(page: Page, *, widths: tuple[int, ...] = WIDTHS) -> list[str]:
    """What axe finds on the page as it is, each with its width and scheme; sideways scrolling counts as well.

    Everything is asked at each width in light; in dark only what colours can change.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text("utf-8"))
    faults: list[str] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            found: list[Any] = page.evaluate(_RUN, [WCAG, LOOKS if scheme == "dark" else []])
            faults += [f"{width} {scheme} {rule}: {node}" for rule, nodes in found for node in nodes]
            if page.evaluate(_WIDE):
                faults.append(f"{width} {scheme} scrolls sideways")
    page.emulate_media(color_scheme="light")
    return faults


def say_all(faults: dict[str, list[str]]) -> str:
    """All that was found, a line for each; "" when there is nothing."""
    return "\n".join(f"{state}: {fault}" for state, found in faults.items() for fault in found)
