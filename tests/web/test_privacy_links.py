"""Where candidates read what becomes of their data: below their page and below mails (GDPR art. 13, PIPA art. 30)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cast import CONTACT, MINA, Company, as_candidate, make_mail
from fakes import FakeChannel
from flows.test_conversation import receive
from flows.test_gate import address_of
from running import Pump, both_databases
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, path_of, words_of

from gateway.errors import Invalid
from gateway.threads.audit import AuditFilter
from gateway.usecases import accounts, keeping, read_audit
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

URL = "https://moalabs.example/privacy?for=candidates&v=2"
IN_HTML = f'href="{URL.replace("&", "&amp;")}"'


def save(desk: TestClient, url: str, *, path: str = "/desk/settings") -> int:
    form = {"name": "Moa Labs", "public_contact": CONTACT, "privacy_url": url, "do": "save"}
    return desk.post(path, data=form).status_code


@both_databases
def test_an_admin_sets_it_and_the_audit_log_says_so(ctx: Context, company: Company) -> None:
    desk = browser_of(make_app(ctx, company), company.jun)
    assert save(desk, f" {URL} ") == 303
    assert f'value="{URL.replace("&", "&amp;")}"' in desk.get("/desk/settings").text
    assert save(desk, URL) == 303
    (told,) = read_audit.read_audit(ctx, company.as_jun, AuditFilter(action="workspace"))[0]
    assert (told.line.action, told.line.data) == ("workspace.changed", {"fields": "privacy_url"})
    assert save(desk, "") == 303
    assert accounts.read_workspace(ctx, company.as_jun).privacy_url == ""


def test_the_wizard_asks_for_it_beside_the_contact(ctx: Context, company: Company, desk: TestClient) -> None:
    there = "/desk/settings/setup/contact"
    assert "Address of the privacy policy" in words_of(desk.get(there).text)
    assert save(desk, "moalabs.example/privacy", path=there) == 422
    assert save(desk, URL, path=there) == 303
    desk.post(there, data={"public_contact": CONTACT, "do": "save"})  # a form of before the field was there
    assert accounts.read_workspace(ctx, company.as_jun).privacy_url == URL


@pytest.mark.parametrize(
    "url",
    [
        *("http://moalabs.example/privacy", "javascript:alert(1)", "//moalabs.example", "moalabs.example/privacy"),
        *("https://", "https://localhost/x", "https://10.0.0.1/", "https://user:word@moalabs.example/"),
        *('https://moalabs.example/"><script>', "https://moalabs.example/a b", "https://moalabs.example:99999/"),
        *("https://moalabs.example/\nBcc: x", "https://[::1]/", "https://moalabs.example/" + "x" * 500),
    ],
)
def test_what_is_no_https_page_is_refused_and_the_old_one_stays(
    ctx: Context, company: Company, desk: TestClient, url: str
) -> None:
    save(desk, URL)
    with pytest.raises(Invalid, match="beginning with https://") as refused:
        accounts.update_workspace(ctx, company.as_jun, privacy_url=url)
    assert refused.value.field == "privacy_url"
    answer = desk.post("/desk/settings", data={"name": "Moa Labs", "privacy_url": url})
    assert answer.status_code == 422
    assert "Give the full address of a page, beginning with https://" in words_of(answer.text)
    assert accounts.read_workspace(ctx, company.as_jun).privacy_url == URL


@pytest.mark.parametrize("url", ["https://채용.모아랩스.example/개인정보", "https://m.example:8443/a_b/?x=[1]#top"])
def test_pages_of_every_script_are_taken(ctx: Context, company: Company, url: str) -> None:
    assert accounts.update_workspace(ctx, company.as_jun, privacy_url=url).privacy_url == url


def test_the_candidate_finds_it_in_their_language_also_after_the_end(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    page = desk.get(path_of(mina)).text
    assert "Privacy policy" not in page
    assert f"To see, correct or erase what is kept about you, write to {CONTACT}" in words_of(page)
    assert "is erased" not in page
    save(desk, URL)
    keeping.set_keep_days(ctx, company.as_jun, 180, counted=0)
    page = desk.get(path_of(mina)).text
    assert f'<a {IN_HTML} rel="noopener">Privacy policy of Moa Labs</a>' in page
    assert "This conversation is erased 180 days after its last message." in words_of(page)
    for locale, words in {
        "ko": "Moa Labs 개인정보 처리방침",
        "cs": "Zásady ochrany osobních údajů",
        "ru": "Политика конфиденциальности",
        "sv": "Integritetspolicy",
    }.items():
        assert words in words_of(desk.get(f"{path_of(mina)}?lang={locale}").text)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    assert IN_HTML in desk.get(path_of(mina)).text


def test_mails_to_candidates_say_it_in_both_parts_and_those_to_the_team_do_not(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, desk: TestClient
) -> None:
    save(desk, URL)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Thank you"))
    pump()
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("Why?", to=address_of(ctx, mina)), to=address_of(ctx, mina), from_=MINA)
    pump()
    letter, notice = channel.to(MINA)
    for mail in (letter, notice):
        assert IN_HTML in mail.html
        assert mail.text.endswith(f"\nPrivacy policy of Moa Labs: {URL}\n")
    assert all(URL not in mail.text + mail.html for mail in channel.sent if mail.to != MINA)


def test_a_member_who_is_no_admin_reads_it_only(ctx: Context, company: Company, desk: TestClient) -> None:
    save(desk, URL)
    ida = accounts.create_member(ctx, company.workspace.id, email="ida@m.example", name="Ida", role="member")
    plain = browser_of(make_app(ctx, replace(company, jun=ida)), ida)
    assert URL.replace("&", "&amp;") in plain.get("/desk/settings").text
    assert save(plain, "https://evil.example/") == 404
