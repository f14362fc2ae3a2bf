"""A file of applicants: read as spreadsheets in Korea and elsewhere save it, tried first, taken once (seeds PE-P3)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import hypothesis
import pytest
from api_world import World, build_world
from cast import Company, make_applicant
from hypothesis import strategies as st
from starlette.testclient import TestClient
from web.web_kit import hidden, words_of

from gateway.errors import Invalid, NotFound
from gateway.threads.applicant_file import read_applicant_file, write_rows
from gateway.threads.consents import ConsentKind
from gateway.threads.model import Viewer
from gateway.usecases.applicants import find_applicant
from gateway.usecases.consents import read_standing, withdraw_consent
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.import_applicants import Outcome, RowResult, import_applicants
from gateway.usecases.reach import OPT_OUT, advertising_to

KOREAN = "지원자 번호,채용 공고,이름,이메일,휴대폰,언어,비고\n77,designer,김민아,mina@mail.example,01012345678,ko,x\n"
ENGLISH = "external_id;Opening;Full name;E-mail;fields.team\nada-1;Product Designer;Ada;ada@mail.example;Engines\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_a_file_as_korean_spreadsheets_save_it(encoding: str) -> None:
    file = read_applicant_file(KOREAN.encode(encoding))
    assert file.rows[0].values["name"] == "김민아"
    assert file.rows[0].values["external_id"] == "77"
    assert file.ignored == ("비고",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = ENGLISH.replace(";", delimiter)
    assert read_applicant_file(text.encode()).rows[0].fields == {"team": "Engines"}
    assert read_applicant_file(f"sep={delimiter}\n{text}".encode()).rows[0].values["name"] == "Ada"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import_empty"),
        (b"name,email\nA,b@c.example\n", "import_missing"),
        (b"id,external_id,opening,name\n1,2,3,4\n", "import_twice"),
        (b'id,opening,name\n1,"2\n', "import_broken"),
        (b"id,opening,name\n\xff\xfe\xff,\x81", "import_encoding"),
        (b"id,opening,name\n" + b"1,2,3\n" * 10_001, "import_rows"),
        (b"x" * 5_000_001, "import_big"),
        (b"a," * 101, "import_columns"),
    ],
)
def test_what_is_no_such_file_is_refused_with_what_to_do(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_applicant_file(content)
    assert caught.value.code == code


@hypothesis.given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read_applicant_file(b"id,opening,name\n" + content)
        read_applicant_file(content)
    except Invalid:
        pass


@hypothesis.given(st.lists(st.lists(st.text(), min_size=1, max_size=4), min_size=1, max_size=4))
def test_no_cell_on_the_way_out_is_a_formula(rows: list[list[str]]) -> None:
    for record in csv.reader(io.StringIO(write_rows(rows), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in record)


FILE = (
    "external_id,opening,name,email,phone,fields.team\n"
    "mina-1,designer,Mina Han-Park,,,\n"
    "ada-1,Product Designer,Ada,ada@mail.example,+82 10 1234 5678,Engines\n"
    "bob-1,designer,Bob,no address,,\n"
    "ada-1,designer,Ada again,,,\n"
    "eve-1,nothing,Eve,,,\n"
    "a b,designer,Blank,,,\n"
)


def test_the_page_says_first_what_would_happen_and_then_does_it(
    ctx: Context, company: Company, desk: TestClient
) -> None:
    make_applicant(ctx, company)
    tried = desk.post("/desk/settings/import", files={"file": ("people.csv", FILE.encode(), "text/csv")})
    said = words_of(tried.text)
    for words in (
        "1 new", "1 changed", "4 refused", "This is no e-mail address",
        "The row 3 has this id already", "There is no such opening", "Give an id of 1 to 200",
    ):  # fmt: skip
        assert words in said
    assert find_applicant(ctx, company.ats, "mina-1").applicant.name == "Mina Han"
    done = desk.post("/desk/settings/import", data={"content": hidden(tried.text, "content"), "do": "import"})
    assert "1 new" in words_of(done.text)
    mina, ada = (find_applicant(ctx, company.ats, i).applicant for i in ("mina-1", "ada-1"))
    assert (mina.name, mina.email) == ("Mina Han-Park", "mina@mail.example")  # an empty cell takes nothing away
    assert (ada.source.value, ada.phone, ada.fields) == ("manual", "+821012345678", {"team": "Engines"})
    again = desk.post("/desk/settings/import", data={"content": hidden(tried.text, "content"), "do": "import"})
    assert "2 unchanged" in words_of(again.text)


def test_a_wrong_file_and_an_erased_person_are_told_in_korean(ctx: Context, company: Company, desk: TestClient) -> None:
    made = make_applicant(ctx, company)
    erase_applicant(ctx, company.ats, made.thread_id)
    page = desk.post("/desk/settings/import?lang=ko", files={"file": ("x.csv", b"name\nA\n", "text/csv")})
    assert page.status_code == 422
    assert "external_id" in words_of(page.text)
    page = desk.post("/desk/settings/import", files={"file": ("x.csv", FILE.encode(), "text/csv")})
    assert "This person was erased" not in words_of(page.text)
    assert "삭제된 사람입니다" in words_of(page.text)


WORDS = "새 채용 소식을 이메일로 받겠습니다."


def take(ctx: Context, viewer: Viewer, rows: str, *, dry_run: bool = False) -> list[RowResult]:
    header = "external_id,opening,name,email,phone,consent_email,consent_email_at,consent_phone,consent_phone_at\n"
    return import_applicants(ctx, viewer, read_applicant_file((header + rows).encode()).rows, dry_run=dry_run)


def given(ctx: Context, company: Company, external_id: str) -> dict[str, tuple[str, str, bool]]:
    standing = read_standing(ctx, company.ats, external_id)
    found = [one.consent for one in standing if one.consent]
    return {c.kind.value: (c.words, c.given_at.isoformat(), c.in_force) for c in found}


def test_consents_come_with_the_moment_they_were_given_and_the_same_file_again_does_nothing(
    ctx: Context, company: Company
) -> None:
    """정보통신망법 §50: who agreed, when, to which words. A time without a zone is the company's (Seoul here)."""
    row = f"ada-1,designer,Ada,ada@mail.example,,{WORDS},2026. 1. 31,Call me,2026-02-01 9:30\n"
    (tried,) = take(ctx, company.ats, row, dry_run=True)
    assert tried.outcome is Outcome.NEW
    (done,) = take(ctx, company.ats, row)
    assert done.outcome is Outcome.NEW
    assert given(ctx, company, "ada-1") == {
        "email": (WORDS, "2026-01-30T15:00:00+00:00", True),
        "phone": ("Call me", "2026-02-01T00:30:00+00:00", True),
    }
    assert take(ctx, company.ats, row)[0].outcome is Outcome.UNCHANGED
    newer = row.replace("2026. 1. 31", "2026-03-01")
    for dry_run in (True, False):
        (result,) = take(ctx, company.ats, newer, dry_run=dry_run)
        assert (result.outcome, result.changed) == (Outcome.CHANGED, ("consent_email",))
    assert take(ctx, company.ats, "ada-1,designer,Ada,,,,,,\n")[0].outcome is Outcome.UNCHANGED  # empty says nothing
    assert len(given(ctx, company, "ada-1")) == 2


