"""How long a workspace keeps its conversations: shown as a count first, saved, done by the sweep, in the audit log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cast import MINA, Company, as_candidate, make_applicant, make_company
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.threads.audit import AuditFilter
from gateway.threads.bulk import BulkMessage
from gateway.threads.channel import OutgoingFile
from gateway.usecases import accounts
from gateway.usecases.applicants import candidate_viewer
from gateway.usecases.bulk import cancel_bulk, start_bulk
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_ended
from gateway.usecases.keeping import count_ended, read_keep_days, set_keep_days
from gateway.usecases.organise import PutOff, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_audit import read_audit
from gateway.usecases.read_thread import list_conversations, messages_after
from gateway.usecases.views import ApplicantView
from gateway.usecases.waiting import take_back

PATH = "/desk/settings/keeping"


def names(ctx: Context, company: Company) -> list[str]:
    return sorted(r.applicant_name for r in list_conversations(ctx, company.as_jun, view="all")[0])


def write(ctx: Context, view: ApplicantView, *files: OutgoingFile) -> None:
    post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text="hello", files=files))


def test_what_would_be_erased_is_counted_before_anything_is_saved(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    write(ctx, mina)
    clock.move(days=100)
    desk = browser_of(make_app(ctx, company), company.jun)
    assert "until somebody erases them" in words_of(desk.get(PATH).text)
    page = desk.post(PATH, data={"do": "look", "days": "90"})
    assert "1 conversation is older" in words_of(page.text)
    assert read_keep_days(ctx, company.as_jun) is None
    unseen = desk.post(PATH, data={"do": "save", "days": "90"})  # nobody was told
    assert (unseen.status_code, "Look again" in words_of(unseen.text)) == (422, True)
    assert read_keep_days(ctx, company.as_jun) is None
    assert desk.post(PATH, data={"do": "save", "days": "90", "counted": "1"}).headers["location"] == f"{PATH}#saved"
    assert "kept for 90 days" in words_of(desk.get(PATH).text)
    (told, *_), _ = read_audit(ctx, company.as_jun, AuditFilter(action="workspace"))
    assert (told.line.action, told.line.actor_name, told.line.data) == (
        "workspace.keep_days",
        "Jun Park",
        {"days": "90", "erases": "1"},
    )


@pytest.mark.parametrize("days", ["29", "3651", "0", "-5", "soon"])
def test_days_that_are_none_are_refused_with_the_remedy(desk: TestClient, days: str) -> None:
    for do in ("look", "save"):
        page = desk.post(PATH, data={"do": do, "days": days})
        assert page.status_code == 422
        assert "Give 30 to 3650 days" in words_of(page.text)
        assert f'value="{days}"' in page.text


def test_who_is_no_admin_neither_sees_nor_changes_it(ctx: Context, company: Company) -> None:
    member = accounts.create_member(ctx, company.workspace.id, email="ida@m.example", name="Ida", role="member")
    plain = browser_of(make_app(ctx, replace(company, jun=member)), member)
    assert plain.get(PATH).status_code == 404
    assert plain.post(PATH, data={"do": "save", "days": "30", "counted": "9"}).status_code == 404
    assert PATH not in plain.get("/desk/settings").text


@both_databases
def test_the_sweep_erases_what_is_over_and_nothing_else(ctx: Context, company: Company, clock: FakeClock) -> None:
    """SJ-P3: thread, files and links; not who wrote since, is put off until later, or is another company's."""
    old = make_applicant(ctx, company)
    lively = make_applicant(ctx, company, external_id="tom", name="Tom", email="tom@mail.example")
    put_off = make_applicant(ctx, company, external_id="eva", name="Eva", email="eva@mail.example")
    other = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    theirs = make_applicant(ctx, other, external_id="ola", name="Ola", email="ola@mail.example")
    for view in (old, lively, put_off, theirs):
        write(ctx, view, OutgoingFile("cv.pdf", "application/pdf", b"%PDF" + bytes(100_000)))
    write(ctx, old, OutgoingFile("own.pdf", "application/pdf", b"%PDF-own" + bytes(100_000)))
    clock.move(days=40)
    write(ctx, lively)
    organise(ctx, company.as_jun, [put_off.thread_id], PutOff("2027-12-01"))
    organise(ctx, company.as_jun, [old.thread_id], PutOff("reply"))  # a reply that never came
    set_keep_days(ctx, company.as_jun, 30, counted=1)
    assert erase_ended(ctx) == 1
    assert erase_ended(ctx) == 0
    assert names(ctx, company) == ["Eva", "Tom"]
    assert names(ctx, other) == ["Ola"]
    assert candidate_viewer(ctx, old.portal_url.rsplit("/", 1)[1]) is None
    assert ctx.database.blobs.folder is not None
    assert len([f for f in ctx.database.blobs.folder.rglob("*/*") if f.is_file()]) == 1  # the shared cv.pdf
    (told, *_), _ = read_audit(ctx, company.as_jun, AuditFilter(action="erase"))
    assert told.words == "The applicant and the conversation were erased: the time to keep them was over"
    line = told.line
    assert (line.actor_kind, line.thread_id, line.data) == ("system", old.thread_id, {"by": "keeping"})


@both_databases
def test_what_is_still_to_go_out_is_not_erased_before_it_has_been_kept_as_long(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, channel: FakeChannel
) -> None:
    """A message counts from when it goes out; one that was taken back does not count; SJ-P3."""
    mina = make_applicant(ctx, company)
    undone = make_applicant(ctx, company, external_id="tom", name="Tom", email="tom@mail.example")
    set_keep_days(ctx, company.as_jun, 30, counted=0)
    at = clock.now + timedelta(days=45)
    for view in (mina, undone):
        post_message(ctx, company.as_jun, view.thread_id, NewMessage(text="See you on Monday!", send_at=at))
    take_back(
        ctx, company.as_jun, undone.thread_id, messages_after(ctx, company.as_jun, undone.thread_id)[0].message.id
    )
    clock.move(days=31)
    assert count_ended(ctx, company.as_jun, 30) == 1
    assert erase_ended(ctx) == 1
    assert names(ctx, company) == ["Mina Han"]
    clock.move(days=14, minutes=1)
    assert erase_ended(ctx) == 0  # its time has come, and no worker has looked yet
    pump()
    assert ["Monday" in mail.text for mail in channel.to(MINA)] == [True]
    clock.move(days=29)
    assert erase_ended(ctx) == 0
    clock.move(days=2)
    assert (count_ended(ctx, company.as_jun, 30), erase_ended(ctx)) == (1, 1)


@both_databases
def test_whom_a_message_to_many_is_about_to_reach_is_not_erased(
    ctx: Context, company: Company, clock: FakeClock
) -> None:
    make_applicant(ctx, company)
    set_keep_days(ctx, company.as_jun, 30, counted=0)
    clock.move(days=31)
    started = start_bulk(ctx, company.as_jun, ["mina-1"], BulkMessage(text="We are hiring again"))
    assert erase_ended(ctx) == 0
    cancel_bulk(ctx, company.as_jun, started.id)
    assert erase_ended(ctx) == 1
