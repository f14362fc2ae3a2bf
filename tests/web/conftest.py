"""The site of the cast's company, and Jun's browser, signed in to its desk."""

from __future__ import annotations

import pytest
from cast import Company
from starlette.applications import Starlette
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app

from gateway.usecases.context import Context


@pytest.fixture
def app(ctx: Context, company: Company) -> Starlette:
    return make_app(ctx, company)


@pytest.fixture
def desk(app: Starlette, company: Company) -> TestClient:
    return browser_of(app, company.jun)
