"""Sign-in in the pages, without scripts: second step, sessions, the company's account (reliability 60, 61)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pyotp
import pytest
from cast import Company
from fakes import FakeClock
from simulators.identity import CLIENT, SECRET, IdentityProvider
from starlette.testclient import TestClient
from web.web_kit import browser_of, hidden, make_app, words_of

from gateway.outbound.fetch import JsonClient
from gateway.usecases import company_sign_in, second_step
from gateway.usecases.context import Context

PATH = "/desk/settings/security"
FIREFOX = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"}


def test_the_second_step_is_set_up_asked_for_and_turned_off(
    ctx: Context, company: Company, clock: FakeClock, desk: TestClient
) -> None:
    begun = desk.post(PATH, data={"do": "begin"}).text
    assert 'src="data:image/svg+xml' in begun
    sealed = hidden(begun, "sealed")
    wrong = desk.post(PATH, data={"do": "finish", "sealed": sealed, "code": "1"})
    assert wrong.status_code == 422
    assert hidden(wrong.text, "sealed") == sealed
    secret = second_step.begin_setup(ctx, company.as_jun, company="Moa", sealed=sealed).secret
    done = desk.post(PATH, data={"do": "finish", "sealed": sealed, "code": pyotp.TOTP(secret).at(clock.now)})
    assert done.text.count('<li class="mono">') == 10
    clock.move(seconds=30)

    other = browser_of(make_app(ctx, company))
    form = {"email": company.jun.email, "password": "correct horse", "next": "/desk/openings", "do": "password"}
    asked = other.post("/sign-in", data=form, headers=FIREFOX)
    assert asked.headers["location"] == "/sign-in/code?next=%2Fdesk%2Fopenings"
    assert other.get("/desk").headers["location"].startswith("/sign-in")
    page = other.get(asked.headers["location"]).text
    refused = other.post("/sign-in/code", data={"code": "000000", "next": hidden(page, "next")})
    assert refused.status_code == 422
    code = {"code": pyotp.TOTP(secret).at(clock.now), "next": hidden(page, "next")}
    assert other.post("/sign-in/code", data=code, headers=FIREFOX).headers["location"] == "/desk/openings"
    assert "Firefox, Linux" in words_of(desk.get(PATH).text)
    assert desk.post(PATH, data={"do": "end_others"}).status_code == 303
    assert other.get("/desk").headers["location"].startswith("/sign-in")
    clock.move(seconds=30)
    off = {"do": "off", "code": pyotp.TOTP(secret).at(clock.now)}
    assert desk.post(PATH, data=off).headers["location"].endswith("#saved")


def test_a_wrong_password_is_said_at_its_field(desk: TestClient) -> None:
    refused = desk.post(PATH, data={"do": "password", "current": "wrong", "new": "long enough too"})
    assert refused.status_code == 422
    assert "This is not your password." in words_of(refused.text)


def test_over_https_the_cookies_are_bound_to_the_host(ctx: Context, company: Company) -> None:
    """Reliability 61."""
    safe = replace(ctx, settings=ctx.settings.model_copy(update={"public_url": "https://gateway.test"}))
    client = browser_of(make_app(safe, company))
    cookie = client.get(f"/dev/login/{company.jun.id}").headers["set-cookie"]
    assert cookie.startswith("__Host-gateway=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


@pytest.fixture
def idp(clock: FakeClock) -> Iterator[IdentityProvider]:
    provider = IdentityProvider(lambda: clock.now.timestamp())
    yield provider
    provider.close()


def test_the_companys_account_is_set_up_and_used(ctx: Context, company: Company, idp: IdentityProvider) -> None:
    values = {"webhook_private_addresses": True}
    fetch = JsonClient(seconds=5, allow_private=True)
    ctx = replace(ctx, settings=ctx.settings.model_copy(update=values), fetch=fetch)
    app = make_app(ctx, company)
    desk, visitor = browser_of(app, company.jun), browser_of(app)
    form = {"do": "set", "issuer": "nonsense", "client_id": CLIENT, "secret": SECRET}
    wrong = desk.post("/desk/settings/company", data=form)
    assert wrong.status_code == 422
    assert SECRET not in wrong.text
    done = desk.post("/desk/settings/company", data={**form, "issuer": idp.issuer})
    assert done.status_code == 303
    assert SECRET not in desk.get("/desk/settings/company").text
    assert 'href="/sign-in/company/moalabs"' in visitor.get("/sign-in").text
    away = visitor.get("/sign-in/company/moalabs").headers["location"]
    back = f"/sign-in/company/back?{urlencode(idp.log_in(away, email=company.ara.email))}"
    assert browser_of(app).get(back).status_code == 403
    assert visitor.get(back).headers["location"] == "/desk"
    assert visitor.get("/desk").status_code == 200
    assert visitor.get(back).status_code == 403
    tries = [visitor.get("/sign-in/company/moalabs") for _ in range(company_sign_in.A_MINUTE + 1)]
    assert tries[-1].status_code == 429
    assert "Too many tries." in tries[-1].text