def test_a_file_does_not_bring_back_what_the_person_took_back_since(ctx: Context, company: Company) -> None:
    """By the link in a mail, at the desk, or for another application of theirs before this one was there."""
    row = f"ada-1,designer,Ada,ada@mail.example,,{WORDS},2026-01-31,,\n"
    take(ctx, company.ats, row)
    withdraw_consent(ctx, company.ats, "ada-1", ConsentKind.EMAIL)
    assert take(ctx, company.ats, row)[0].outcome is Outcome.UNCHANGED
    assert given(ctx, company, "ada-1")["email"][2] is False
    with ctx.database.begin() as tx:
        tx.outbox.suppress(company.workspace.id, advertising_to("eve@mail.example"), code=OPT_OUT, now=ctx.now)
    take(ctx, company.ats, f"eve-1,designer,Eve,eve@mail.example,,{WORDS},2026-01-31,,\n")
    assert given(ctx, company, "eve-1") == {}
    take(ctx, company.ats, "kim-1,designer,Kim,,,,,,\n")
    moved = f"kim-1,designer,Kim,eve@mail.example,,{WORDS},2026-01-31,,\n"  # with the address comes what was said there
    assert take(ctx, company.ats, moved)[0].changed == ("email",)
    assert [o.by for s in read_standing(ctx, company.ats, "eve-1") for o in s.opt_outs] == ["mail"]


