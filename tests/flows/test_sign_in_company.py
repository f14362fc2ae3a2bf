"""Signing in with the company's account, against a provider that speaks OpenID Connect (reliability 58, 61)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cast import Company, make_company
from fakes import FakeClock
from joserfc.jwk import RSAKey
from simulators.identity import CLIENT, SECRET, IdentityProvider

from gateway.errors import Conflict, Invalid, NotFound
from gateway.outbound.fetch import JsonClient
from gateway.usecases import accounts, company_sign_in, members, sign_in
from gateway.usecases.context import Context


@pytest.fixture
def settings_values() -> dict[str, Any]:
    return {"webhook_private_addresses": True}


@pytest.fixture
def idp(clock: FakeClock) -> Iterator[IdentityProvider]:
    provider = IdentityProvider(lambda: clock.now.timestamp())
    yield provider
    provider.close()


@pytest.fixture
def world(ctx: Context, company: Company, idp: IdentityProvider) -> Context:
    """A workspace whose members sign in at the provider."""
    ctx = replace(ctx, fetch=JsonClient(seconds=5, allow_private=True))
    company_sign_in.set_provider(ctx, company.as_jun, issuer=idp.issuer, client_id=CLIENT, secret=SECRET)
    return ctx


def attempt(ctx: Context, idp: IdentityProvider, email: str, *, verified: bool = True, **other: str) -> str:
    address, sealed = company_sign_in.begin_sign_in(ctx, "moalabs")
    back = {**idp.log_in(address, email=email, verified=verified), **other}
    return company_sign_in.finish_sign_in(ctx, sealed, **back)  # type: ignore[arg-type]


def test_a_member_signs_in_by_their_verified_address(world: Context, company: Company, idp: IdentityProvider) -> None:
    viewer = sign_in.viewer_for_session(world, attempt(world, idp, "Ara@MoaLabs.example"))
    assert viewer is not None
    assert viewer.id == company.ara.id


def test_who_is_not_invited_or_not_verified_or_without_access_stays_outside(
    world: Context, company: Company, idp: IdentityProvider
) -> None:
    theirs = make_company(world, slug="nordlys", name="Nordlys", domain="nordlys.example")
    members.set_active(world, company.as_jun, company.ara.id, active=False)
    for email, verified in (
        ("stranger@moalabs.example", True),
        (company.jun.email, False),
        (theirs.jun.email, True),
        (company.ara.email, True),
        ("", True),
    ):
        with pytest.raises(Conflict) as refused:
            attempt(world, idp, email, verified=verified)
        assert refused.value.code == "company_unknown"


@pytest.mark.parametrize(
    "spoiled",
    [
        {"iss": "https://other.example"},
        {"aud": "another client"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"azp": "another client", "aud": [CLIENT, "another client"]},
    ],
    ids=lambda s: next(iter(s)),
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_refused(
    world: Context, company: Company, idp: IdentityProvider, spoiled: dict[str, Any]
) -> None:
    idp.spoil = spoiled
    with pytest.raises(Conflict) as refused:
        attempt(world, idp, company.jun.email)
    assert refused.value.code == "company_failed"


def test_forged_signatures_states_codes_and_late_answers_are_refused(
    world: Context, company: Company, idp: IdentityProvider, clock: FakeClock
) -> None:
    for other in ({"state": "of somebody else"}, {"code": "guessed"}, {"code": ""}):
        with pytest.raises(Conflict):
            attempt(world, idp, company.jun.email, **other)
    first, second = (company_sign_in.begin_sign_in(world, "moalabs") for _ in range(2))
    back = idp.log_in(first[0], email=company.jun.email)
    with pytest.raises(Conflict):
        company_sign_in.finish_sign_in(world, second[1], **back)  # an answer to another browser's question
    with pytest.raises(Conflict):
        company_sign_in.finish_sign_in(world, "no seal", **back)
    assert company_sign_in.finish_sign_in(world, first[1], **back)
    with pytest.raises(Conflict):
        company_sign_in.finish_sign_in(world, first[1], **back)  # a code works once
    address, sealed = company_sign_in.begin_sign_in(world, "moalabs")
    late = idp.log_in(address, email=company.jun.email)
    clock.move(minutes=11)
    with pytest.raises(Conflict):
        company_sign_in.finish_sign_in(world, sealed, **late)
    idp.signs_with = RSAKey.generate_key(2048)
    with pytest.raises(Conflict):
        attempt(world, idp, company.jun.email)


def test_a_stranger_who_begins_often_keeps_nobody_else_out(world: Context, company: Company) -> None:
    """Reliability 60: sixty-one requests a minute of anybody closed the company's sign-in for everybody."""
    for _ in range(company_sign_in.A_MINUTE):
        company_sign_in.begin_sign_in(world, "moalabs", network="93.184.216.34")
    with pytest.raises(Conflict) as refused:
        company_sign_in.begin_sign_in(world, "moalabs", network="93.184.216.34")
    assert refused.value.code == "too_many"
    assert company_sign_in.begin_sign_in(world, "moalabs", network="93.184.216.35")


def test_only_admins_name_a_provider_and_only_one_that_answers(
    world: Context, company: Company, idp: IdentityProvider
) -> None:
    sora = accounts.create_member(world, company.workspace.id, email="s@moalabs.example", name="S", role="member")
    plain = sign_in.viewer_of_member(sora)
    with pytest.raises(NotFound):
        company_sign_in.set_provider(world, plain, issuer=idp.issuer, client_id=CLIENT, secret=SECRET)
    for issuer in ("login.example.com", "ftp://x.example", f"{idp.url}/nothing", "https://user@"):
        with pytest.raises(Invalid):
            company_sign_in.set_provider(world, company.as_jun, issuer=issuer, client_id=CLIENT, secret=SECRET)
    idp.issuer = "https://somebody.else.example"  # a description that speaks for another issuer
    with pytest.raises(Invalid):
        company_sign_in.set_provider(world, company.as_jun, issuer=idp.url, client_id=CLIENT, secret=SECRET)
    company_sign_in.remove_provider(world, company.as_jun)
    with pytest.raises(NotFound):
        company_sign_in.begin_sign_in(world, "moalabs")


def test_inner_addresses_are_never_asked(company: Company, idp: IdentityProvider) -> None:
    """Reliability 58: by name, number or rebinding."""
    client = JsonClient(seconds=2)
    assert client(f"{idp.url}/.well-known/openid-configuration") is None
    rebinding = JsonClient(seconds=2, resolve=lambda host, port: ["93.184.216.34", "127.0.0.1"])
    assert rebinding("http://login.example:1/keys") is None
    assert idp.calls == []
