"""The subject that somebody gave their mail is shown with its words: some say there what it is about."""

from __future__ import annotations

import pytest
from cast import JUN, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel
from running import Pump, both_databases
from web.web_kit import browser_of, make_app, path_of

from flows.test_conversation import receive
from flows.test_gate import address_of
from gateway.inbound.reading import own_subject, read_mail
from gateway.threads.subjects import LONGEST, beside
from gateway.usecases.context import Context
from gateway.usecases.export import gather_export
from gateway.usecases.index_search import index_waiting
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import list_conversations, messages_after
from gateway.usecases.search import search
from gateway.usecases.views import ApplicantView

SUBJECT = "I <withdraw> my application"


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        (SUBJECT, SUBJECT),
        ("  About\r\n my\tCV ", "About my CV"),
        ("Retirement of my referee", "Retirement of my referee"),
        ("[Urgent] My new number", "[Urgent] My new number"),
        ("Re: New message", ""),
        ("[EXTERNAL] [x] AW: New message", ""),
        ("회신: 새 메시지", ""),
        ("Fwd: Certificate", ""),
        ("[EXT] WG: Certificate", ""),
        ("", ""),
        (" \u200b\u2060\ufeff\xad ", ""),
    ],
)
def test_a_subject_is_the_writers_own_unless_they_answer_or_forward(subject: str, own: str) -> None:
    assert own_subject(subject) == own


def test_a_long_subject_is_cut() -> None:
    assert own_subject("word " * 300).endswith("word…")
    assert len(own_subject("x" * 2000)) == LONGEST


@pytest.mark.parametrize(
    ("subject", "text", "shown"),
    [
        ("My CV", "My CV\n\nBest regards", False),
        ("my cv.", "My  CV is attached", False),
        ("No", "Now I see", True),
        ("My CV", "Here it is", True),
        ("My CV", "", True),
    ],
)
def test_a_subject_that_the_text_begins_with_is_not_shown_twice(subject: str, text: str, shown: bool) -> None:
    assert beside(subject, text) == (subject if shown else "")


def test_what_is_split_off_does_not_depend_on_the_subject() -> None:
    for subject in (SUBJECT, "Re: New message"):
        split = read_mail(make_mail("Fine.\n\nOn Monday Jun wrote:\n> Hello", subject=subject)).split
        assert (split.reply, split.folded) == ("Fine.", "On Monday Jun wrote:\n> Hello")


@both_databases
def test_a_subject_is_shown_wherever_the_message_is(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """Desk, its list, the candidate's page, the mail to recruiters, the search and the export."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("Best regards, Anna", to=address, subject=SUBJECT), to=address, from_=MINA)
    pump()
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert (shown.message.subject, shown.message.text) == (SUBJECT, "Best regards, Anna")
    app = make_app(ctx, company)
    for page in (
        browser_of(app, company.jun).get(f"/desk/t/{mina.thread_id}?lang=en").text,
        browser_of(app).get(f"{path_of(mina)}?lang=en").text,
    ):
        assert "Subject: </span>I &lt;withdraw&gt; my application</p>" in page
    told = channel.sent[-1]
    assert f"\n\n{SUBJECT}\n\nBest regards, Anna\n" in told.text
    assert "I &lt;withdraw&gt; my application</strong>" in told.html
    (row,) = list_conversations(ctx, company.as_jun)[0]
    assert row.last_text == f"{SUBJECT}\nBest regards, Anna"
    assert any(SUBJECT.encode() in content for _, content in gather_export(ctx, company.as_ara, mina.thread_id))
    for _ in range(2):  # before and after it was indexed
        (found,) = search(ctx, company.as_jun, "withdraw").messages
        assert "".join(piece.text for piece in found.snippet).startswith(SUBJECT)
        index_waiting(ctx)


def test_a_subject_above_a_file_alone_is_shown(ctx: Context, company: Company, mina: ApplicantView, pump: Pump) -> None:
    address = address_of(ctx, mina)
    raw = make_mail("\n", to=address, subject="Application as lead designer", files={"cv.pdf": b"%PDF-1"})
    receive(ctx, raw, to=address, from_=MINA)
    pump()
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert (shown.message.subject, shown.message.text) == ("Application as lead designer", "")


def test_a_recruiters_own_subject_stays_with_the_team(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """It may name what the candidate is not to know."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When?"))
    pump()
    address = next(mail.reply_to for mail in channel.sent if mail.to == JUN)
    raw = make_mail("See you on Monday.", to=address, from_=JUN, name="Jun", subject="Second choice after Jiu")
    receive(ctx, raw, to=address, from_=JUN)
    pump()
    shown = messages_after(ctx, company.as_jun, mina.thread_id)[-1]
    assert shown.message.subject == "Second choice after Jiu"
    app = make_app(ctx, company)
    assert "Second choice after Jiu" in browser_of(app, company.jun).get(f"/desk/t/{mina.thread_id}").text
    theirs = messages_after(ctx, as_candidate(ctx, mina), mina.thread_id)[-1]
    assert (theirs.message.subject, theirs.message.text) == ("", "See you on Monday.")
    page = browser_of(app).get(path_of(mina)).text
    assert "See you on Monday." in page
    sent = channel.sent[-1]
    assert sent.to == MINA
    for words in (page, sent.text, sent.html, sent.subject):
        assert "Second choice" not in words
