"""Fixtures: Chromium for each module, a served site, windows that must end without complaints."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from browser.windows import OpenWindow, Window, find_chromium
from cast import Company
from playwright.sync_api import Browser, sync_playwright
from web.web_kit import Served, make_app, serve

from gateway.usecases.context import Context


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A module's own, for Playwright keeps a loop running in this thread until it ends. It may set WHOLE_CHROMIUM."""
    program = find_chromium(whole=getattr(request.module, "WHOLE_CHROMIUM", False))
    if not program and os.environ.get("CI") != "true":
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program or None)
        yield running
        running.close()


@pytest.fixture
def site(ctx: Context, company: Company) -> Iterator[Served]:
    with serve(make_app(ctx, company)) as served:
        yield served


@pytest.fixture
def open_window(browser: Browser) -> Iterator[OpenWindow]:
    windows: list[Window] = []

    def make(**how: object) -> Window:
        windows.append(Window(browser, **how))  # type: ignore[arg-type]
        return windows[-1]

    yield make
    for window in windows:
        assert not window.complaints
        window.context.close()
