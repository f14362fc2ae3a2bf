"""Files: saved, never shown; each to whom it may concern and nobody else."""

from __future__ import annotations

import re

import pytest
from cast import MINA, Company, as_candidate, make_applicant
from flows.test_attachments import PNG, with_picture
from flows.test_conversation import receive
from flows.test_gate import address_of
from hypothesis import given
from hypothesis import strategies as st
from running import Pump
from web.web_kit import browser_of, make_app, path_of, words_of

from gateway.threads.channel import OutgoingFile
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView
from gateway.web.files import disposition


def test_a_file_is_a_link_with_its_name_and_comes_as_a_download(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    """Reliability 52."""
    html = OutgoingFile("이력서 & 1.html", "text/html", b"<script>alert(1)</script>")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(files=(html,)))
    for client, url in (
        (browser_of(make_app(ctx, company)), path_of(mina)),
        (browser_of(make_app(ctx, company), company.jun), f"/desk/t/{mina.thread_id}"),
    ):
        link = re.search(r'<a href="([^"]*/files/[^"]+)"[^>]*>(.*?)</a>', client.get(url).text)
        assert link
        assert re.sub("<[^>]+>", "", link[2]) == "이력서 &amp; 1.html"
        answer = client.get(link[1])
        assert answer.content == html.content
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert "filename*=UTF-8''%EC%9D%B4" in answer.headers["content-disposition"]
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_picture_stands_where_its_writer_put_it(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """Reliability 53: peers §1 row 27: from our own address, nothing from elsewhere; the second mail's signature
    brings it no more.
    """
    address = address_of(ctx, mina)
    html = '<p>My desk:</p><p><img src="cid:logo"><img src="https://track.example/x.png"></p><p>It is tidy.</p>'
    for _ in range(2):
        receive(ctx, with_picture(address, "desk.png", PNG, html=html), to=address, from_=MINA)
        pump()
    for client, url in (
        (browser_of(make_app(ctx, company)), path_of(mina)),
        (browser_of(make_app(ctx, company), company.jun), f"/desk/t/{mina.thread_id}"),
    ):
        answer = client.get(url)
        (picture,) = re.findall(r'<img src="([^"]+)"', answer.text)
        first, _second, *_ = answer.text.split("<p>It is tidy.</p>")
        assert first.index("<p>My desk:</p>") < first.index(picture)
        assert client.get(picture).content == PNG
        assert "track.example" not in answer.text
        assert "img-src 'self' data:;" in answer.headers["content-security-policy"]


def test_nobody_reads_anothers_file(ctx: Context, company: Company, mina: ApplicantView) -> None:
    """Reliability 54: DESIGN §4.8."""
    secret = OutgoingFile("secret.txt", "text/plain", b"mine")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(files=(secret,)))
    client = browser_of(make_app(ctx, company))
    link = re.search(r'href="[^"]*(/files/[^"]+)"', client.get(path_of(mina)).text)
    assert link
    other = make_applicant(ctx, company, external_id="o", name="Oskar", email="oskar@mail.example")
    assert client.get(path_of(other) + link[1]).status_code == 404
    assert client.get("/desk" + link[1]).status_code == 303


@given(st.text(min_size=1, max_size=60))
def test_a_file_name_never_breaks_the_header(name: str) -> None:
    """Reliability 37."""
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize("kind", ["text/html\r\nX: y", "nonsense", "текст/html"])
def test_a_nonsense_type_becomes_octet_stream(ctx: Context, company: Company, mina: ApplicantView, kind: str) -> None:
    file = OutgoingFile("a.bin", kind, b"x")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(files=(file,)))
    client = browser_of(make_app(ctx, company))
    link = re.search(r'href="([^"]*/files/[^"]+)"', client.get(path_of(mina)).text)
    assert link
    assert client.get(link[1]).headers["content-type"] == "application/octet-stream"


def test_a_quarantined_file_is_downloaded_only_from_the_page_that_warns(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    """GW-10: one click away for the team, after a warning; named but closed for the candidate."""
    program = OutgoingFile("cv.exe", "application/pdf", b"MZ\x90\x00" + bytes(50))
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(files=(program,)))
    candidate, desk = browser_of(make_app(ctx, company)), browser_of(make_app(ctx, company), company.jun)
    page = candidate.get(path_of(mina)).text
    assert "cv.exe" in page
    assert "/files/" not in page
    link = re.search(r'href="(/desk/files/[^"]+)"', desk.get(f"/desk/t/{mina.thread_id}").text)
    assert link
    warning = desk.get(link[1])
    assert "This file is a program" in words_of(warning.text)
    download = re.search(r'action="(/desk/files/[^"]+)"', warning.text)
    assert download
    assert desk.get(download[1]).headers["location"] == link[1]
    answer = desk.post(download[1])
    assert answer.content == program.content
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert candidate.get(f"{path_of(mina)}/files/{link[1].rpartition('/')[2]}/cv.exe").status_code == 404


def test_a_visiting_card_is_shown_as_text(ctx: Context, company: Company, mina: ApplicantView) -> None:
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:<b>Mina</b> Han\r\nTEL:+82 10\r\nEND:VCARD\r\n"
    file = OutgoingFile("me.vcf", "text/vcard", card)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(files=(file,)))
    desk = browser_of(make_app(ctx, company), company.jun)
    link = re.search(r'href="(/desk/files/[^"]+)"', desk.get(f"/desk/t/{mina.thread_id}").text)
    assert link
    page = desk.get(link[1]).text
    assert "<b>Mina" not in page
    assert "<b>Mina</b> Han" in words_of(page)
    assert "+82 10" in words_of(page)
