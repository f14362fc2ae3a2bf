"""The first set-up of a workspace, without scripts: pushed once, resumed, every step left out or done (NH-P5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cast import Company, make_company
from fakes import FakeChannel
from inbound.signing_kit import DictDNS, rsa_key
from running import Pump
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.inbound.domaincheck import ReplyDomain
from gateway.outbound.dkim import public_record
from gateway.outbound.phonebox import PhoneBoxChannel
from gateway.outbound.registry import open_phone
from gateway.threads.channel import Failed, Retry
from gateway.usecases import accounts
from gateway.usecases.context import Context

SETUP = "/desk/settings/setup"
DOMAIN = "reply.example.test"
PHONE = {"alimtalk_provider": "phone:", "sms_provider": "phone:", "alimtalk_templates": {"candidate.new_message": "N"}}


def sign_in(ctx: Context, email: str) -> str:
    """Where a sign-in by password leads."""
    form = {"email": email, "password": "correct horse"}
    return browser_of(make_app(ctx)).post("/sign-in", data=form).headers["location"]


def with_domain(ctx: Context, dns: DictDNS) -> Context:
    domain = ReplyDomain(DOMAIN, dns, dkim_selector="s1", relay_host="relay.example", dkim_value="v=DKIM1; p=KEY")
    return replace(ctx, own_domain=domain)


@pytest.fixture
def dns() -> DictDNS:
    return DictDNS()


@pytest.fixture
def desk(ctx: Context, company: Company, dns: DictDNS) -> TestClient:
    return browser_of(make_app(with_domain(ctx, dns), company), company.jun)


def test_only_the_first_sign_in_of_an_empty_workspaces_admin_leads_there(ctx: Context, company: Company) -> None:
    new = accounts.create_workspace(ctx, name="Nordlys", slug="nordlys")
    accounts.create_member(ctx, new.id, email="ida@n.example", name="Ida", role="member", password="correct horse")
    accounts.create_member(ctx, new.id, email="eva@n.example", name="Eva", password="correct horse")
    assert sign_in(ctx, "ida@n.example") == "/desk"
    assert sign_in(ctx, "eva@n.example") == SETUP
    assert sign_in(ctx, "eva@n.example") == "/desk"
    assert sign_in(ctx, "jun@moalabs.example") == "/desk"  # this one has an opening


def test_each_step_is_saved_or_left_out_and_found_again_where_it_stood(
    ctx: Context, company: Company, desk: TestClient
) -> None:
    assert desk.get(SETUP).headers["location"] == f"{SETUP}/name"
    saved = desk.post(f"{SETUP}/name", data={"do": "save", "name": "Moa Robotics"})
    assert saved.headers["location"] == f"{SETUP}/contact"
    wrong = desk.post(f"{SETUP}/contact", data={"do": "save", "public_contact": "nobody"})
    assert (wrong.status_code, 'value="nobody"' in wrong.text) == (422, True)
    assert "This is no e-mail address" in words_of(wrong.text)
    assert desk.get(SETUP).headers["location"] == f"{SETUP}/contact"
    assert desk.post(f"{SETUP}/contact", data={"do": "skip"}).headers["location"] == f"{SETUP}/domain"
    workspace = accounts.read_workspace(ctx, company.as_jun)
    assert (workspace.name, workspace.public_contact) == ("Moa Robotics", "jobs@moalabs.example")
    assert desk.post(f"{SETUP}/done", data={"do": "finish"}).headers["location"] == "/desk"
    assert desk.get(SETUP).headers["location"] == f"{SETUP}/name"
    assert desk.get(f"{SETUP}/no-such-step").status_code == 404


def test_who_is_no_admin_neither_sees_nor_opens_it(ctx: Context, company: Company, dns: DictDNS) -> None:
    member = accounts.create_member(ctx, company.workspace.id, email="ida@m.example", name="Ida", role="member")
    plain = browser_of(make_app(with_domain(ctx, dns), replace(company, jun=member)), member)
    assert plain.get(SETUP).status_code == plain.get(f"{SETUP}/mail").status_code == 404
    assert plain.post(f"{SETUP}/mail", data={"do": "test", "channel": "email"}).status_code == 404
    assert SETUP not in plain.get("/desk/settings").text


def test_the_records_are_shown_whole_and_looked_up_only_when_asked(desk: TestClient, dns: DictDNS) -> None:
    """NH-P5: MX, SPF, DKIM and DMARC as they are to be published."""
    page = desk.get(f"{SETUP}/domain").text
    for value in (f"10 {DOMAIN}.", "v=spf1 mx a:relay.example -all", "v=DKIM1; p=KEY", "v=DMARC1; p=reject"):
        assert f'value="{value}"' in page
    for host in (DOMAIN, f"s1._domainkey.{DOMAIN}", f"_dmarc.{DOMAIN}"):
        assert f'value="{host}"' in page
    assert "moalabs@reply.example.test" in words_of(page)
    assert dns.asked == []
    assert words_of(desk.get(f"{SETUP}/domain?check=now").text).count("Not there yet") == 4
    dns.records[DOMAIN, "MX"] = [(10, DOMAIN)]
    dns.txt(DOMAIN, b"v=spf1 +all").txt(f"s1._domainkey.{DOMAIN}", rsa_key()[1])
    dns.broken.add(f"_dmarc.{DOMAIN}")
    page = words_of(desk.get(f"{SETUP}/domain?check=now").text)
    assert page.count(" Found ") == 2
    assert "Lets everybody send as you" in page
    assert "Found: v=spf1 +all" in page
    assert "DNS did not answer" in page


def test_the_record_of_our_key_is_what_verifiers_expect() -> None:
    pem, record = rsa_key()
    assert public_record(pem.decode()) == record.decode()


def test_a_test_mail_goes_the_way_of_all_mails_and_says_what_became_of_it(
    desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    channel.script += [Failed("5.7.1", "relaying denied"), Retry("4.4.1", "connection refused")]
    form = {"do": "test", "channel": "email"}
    assert desk.post(f"{SETUP}/mail", data=form).headers["location"] == f"{SETUP}/mail#test-email"
    assert "Sending" in words_of(desk.get(f"{SETUP}/mail").text)
    pump()
    page = words_of(desk.get(f"{SETUP}/mail").text)
    assert "Not delivered" in page
    assert "5.7.1 relaying denied" in page
    desk.post(f"{SETUP}/mail", data=form)
    pump()
    page = words_of(desk.get(f"{SETUP}/mail").text)
    assert "next try" in page
    assert "connection refused" in page
    desk.post(f"{SETUP}/mail", data=form)
    pump()
    assert "Sent by e-mail" in words_of(desk.get(f"{SETUP}/mail").text)
    mail = channel.to("jun@moalabs.example")[-1]
    assert (mail.subject, mail.from_address) == ("Test message of Moa Labs", f"moalabs@{DOMAIN}")


def test_no_more_tests_than_an_hour_needs(desk: TestClient) -> None:
    form = {"do": "test", "channel": "email"}
    answers = [desk.post(f"{SETUP}/mail", data=form) for _ in range(21)]
    assert [a.status_code for a in answers] == [303] * 20 + [422]
    assert "Wait an hour" in words_of(answers[-1].text)


class TestByPhone:
    """A test by each way to phones, with the provider's answer in plain words."""

    @pytest.fixture
    def settings_values(self) -> dict[str, Any]:
        return PHONE

    @pytest.fixture
    def ctx(self, ctx: Context) -> Context:
        box = open_phone(ctx.settings)
        ways = {name: PhoneBoxChannel(box, channel=name, clock=ctx.clock) for name in ("alimtalk", "sms")}
        return replace(ctx, channels={**ctx.channels, **ways})

    def test_both_ways_are_tried(self, ctx: Context, desk: TestClient, pump: Pump) -> None:
        there = f"{SETUP}/channels"
        wrong = desk.post(there, data={"do": "test", "channel": "sms", "to": "+82 2 123 4567"})
        assert "This is no mobile number" in words_of(wrong.text)
        desk.post(there, data={"do": "test", "channel": "sms", "to": "+82 10 1234 5678"})
        desk.post(there, data={"do": "test", "channel": "alimtalk", "to": "+82 10 1234 5670"})
        pump()
        page = words_of(desk.get(there).text)
        assert "Handed to the network" in page
        assert "Not delivered" in page
        assert "KakaoTalk" in page
        sms, kakao = open_phone(ctx.settings).list_messages()
        assert sms.text == "[Moa Labs] Test message: text messages arrive."
        assert "Jun Park 님, 안녕하세요" in kakao.text

    def test_the_order_is_saved_by_the_same_rule_as_in_the_settings(
        self, ctx: Context, company: Company, desk: TestClient
    ) -> None:
        there = f"{SETUP}/channels"
        assert desk.post(there, data={"do": "save", "channels": "pigeon"}).status_code == 422
        assert desk.post(there, data={"do": "save", "channels": "sms, email"}).status_code == 303
        assert accounts.read_workspace(ctx, company.as_jun).channels == ("sms", "email")


