"""Advertising only to those who agreed, by the way they agreed to, until they take it back (정보통신망법 §50)."""

from __future__ import annotations

import re

import pytest
from cast import MINA, STRANGER, Company, consents_of, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases
from web.web_kit import browser_of, make_app, words_of

from flows.test_conversation import receive
from gateway.errors import Conflict, Invalid
from gateway.threads.consents import ConsentKind
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases import consents
from gateway.usecases.applicants import put_applicant, put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.mend_delivery import send_again
from gateway.usecases.post_message import NewMessage, Posted, post_message
from gateway.usecases.templates import preview_template, put_template
from gateway.usecases.views import ApplicantView

EMAIL, WORDS = ConsentKind.EMAIL, "I want to hear of new openings."


def advertise(ctx: Context, company: Company, mina: ApplicantView, **values: object) -> Posted:
    new = NewMessage(text="We have a new opening.", purpose=Purpose.ADVERTISING, **values)  # type: ignore[arg-type]
    return post_message(ctx, company.as_jun, mina.thread_id, new)


def opted_out(ctx: Context, view: ApplicantView) -> list[dict[str, str]]:
    with ctx.database.read() as tx:
        return [e.data for e in tx.events.named(view.thread_id, ("candidate.opted_out",))]


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


@both_databases
@pytest.mark.parametrize("how", ["link", "mail"])
def test_who_wants_no_more_of_it_gets_none_about_any_application(
    ctx: Context, company: Company, channel: FakeChannel, pump: Pump, how: str
) -> None:
    """The refusal is towards the company (정보통신망법 §50), by the link as by an answer; other mail goes on."""
    one, two, third = (make_applicant(ctx, company, external_id=name) for name in ("one", "two", "third"))
    other = make_applicant(ctx, company, external_id="other", email="eva@mail.example")
    for name in ("one", "two", "other"):
        consents.give_consent(ctx, company.ats, name, EMAIL, words=WORDS)
    (sent,) = advertise(ctx, company, one).deliveries
    pump()
    if how == "link":
        path, client = unsubscribe_path(channel.sent[-1].text), browser_of(make_app(ctx, company))
        assert [client.post(path).status_code for _ in range(2)] == [200, 200]
    else:
        to = channel.sent[-1].reply_to
        receive(ctx, make_mail("unsubscribe", to=to), to=to, from_=MINA)
        pump()
    heard = len(channel.to(MINA))
    for name in ("one", "two"):
        assert [c.withdrawn_by for c in consents_of(ctx, company, name)] == [how]
        told = consents.read_standing(ctx, company.ats, name)[0].opt_outs
        assert [(o.kind, o.by) for o in told] == [(EMAIL, how)]
    for mina in (one, two, third):
        with pytest.raises(Conflict):
            advertise(ctx, company, mina)
    with pytest.raises(Conflict, match="asked for no more"):
        send_again(ctx, company.as_jun, sent.id)
    assert opted_out(ctx, one) == [{"channel": "email", "by": how}]  # said once, where it was said
    assert opted_out(ctx, two) == []
    post_message(ctx, company.as_jun, two.thread_id, NewMessage(text="An ordinary letter"))
    advertise(ctx, company, other)
    pump()
    assert len(channel.to(MINA)) == heard + 1
    assert len(channel.to("eva@mail.example")) == 1
    consents.give_consent(ctx, company.ats, "two", EMAIL, words=WORDS)  # who agrees anew hears of it again
    advertise(ctx, company, two)
    pump()
    assert len(channel.to(MINA)) == heard + 2


@pytest.mark.parametrize("sender", [MINA, STRANGER], ids=["theirs", "another's"])
def test_who_was_rejected_still_ends_advertising_by_an_answer(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump, sender: str
) -> None:
    """The gate keeps the mail out, not what it asks for: consents outlive an application (정보통신망법 §50)."""
    consents.give_consent(ctx, company.ats, "mina-1", EMAIL, words=WORDS)
    advertise(ctx, company, mina)
    pump()
    to = channel.sent[-1].reply_to
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("unsubscribe", from_=sender, to=to), to=to, from_=sender)
    pump()
    ended = sender == MINA
    assert [c.withdrawn_by for c in consents_of(ctx, company, "mina-1")] == ["mail" if ended else ""]
    assert opted_out(ctx, mina) == ([{"channel": "email", "by": "mail"}] if ended else [])


def test_a_link_of_somebody_without_an_address_ends_nobody_elses(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump
) -> None:
    consents.give_consent(ctx, company.ats, "mina-1", EMAIL, words=WORDS)
    advertise(ctx, company, mina)
    pump()
    for name in ("mina-1", "eva"):
        put_applicant(ctx, company.ats, name, opening="designer", name="Somebody")
    consents.give_consent(ctx, company.ats, "eva", EMAIL, words=WORDS)
    path = unsubscribe_path(channel.sent[-1].text)
    assert browser_of(make_app(ctx, company)).post(path).status_code == 200
    assert [consents_of(ctx, company, name)[0].in_force for name in ("mina-1", "eva")] == [False, True]


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
