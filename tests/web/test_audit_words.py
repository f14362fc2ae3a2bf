"""The audit log is read by people: every act that can be written has its sentence, in every language (SJ-P4)."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from cast import Company, as_candidate, make_applicant
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.errors import Refused
from gateway.store import tables as t
from gateway.threads.audit import AREAS, Act, AuditFilter
from gateway.threads.model import CameInBy, MessageKind, Viewer, ViewerKind
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases import api_keys, members, organise
from gateway.usecases.audit_words import KINDS
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.merge import merge
from gateway.usecases.move_messages import move_messages
from gateway.usecases.note_act import note_act
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_audit import read_audit
from gateway.usecases.reject import reject_applicant, undo_rejections
from gateway.usecases.templates import delete_template, put_template
from gateway.usecases.views import ApplicantView

PATH = "/desk/settings/audit"
LOCALES = ("en", "ko", "cs", "ru", "sv")
CATALOGUES = Path(__file__).parents[2] / "gateway" / "locales"


def told(ctx: Context, company: Company, locale: str = "en") -> list[str]:
    """What the log says, oldest first."""
    found, more = read_audit(ctx, company.as_jun, AuditFilter(), locale=locale)
    while more:
        further, more = read_audit(ctx, company.as_jun, AuditFilter(), cursor=more, locale=locale)
        found += further
    return [one.words for one in found][::-1]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_act_every_area_and_every_actor_has_words_of_its_own(locale: str) -> None:
    """Not by way of English: all languages say it themselves."""
    with (CATALOGUES / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        known = {message.id for message in read_po(file, locale) if message.string}
    wanted = [f"act.{act}" for act in Act] + [f"audit.area.{area}" for area in AREAS]
    assert [key for key in (*wanted, *(f"audit.by.{kind}" for kind in KINDS)) if key not in known] == []
    acts = tuple(f"act.{act}" for act in Act)
    orphans = [key for key in known if isinstance(key, str) and key.startswith("act.")]
    assert [key for key in orphans if not key.startswith(acts)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_act_can_be_told_with_nothing_but_its_code(
    ctx: Context, company: Company, locale: str
) -> None:  # as lines that earlier versions wrote
    with ctx.database.begin() as tx:
        for act in Act:
            note_act(ctx, tx, company.as_jun, act)
    words = told(ctx, company, locale)
    assert len(words) == len(Act)
    assert [w for w in words if "%(" in w or "act." in w or any(f" {act}" in w for act in Act if "." in act)] == []


def test_decisions_about_a_candidate_are_sentences(ctx: Context, company: Company, mina: ApplicantView) -> None:
    letter = NewMessage(text="We are sorry", send_at=ctx.now + timedelta(seconds=15))
    change_stage(ctx, company.as_ara, mina.thread_id, "Interview")
    reject_applicant(ctx, company.as_jun, mina.thread_id, notify=None, undo=15)
    undo_rejections(ctx, company.as_jun, [mina.thread_id])
    reject_applicant(ctx, company.as_jun, mina.thread_id, notify=letter)
    undo_rejections(ctx, company.as_jun, [mina.thread_id])
    change_stage(ctx, company.ats, mina.thread_id, "rejected")
    with pytest.raises(Refused):
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Why?", came_in_by=CameInBy.WEB))
    change_stage(ctx, company.as_ara, mina.thread_id, "restored")
    with ctx.database.begin() as tx:  # as an earlier version wrote it
        note_act(ctx, tx, company.as_jun, Act.STAGE, stage="rejected")
    assert told(ctx, company) == [
        "Ara Kim moved the candidate to the stage Interview",
        "Jun Park rejected the candidate (without a letter)",
        "Jun Park took the rejection back in time; the stage is Interview again",
        "Jun Park rejected the candidate (with a letter)",
        "Jun Park took the rejection back in time; the stage is Interview again",
        "Greenbox ATS (API key) rejected the candidate (without a letter)",
        "The candidate wrote on the page after the end; it was not taken in",
        "Ara Kim took the candidate back in; the stage is Interview again",
        "Jun Park rejected the candidate",
    ]
    assert told(ctx, company, "ko")[3] == "Jun Park 님이 후보자를 불합격 처리했습니다(메시지 발송)"
    assert told(ctx, company, "cs")[3] == "Jun Park odmítl(a) kandidáta (se zprávou)"


def test_order_and_moves_name_whom_and_what(ctx: Context, company: Company, mina: ApplicantView) -> None:
    oskar = make_applicant(ctx, company, external_id="o-1", name="Oskar Berg", email="oskar@mail.example")
    double = make_applicant(ctx, company, external_id="o-2", name="Oskar Berg", email="ob@mail.example")
    moved = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Wrong", kind=MessageKind.NOTE)).message
    order = organise.Assign(company.ara.id), organise.Assign(""), organise.AddTag("none"), organise.PutOff("reply")
    for change in (*order, organise.PutOff("2026-12-01"), organise.PutOff(""), organise.Finish()):
        organise.organise(ctx, company.as_jun, [mina.thread_id], change)
    move_messages(ctx, company.as_jun, mina.thread_id, [moved.id], to=oskar.thread_id, sure=True)
    merge(ctx, company.as_jun, oskar.thread_id, double.thread_id)
    erase_applicant(ctx, Viewer(ViewerKind.OPERATOR, company.workspace.id, admin=True), mina.thread_id)
    assert told(ctx, company) == [
        "Jun Park assigned the conversation to Ara Kim",
        "Jun Park took the conversation from whoever had it",
        "Jun Park added the tag none",
        "Jun Park snoozed the conversation until the candidate replies",
        "Jun Park snoozed the conversation until 2026-12-01",
        "Jun Park ended the snooze",
        "Jun Park marked the conversation as done",
        "Jun Park moved messages to the conversation with Oskar Berg. Messages: 1",
        "Jun Park moved messages here from the conversation with (no longer there). Messages: 1",
        "Jun Park merged the conversation with another of the same person",
        "The operator erased the applicant and the conversation",
    ]


def test_the_page_and_the_copy_speak_the_readers_language_and_name_the_person(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    desk: TestClient = browser_of(make_app(ctx, company), company.jun)
    (key, _) = api_keys.make_api_key(ctx, company.workspace.id, name="Reports", by=company.as_jun)
    members.set_opening_role(ctx, company.as_jun, company.ara.id, opening_id=company.opening.id, role="evaluator")
    change_stage(ctx, company.as_ara, mina.thread_id, "rejected")
    page = words_of(desk.get(PATH).text)
    assert "Jun Park made an API key: Reports" in page
    assert "Jun Park gave Ara Kim a role in Product Designer: Evaluator" in page
    assert "Ara Kim rejected the candidate (without a letter) Mina Han" in page
    assert key.id not in page
    assert "Ara Kim gav kandidaten avslag (utan meddelande) Mina Han" in words_of(desk.get(f"{PATH}?lang=sv").text)
    rows = list(csv.DictReader(io.StringIO(desk.get(f"{PATH}.csv?lang=en").text)))
    assert (rows[0]["action"], rows[0]["about"]) == ("stage", "Mina Han")
    assert rows[0]["in_words"] == "Ara Kim rejected the candidate (without a letter)"


def test_an_act_that_this_version_does_not_know_is_told_by_its_code(ctx: Context, company: Company) -> None:
    """After a step back to an earlier version its lines are still there."""
    row = {"workspace_id": company.workspace.id, "actor_kind": "member", "actor_id": company.jun.id, "at": ctx.now}
    with ctx.database.engine.begin() as connection:
        values = row | {"actor_name": "Jun Park", "action": "rocket.launch", "data": {"by": "x"}}
        connection.execute(t.audit.insert().values(**values))
    assert told(ctx, company) == ["Jun Park: rocket.launch"]


def test_who_deletes_a_template_is_written_down(ctx: Context, company: Company) -> None:
    body = Body(MailBody("Bye", "Goodbye", "<p>Goodbye</p>"))
    put_template(ctx, company.as_jun, "bye", purpose=Purpose.TRANSACTIONAL, variables=[], bodies={"en": body})
    delete_template(ctx, company.as_ara, "bye")
    assert told(ctx, company) == ["Jun Park saved the template bye", "Ara Kim deleted the template bye"]