@pytest.mark.parametrize(
    ("cells", "field", "says"),
    [
        ("yes,2026-01-31,,", "consent_email", "Write the words to which the person agreed, not yes or no"),
        ("동의 안함,2026-01-31,,", "consent_email", "Write the words"),
        ("2026-01-31,2026-01-31,,", "consent_email", "Write the words"),
        (",2026-01-31,,", "consent_email", "Write the words"),
        ("Tell me more,,,", "consent_email_at", "Give when the person agreed, for example 2026-01-31"),
        ("Tell me more,01/02/2026,,", "consent_email_at", "Give when the person agreed"),
        ("Tell me more,2026-02-30,,", "consent_email_at", "Give when the person agreed"),
        (",,Tell me more,2999-01-01", "consent_phone_at", "This time is still to come"),
    ],
)
def test_what_is_wrong_about_a_consent_is_told_before_anything_is_written(
    ctx: Context, company: Company, desk: TestClient, cells: str, field: str, says: str
) -> None:
    row = f"ada-1,designer,Ada,ada@mail.example,,{cells}\n"
    for dry_run in (True, False):
        (refused,) = take(ctx, company.ats, row, dry_run=dry_run)
        assert (refused.outcome, refused.fault and refused.fault.field) == (Outcome.REFUSED, field)
    header = (
        "external_id,opening,name,email,phone,이메일 수신동의,이메일 수신동의일시,문자 수신동의,문자 수신동의일시\n"
    )
    page = desk.post("/desk/settings/import", files={"file": ("people.csv", (header + row).encode(), "text/csv")})
    assert f"{field}: {says}" in words_of(page.text)
    with pytest.raises(NotFound):
        find_applicant(ctx, company.ats, "ada-1")


def test_consents_come_as_json_too(world: World) -> None:
    row = {
        "external_id": "minji", "opening": "dev", "name": "Minji Kim",
        "consent_email": "Tell me of new openings.", "consent_email_at": "2026-01-31T09:00:00+09:00",
    }  # fmt: skip
    done = world.a.post("/applicants/import", json={"rows": [row]}).json()
    assert done["rows"][0]["changed"] == ["consent_email"], done
    consent = world.a.get("/applicants/minji/consents/email").json()
    assert (consent["given_at"], consent["given_by"]) == ("2026-01-31T00:00:00Z", "api")


@pytest.fixture
def world(ctx: Context) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        yield world


def test_the_api_takes_csv_and_json_and_repeats_nothing(world: World) -> None:
    csv_headers = {"Content-Type": "text/csv; charset=utf-8", "Idempotency-Key": "import-1"}
    content = "external_id,opening,name\nnew-1,dev,=HYPERLINK()\nnew-2,none,X\n"
    tried = world.a.post("/applicants/import?dry_run=true", content=content, headers={"Content-Type": "text/csv"})
    assert (tried.json()["new"], tried.json()["refused"], tried.json()["dry_run"]) == (1, 1, True)
    assert world.a.get("/applicants/new-1").status_code == 404
    done = world.a.post("/applicants/import", content=content, headers=csv_headers).json()
    assert done["rows"][1] == {
        "row": 3, "external_id": "new-2", "name": "X", "outcome": "refused", "changed": [],
        "problem": {"field": "opening", "message": "There is no such opening: create it first."},
    }  # fmt: skip
    assert world.a.post("/applicants/import", content=content, headers=csv_headers).json() == done
    row = {"external_id": "new-1", "opening": "dev", "name": "Nia", "email": "nia@mail.example"}
    changed = world.a.post("/applicants/import", json={"rows": [row]}).json()
    assert changed["rows"][0]["changed"] == ["name", "email"]
    assert world.a.post("/applicants/import", json={"rows": [{"name": 1}]}).status_code == 422
    lost = world.a.post("/applicants/import", json={"rows": [row | {"external_id": "\ufffd"}]}).json()
    assert lost["rows"][0]["problem"]["field"] == "external_id"  # no address of the API would lead to them
    assert world.a.post("/templates/x/preview", content="a", headers=csv_headers).status_code == 415
