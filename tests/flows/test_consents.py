"""Advertising only to those who agreed, by the way they agreed to, until they take it back (정보통신망법 §50)."""

from __future__ import annotations

import re

import pytest
from cast import MINA, Company, consents_of, make_applicant
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases
from web.web_kit import browser_of, make_app, words_of

from gateway.errors import Conflict, Invalid
from gateway.threads.consents import ConsentKind
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases import consents
from gateway.usecases.applicants import put_applicant, put_opening
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.post_message import NewMessage, Posted, post_message
from gateway.usecases.templates import preview_template, put_template
from gateway.usecases.views import ApplicantView

EMAIL, WORDS = ConsentKind.EMAIL, "I want to hear of new openings."


def advertise(ctx: Context, company: Company, mina: ApplicantView, **values: object) -> Posted:
    new = NewMessage(text="We have a new opening.", purpose=Purpose.ADVERTISING, **values)  # type: ignore[arg-type]
    return post_message(ctx, company.as_jun, mina.thread_id, new)


def unsubscribe_path(mail_text: str) -> str:
    found = re.search(r"http://gateway\.test(/u/\S+)", mail_text)
    assert found
    return found[1]


@both_databases
def test_without_consent_it_is_refused_and_with_it_labelled_with_a_way_out(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump
) -> None:
    """List-Unsubscribe with one click (RFC 8058 §3.1), and a link in the words."""
    with pytest.raises(Conflict, match="has not agreed"):
        advertise(ctx, company, mina)
    consents.give_consent(ctx, company.ats, "mina-1", EMAIL, words=WORDS)
    advertise(ctx, company, mina)
    pump()
    mail = channel.sent[-1]
    assert mail.subject.startswith("(Advertisement)")
    path = unsubscribe_path(mail.text)
    assert mail.headers == {
        "List-Unsubscribe": f"<http://gateway.test{path}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="An ordinary letter"))
    pump()
    assert (channel.sent[-1].headers, "/u/" in channel.sent[-1].text) == ({}, False)


def test_the_link_asks_first_and_one_click_does_it(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump
) -> None:
    """Opening changes nothing (scanners do); a mail program's post does, without cookies or redirect."""
    consents.give_consent(ctx, company.ats, "mina-1", EMAIL, words=WORDS)
    advertise(ctx, company, mina)
    pump()
    path, client = unsubscribe_path(channel.sent[-1].text), browser_of(make_app(ctx, company))
    assert "Moa Labs will send you no more advertising" in words_of(client.get(path).text)
    assert consents_of(ctx, company, "mina-1")[0].in_force
    done = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "Done" in words_of(done.text)) == (200, True)
    (consent,) = consents_of(ctx, company, "mina-1")
    assert (consent.words, consent.withdrawn_by) == (WORDS, "link")
    with pytest.raises(Conflict):
        advertise(ctx, company, mina)
    for wrong in (path[:-6] + "aaaaaa", "/u/x", path.replace("/u/", "/c/")):
        assert client.get(wrong).status_code == 404


def test_what_was_planned_before_the_consent_was_taken_back_stays_here(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump, clock: FakeClock
) -> None:
    consents.give_consent(ctx, company.ats, "mina-1", EMAIL, words=WORDS)
    advertise(ctx, company, mina)
    consents.withdraw_consent(ctx, company.ats, "mina-1", EMAIL)
    pump()
    assert channel.to(MINA) == []


def test_consent_is_dated_worded_and_erased_with_the_person(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    with pytest.raises(Invalid):
        consents.give_consent(ctx, company.ats, "mina-1", EMAIL, words=" ")
    consents.give_consent(ctx, company.ats, "mina-1", ConsentKind.PHONE, words=WORDS)
    with pytest.raises(Invalid):
        consents.give_consent(ctx, company.ats, "mina-1", EMAIL, words=WORDS, given_at=ctx.now.replace(year=2099))
    (delivery,) = advertise(ctx, company, mina).deliveries  # by phone only: the mail is held back, visibly
    assert (delivery.state.value, delivery.reason) == ("skipped", "no_consent")
    applicant_id = mina.applicant.id
    erase_applicant(ctx, company.ats, mina.thread_id)
    with ctx.database.read() as tx:
        assert tx.consents.of_applicant(applicant_id) == []


def test_an_openings_language_is_that_of_applicants_who_name_none(ctx: Context, company: Company) -> None:
    """Applicant, opening, workspace, English — in this order."""
    put_opening(ctx, company.ats, "seoul", title="서울", notify_emails=[], locale="ko")
    made = put_applicant(ctx, company.ats, "minsu", opening="seoul", name="민수", email="minsu@mail.example")
    assert made.applicant.locale == "ko"
    opening, _ = put_opening(ctx, company.ats, "seoul", title="서울 사무소", notify_emails=[])
    assert opening.locale == "ko"  # what is not said stays
    bodies = {tag: Body(MailBody("", f"in {tag}")) for tag in ("ko", "en")}
    put_template(ctx, company.ats, "hi", purpose=Purpose.TRANSACTIONAL, variables=[], bodies=bodies)
    put_applicant(ctx, company.ats, "eva", opening="seoul", name="Eva", locale="cs")
    assert preview_template(ctx, company.ats, "hi", applicant="eva").words.text == "in ko"
    make_applicant(ctx, company, external_id="olle", locale="sv")
    assert preview_template(ctx, company.ats, "hi", applicant="olle").words.text == "in en"
