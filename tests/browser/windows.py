"""In charge of: a real browser's windows, at phone and desk width, that remember what went wrong in them.

Not in charge of: fixtures (`conftest`) or checks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
WHOLE = ("chromium", "chromium-browser", "google-chrome")
SHELL = "chromium-headless-shell"  # needs a quarter less of the processor, but shows no notifications


def find_chromium(*, whole: bool = False) -> str:
    """The path of an installed Chromium, the shell if it will do; "" when there is none."""
    names = WHOLE if whole else (SHELL, *WHOLE)
    return next((path for name in names if (path := shutil.which(name))), "")


class Window:
    """A browser window that remembers what went wrong in it."""

    def __init__(self, browser: Browser, *, size: dict[str, int], scripts: bool = True, dark: bool = False) -> None:
        scheme: Any = "dark" if dark else "light"
        self.context: BrowserContext = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            color_scheme=scheme,
            locale="en-GB",
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda m: self.complaints.append(m.text) if "Content Security" in m.text else None)

    @property
    def is_sideways(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


OpenWindow = Callable[..., Window]
