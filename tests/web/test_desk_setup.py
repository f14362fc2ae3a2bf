"""The settings in the desk, without scripts: API keys and webhooks — made, shown once, rotated, replayed, ended."""

from __future__ import annotations

import re

import pytest
from cast import Company, make_company
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.usecases import accounts, api_keys
from gateway.usecases.context import Context

SETTINGS = ("/desk/settings/keys",)


@pytest.fixture
def desk(ctx: Context, company: Company) -> TestClient:
    return browser_of(make_app(ctx, company), company.jun)


@pytest.fixture
def plain_desk(ctx: Context, company: Company) -> TestClient:
    """The desk of a member who is no admin."""
    member = accounts.create_member(ctx, company.workspace.id, email="ida@moalabs.example", name="Ida", role="member")
    app = make_app(ctx, Company(company.workspace, member, company.ara, company.opening, "", company.ats))
    return browser_of(app, member)


def shown_secret(page: str) -> str:
    """The secret that a page shows this once; "" if it shows none."""
    found = re.search(r'id="f-secret" value="([^"]+)"', page)
    return found[1] if found else ""


@pytest.mark.parametrize("path", SETTINGS)
def test_members_who_are_no_admins_neither_see_nor_open_them(plain_desk: TestClient, path: str) -> None:
    assert plain_desk.get(path).status_code == 404
    assert f'href="{path}"' not in plain_desk.get("/desk/settings").text


def test_a_key_is_made_shown_once_and_works_with_what_it_may(ctx: Context, desk: TestClient) -> None:
    form = {"name": "Greenhouse", "scopes.read": "yes", "scopes.write": "yes", "days": "90"}
    page = desk.post("/desk/settings/keys", data=form)
    assert "It is shown only this once" in words_of(page.text)
    caller = api_keys.viewer_for_api_key(ctx, shown_secret(page.text))
    assert caller is not None
    assert caller.scopes == {"read", "write"}
    later = desk.get("/desk/settings/keys")
    assert "Greenhouse" in words_of(later.text)
    assert "Until" in words_of(later.text)
    assert shown_secret(later.text) == ""
    assert page.headers["cache-control"] == "no-store"


def test_a_key_without_rights_or_name_is_refused_with_the_form_kept(desk: TestClient) -> None:
    page = desk.post("/desk/settings/keys", data={"name": "Robot", "days": "30"})
    assert page.status_code == 422
    assert 'value="Robot"' in page.text
    assert desk.post("/desk/settings/keys", data={"scopes.read": "yes"}).status_code == 422


def test_rotating_shows_a_new_secret_and_revoking_ends_a_key(ctx: Context, company: Company, desk: TestClient) -> None:
    (key,) = api_keys.list_api_keys(ctx, company.workspace.id)
    path = f"/desk/settings/keys/{key.id}"
    rotated = desk.post(path, data={"do": "rotate"})
    assert api_keys.viewer_for_api_key(ctx, shown_secret(rotated.text)) is not None
    assert api_keys.viewer_for_api_key(ctx, company.api_key) is not None  # the old one for a week more
    assert desk.post(path, data={"do": "revoke"}).status_code == 303
    assert api_keys.viewer_for_api_key(ctx, company.api_key) is None
    assert desk.post(path, data={"do": "melt"}).status_code == 404


def test_another_companys_key_is_not_found(ctx: Context, desk: TestClient) -> None:
    other = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    (key,) = api_keys.list_api_keys(ctx, other.workspace.id)
    assert desk.post(f"/desk/settings/keys/{key.id}", data={"do": "revoke"}).status_code == 404