def test_the_end_lists_what_is_still_open_until_nothing_is(
    ctx: Context, company: Company, dns: DictDNS, desk: TestClient, pump: Pump
) -> None:
    accounts.update_workspace(ctx, company.as_jun, public_contact="")
    page = words_of(desk.get(f"{SETUP}/done").text)
    for said in ("There is no contact address", "Some DNS records", "No test mail has gone through"):
        assert said in page
    accounts.update_workspace(ctx, company.as_jun, public_contact="jobs@moalabs.example")
    dns.records[DOMAIN, "MX"] = [(10, DOMAIN)]
    dns.txt(DOMAIN, b"v=spf1 mx -all").txt(f"_dmarc.{DOMAIN}", b"v=DMARC1; p=reject")
    dns.txt(f"s1._domainkey.{DOMAIN}", rsa_key()[1])
    desk.post(f"{SETUP}/mail", data={"do": "test", "channel": "email"})
    pump()
    assert "Everything is set up" in words_of(desk.get(f"{SETUP}/done").text)


def test_another_companys_tests_are_not_shown(ctx: Context, company: Company, desk: TestClient) -> None:
    other = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    desk.post(f"{SETUP}/mail", data={"do": "test", "channel": "email"})
    theirs = browser_of(make_app(ctx, other), other.jun)
    assert theirs.get(f"{SETUP}/test/email").status_code == 404
    assert "jun@moalabs.example" in words_of(desk.get(f"{SETUP}/mail").text)
