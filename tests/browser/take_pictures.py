"""In charge of: the pictures of README and docs/pictures.md, made anew from the demo (`make pictures`).

Not in charge of: checks. It starts a demo of its own on free ports and stops it in the end.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
QUALITY = 82
BIGGEST = 120_000  # bytes
SETTLED = 800  # ms until the demo's first mails are out and the page is still


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: whose page, how large, light or dark. `page` may name an applicant in braces."""

    name: str
    page: str
    width: int = 1280
    height: int = 800
    dark: bool = False


WANTED = (
    Picture("conversation", "/desk/t/{Elin Sjöberg}", dark=True),
    Picture("review", "/desk/review"),
    Picture("phone", "/desk/all", 390, 780),
    Picture("candidate", "{portal 한지우}", 390, 1240),
    Picture("candidate-closed", "{portal Jakub Dvořák}", 768, 960, dark=True),
    Picture("desk", "/desk/t/{Sofia Marsh}"),  # last: by then all of the demo's mails are out
)


@contextmanager
def running_demo(data: str) -> Iterator[dict[str, Any]]:
    """What a fresh demo says of itself."""
    command = [sys.executable, "-m", "gateway", "demo", "--json", "--data", data]
    command += ["--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


def address_of(picture: Picture, facts: dict[str, Any]) -> str:
    """Where the picture is taken."""
    page = picture.page
    for thread in facts["threads"]:
        page = page.replace(f"{{portal {thread['applicant']}}}", thread["portal_url"])
        page = page.replace(f"{{{thread['applicant']}}}", thread["id"])
    return page if page.startswith("http") else facts["http"] + page


def take(browser: Browser, picture: Picture, facts: dict[str, Any]) -> bytes:
    """The page as WebP, as a recruiter or candidate sees it."""
    scheme: Any = "dark" if picture.dark else "light"
    size: Any = {"width": picture.width, "height": picture.height}
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce", locale="en-GB")
    page = context.new_page()
    if "portal" not in picture.page:
        page.goto(facts["recruiters"][0]["login_url"])
    page.goto(address_of(picture, facts))
    page.wait_for_timeout(SETTLED)
    line = context.new_cdp_session(page)
    shot = line.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    context.close()
    return base64.b64decode(shot["data"])


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running_demo(data) as facts, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for picture in WANTED:
            content = take(browser, picture, facts)
            assert len(content) <= BIGGEST, f"{picture.name} has {len(content)} bytes"
            (PICTURES / f"{picture.name}.webp").write_bytes(content)
        browser.close()


if __name__ == "__main__":
    main()
