"""A copy of an applicant's data, and erasing them, by an admin in the desk (SJ-P3, GDPR Art. 15, 17, 20)."""

from __future__ import annotations

import io
import json
import secrets
import tracemalloc
import zipfile

from cast import Company, as_candidate, make_applicant
from starlette.applications import Starlette
from starlette.testclient import TestClient
from web.web_kit import browser_of, path_of, words_of

from gateway.threads.channel import OutgoingFile
from gateway.usecases import members
from gateway.usecases.context import Context
from gateway.usecases.export import gather_export
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView


def test_an_admin_takes_a_copy_of_everything(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    file = OutgoingFile("portfolio.txt", "text/plain", b"My work")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage("Hello Jun", files=(file,)))
    thread = f"/desk/t/{mina.thread_id}"
    assert f'href="{thread}/data"' in desk.get(thread).text
    page = desk.get(f"{thread}/data").text
    assert f'href="{thread}/data.zip"' in page
    assert "Product Designer · Application" in page
    answer = desk.get(f"{thread}/data.zip")
    assert answer.headers["content-type"] == "application/zip"
    assert "Mina Han.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as copy:
        told = json.loads(copy.read("thread.json"))
        contents = [copy.read(name) for name in copy.namelist()]
    assert told["applicant"]["name"] == "Mina Han"
    assert [m["text"] for m in told["messages"]] == ["Hello Jun"]
    assert b"My work" in contents
    assert "Jun Park took a copy of all data of the applicant" in desk.get("/desk/settings/audit").text


def test_a_copy_has_one_file_in_memory_at_a_time(ctx: Context, company: Company, mina: ApplicantView) -> None:
    """A conversation of years with its files may be larger than memory."""
    for number in range(8):
        files = tuple(OutgoingFile(f"{number}-{n}.bin", "image/png", secrets.token_bytes(1_000_000)) for n in range(2))
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage("See here", files=files))
    tracemalloc.start()
    try:
        sizes = [len(content) for _, content in gather_export(ctx, company.as_jun, mina.thread_id)]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) > 16_000_000
    assert most < 5_000_000


def test_an_admin_erases_one_person_and_nobody_by_accident(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """The page said "kept until somebody erases them", and nobody in the company could."""
    oskar = make_applicant(ctx, company, external_id="o-1", name="Oskar Berg", email="oskar@mail.example")
    page = f"/desk/t/{mina.thread_id}/data"
    unsure = desk.post(page)
    assert unsure.status_code == 422
    assert "Tick the box first" in words_of(unsure.text)
    assert desk.get(path_of(mina)).status_code == 200
    assert desk.post(page, data={"sure": "yes"}).headers["location"] == "/desk#erased"
    for gone in (page, f"/desk/t/{mina.thread_id}", path_of(mina)):
        assert desk.get(gone).status_code == 404, gone
    shown = words_of(desk.get("/desk/all").text)
    assert "Mina Han" not in shown
    assert "Oskar Berg" in shown
    assert desk.get(path_of(oskar)).status_code == 200


def test_only_admins_do(ctx: Context, company: Company, mina: ApplicantView, app: Starlette) -> None:
    members.set_role(ctx, company.as_jun, company.ara.id, "member")
    members.set_opening_role(ctx, company.as_jun, company.ara.id, opening_id=company.opening.id, role="admin")
    ara, thread = browser_of(app, company.ara), f"/desk/t/{mina.thread_id}"
    assert f"{thread}/data" not in ara.get(thread).text
    assert ara.get(f"{thread}/data").status_code == 404
    assert ara.get(f"{thread}/data.zip").status_code == 404
    assert ara.post(f"{thread}/data", data={"sure": "yes"}).status_code == 404
    assert ara.get(thread).status_code == 200
