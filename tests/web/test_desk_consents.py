"""What a candidate agreed to, on their card: since when, from where, refused how; a member records it and takes it
back, and the API says the same (정보통신망법 §50).
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from cast import Company
from fakes import FakeClock
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.threads.channel import IncomingSms, Refusal
from gateway.threads.consents import ConsentKind
from gateway.usecases import accounts, members
from gateway.usecases.applicants import put_applicant
from gateway.usecases.consents import give_consent, withdraw_consent
from gateway.usecases.context import Context
from gateway.usecases.receive_sms import receive_sms
from gateway.usecases.record_refusals import record_refusals
from gateway.usecases.views import ApplicantView

NUMBER = "+821012345678"


@pytest.fixture
def jiwoo(ctx: Context, company: Company) -> ApplicantView:
    return put_applicant(
        ctx,
        company.ats,
        "jiwoo-1",
        opening=company.opening.external_id,
        name="Jiwoo Han",
        email="jiwoo@mail.example",
        phone=NUMBER,
        locale="en",
        source="applied",
    )


def card_of(desk: TestClient, jiwoo: ApplicantView) -> str:
    page = words_of(desk.get(f"/desk/t/{jiwoo.thread_id}").text)
    return page[page.index("Advertising By e-mail") :][:400]


def test_the_card_says_since_when_and_from_where(
    ctx: Context, company: Company, jiwoo: ApplicantView, desk: TestClient, clock: FakeClock
) -> None:
    assert "By e-mail Not agreed By phone Not agreed" in card_of(desk, jiwoo)
    at = clock().replace(day=2)
    for kind in ConsentKind:
        give_consent(ctx, company.ats, "jiwoo-1", kind, words="Tell me of new openings.", given_at=at)
    assert card_of(desk, jiwoo).count("Agreed since 2 November 2026 · from the ATS") == 2
    withdraw_consent(ctx, company.ats, "jiwoo-1", ConsentKind.EMAIL)
    record_refusals(ctx, [Refusal("01012345678", clock())])
    card = card_of(desk, jiwoo)
    assert "2026 · from the ATS By phone Taken back" in card
    assert card.count("called the free number") == 1


def test_stop_is_seen_with_and_without_a_consent(
    ctx: Context, company: Company, jiwoo: ApplicantView, desk: TestClient
) -> None:
    receive_sms(ctx, IncomingSms("SM1", NUMBER, "+15005550006", "STOP"))
    assert "By phone Refuses since" in card_of(desk, jiwoo)
    give_consent(ctx, company.ats, "jiwoo-1", ConsentKind.PHONE, words="Yes")
    assert "from the ATS · Refuses since" in card_of(desk, jiwoo)  # a consent does not undo STOP
    receive_sms(ctx, IncomingSms("SM2", NUMBER, "+15005550006", "START"))
    assert "Refuses" not in card_of(desk, jiwoo)


def test_a_member_records_a_consent_and_takes_it_back(
    ctx: Context, company: Company, jiwoo: ApplicantView, desk: TestClient
) -> None:
    """It lifts an earlier refusal of advertising, and stands in the audit log with who did it."""
    record_refusals(ctx, [Refusal("01012345678", ctx.now)])
    path = f"/desk/t/{jiwoo.thread_id}/consents"
    empty = desk.post(path, data={"do": "give", "kind": "phone", "words": " "})
    assert (empty.status_code, "Give the words" in words_of(empty.text)) == (422, True)
    future = desk.post(path, data={"do": "give", "kind": "phone", "words": "Yes", "on": "2099-01-01"})
    assert future.status_code == 422
    never = desk.post(path, data={"do": "give", "kind": "phone", "words": "Yes", "on": "0001-01-01"})
    assert (never.status_code, "This is no day" in words_of(never.text)) == (422, True)
    done = desk.post(path, data={"do": "give", "kind": "phone", "words": "On paper: yes", "on": "2026-11-01"})
    assert done.status_code == 303
    page = words_of(desk.get(path).text)
    assert "Agreed since 1 November 2026 · entered by a colleague" in page
    assert "On paper: yes" in page
    assert "Refuses" not in page
    desk.post(path, data={"do": "withdraw", "kind": "phone"})
    assert "· entered by a colleague" in card_of(desk, jiwoo)
    assert "Taken back on" in card_of(desk, jiwoo)
    audit = words_of(desk.get("/desk/settings/audit?action=consent").text)
    assert "Jun Park recorded that the candidate agrees to advertising by phone" in audit
    assert "Jun Park took back the consent to advertising by phone" in audit
    assert "The candidate took back the consent to advertising by phone (by the free 080 number)" in audit
    assert desk.post(path, data={"do": "give", "kind": "pigeon", "words": "x"}).status_code == 404


def test_who_only_evaluates_reads_it_and_changes_nothing(ctx: Context, company: Company, jiwoo: ApplicantView) -> None:
    member = accounts.create_member(ctx, company.workspace.id, email="eve@moalabs.example", name="Eve", role="member")
    members.set_opening_role(ctx, company.as_jun, member.id, opening_id=company.opening.id, role="evaluator")
    eve = browser_of(make_app(ctx, replace(company, jun=member)), member)
    assert "By phone Not agreed" in card_of(eve, jiwoo)
    path = f"/desk/t/{jiwoo.thread_id}/consents"
    assert path not in eve.get(f"/desk/t/{jiwoo.thread_id}").text
    assert eve.post(path, data={"do": "give", "kind": "email", "words": "Yes"}).status_code == 403
    assert "By e-mail Not agreed" in card_of(eve, jiwoo)
