"""The audit log in the desk: who did what, filtered, page by page, and as CSV (SJ-P4)."""

from __future__ import annotations

import csv
import io
import re

import pytest
from cast import Company, make_company
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.threads.audit import AuditFilter
from gateway.usecases import accounts, members, read_audit, sign_in
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView

PATH = "/desk/settings/audit"
both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@both_databases
def test_who_did_what_is_found_by_person_action_and_conversation(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    change_stage(ctx, company.as_ara, mina.thread_id, "interview")
    members.set_role(ctx, company.as_jun, company.ara.id, "member")
    members.set_role(ctx, company.as_jun, company.ara.id, "admin")

    def actions(**which: str) -> list[str]:
        return [told.line.action for told in read_audit.read_audit(ctx, company.as_jun, AuditFilter(**which))[0]]

    assert actions() == ["member.role", "member.role", "stage"]
    assert actions(actor_id=company.ara.id) == ["stage"]
    assert actions(action="member") == ["member.role", "member.role"]
    assert actions(thread_id=mina.thread_id) == ["stage"]
    theirs = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    assert read_audit.read_audit(ctx, theirs.as_jun, AuditFilter()) == ([], None)


def test_the_page_goes_on_and_the_copy_holds_no_formula(ctx: Context, company: Company, desk: TestClient) -> None:
    evil = accounts.create_member(ctx, company.workspace.id, email="e@moalabs.example", name='=HYPERLINK("x")')
    evil_viewer = sign_in.viewer_of_member(evil)
    for _ in range(read_audit.PAGE + 1):
        members.set_role(ctx, evil_viewer, company.ara.id, "admin")
    first = desk.get(f"{PATH}?action=member&who={evil.id}").text
    made = "made Ara Kim an admin"
    assert first.count(made) == read_audit.PAGE
    (more,) = re.findall(r'href="(\?[^"]*cursor=[^"]*)"', first)
    assert desk.get(PATH + more.replace("&amp;", "&")).text.count(made) == 1
    copy = desk.get(f"{PATH}.csv?action=member")
    assert copy.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(copy.text)))
    assert len(rows) == read_audit.PAGE + 1
    assert rows[0]["who"].startswith("'=")
    assert "Nothing fits." in words_of(desk.get(f"{PATH}?action=erase").text)


def test_what_changes_of_the_workspace_is_written_down_and_what_stays_is_not(ctx: Context, company: Company) -> None:
    for _ in range(2):
        accounts.update_workspace(ctx, company.as_jun, name="Moa Labs", public_contact="people@moalabs.example")
        accounts.set_channels(ctx, company.as_jun, channels=["sms", "email"])
    found, _ = read_audit.read_audit(ctx, company.as_jun, AuditFilter(action="workspace"))
    assert [(told.line.action, told.line.data) for told in found] == [
        ("workspace.changed", {"fields": "channels"}),
        ("workspace.changed", {"fields": "public_contact"}),
    ]
    assert found[1].words == "Jun Park changed the company's details: public contact address"


def test_only_admins_read_it(ctx: Context, company: Company) -> None:
    plain = accounts.create_member(ctx, company.workspace.id, email="p@moalabs.example", name="P", role="member")
    client = browser_of(make_app(ctx, company))
    client.cookies.set("gateway", sign_in.demo_session(ctx, plain.id))
    assert {client.get(p).status_code for p in (PATH, f"{PATH}.csv")} == {404}
