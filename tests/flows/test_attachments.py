"""Files of mails and posts: quarantined, limited, scanned; nothing is lost (GW-10, PE-P2)."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from cast import HR, MINA, Company, as_candidate, make_mail
from fakes import FakeChannel
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from flows.test_mail_rules import entries
from gateway.errors import Invalid, NotFound
from gateway.threads.attachment import Attachment, split_at_pictures
from gateway.threads.channel import OutgoingFile
from gateway.threads.incoming import Scan, ScanResult
from gateway.threads.policies.attachments import is_picture
from gateway.usecases.context import Context
from gateway.usecases.open_file import open_quarantined
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after, read_file, read_page
from gateway.usecases.review_inbox import list_entries, read_raw, release, replay
from gateway.usecases.views import ApplicantView

EXE = b"MZ\x90\x00" + bytes(200)


def dangers(ctx: Context, company: Company, view: ApplicantView) -> dict[str, str]:
    message = messages_after(ctx, company.as_jun, view.thread_id)[-1].message
    return {a.filename: a.danger for a in message.attachments}


@both_databases
def test_a_program_in_a_mail_is_kept_but_goes_nowhere(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    address = address_of(ctx, mina)
    raw = make_mail("my work", to=address, files={"cv.pdf": b"%PDF-1.7", "photo.jpg": EXE, "site.pdf": b"<html>"})
    receive(ctx, raw, to=address, from_=MINA)
    pump()
    assert dangers(ctx, company, mina) == {"cv.pdf": "", "photo.jpg": "program", "site.pdf": "disguised"}
    (told,) = channel.to(HR)
    assert [f.filename for f in told.files] == ["cv.pdf"]
    assert "photo.jpg" in told.text
    (message,) = messages_after(ctx, company.as_jun, mina.thread_id)
    program = message.message.attachments[1]
    with pytest.raises(NotFound):
        read_file(ctx, as_candidate(ctx, mina), program.id)
    assert open_quarantined(ctx, company.as_jun, program.id).content == EXE


def test_a_recruiters_program_is_not_passed_on(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    files = (
        OutgoingFile("tool.exe", "application/octet-stream", EXE),
        OutgoingFile("plan.pdf", "application/pdf", b"%PDF"),
    )
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="see", files=files))
    pump()
    (mail,) = channel.to(MINA)
    assert [f.filename for f in mail.files] == ["plan.pdf"]
    assert "tool.exe" not in mail.text + mail.html


@pytest.fixture
def settings_values() -> dict[str, Any]:
    return {"mail_max_files": 3, "mail_max_file_bytes": 1024}


def test_more_files_than_are_taken_stay_in_the_raw_mail_and_the_desk_says_so(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    address = address_of(ctx, mina)
    raw = make_mail(
        "all of it",
        to=address,
        files={"1.txt": b"x" * 2000, "2.txt": b"2", "3.txt": b"3", "4.txt": b"4", "5.txt": b"5"},
    )
    receive(ctx, raw, to=address, from_=MINA)
    pump()
    assert dangers(ctx, company, mina) == {"2.txt": "", "3.txt": "", "4.txt": ""}
    page = read_page(ctx, company.as_jun, mina.thread_id)
    (told,) = [h for h in page.happenings if h.name == "inbox.files_left"]
    assert told.data["count"] == "2"
    assert read_raw(ctx, company.as_jun, told.data["entry_id"]) == raw


class FakeScanner:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.result = ScanResult(Scan.CLEAN)

    def __call__(self, content: bytes) -> ScanResult:
        return self.result


def test_an_infected_mail_is_held_and_its_files_stay_in_quarantine(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    scanner = FakeScanner()
    ctx = replace(ctx, scan=scanner)
    address = address_of(ctx, mina)
    scanner.result = ScanResult(Scan.INFECTED, "Eicar-Test-Signature")
    receive(ctx, make_mail("look", to=address, files={"a.txt": b"a"}), to=address, from_=MINA)
    Pump(ctx)()
    assert entries(ctx, company) == [("held", "infected")]
    assert texts(ctx, company, mina) == []
    (entry,) = list_entries(ctx, company.as_jun)[0]
    release(ctx, company.as_jun, entry.id)
    assert dangers(ctx, company, mina) == {"a.txt": "infected"}


def test_without_an_answer_of_the_scanner_the_mail_waits_and_can_be_tried_again(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    scanner = FakeScanner()
    ctx = replace(ctx, scan=scanner)
    address = address_of(ctx, mina)
    scanner.result = ScanResult(Scan.FAILED, "the virus scanner did not answer in time")
    receive(ctx, make_mail("look", to=address, files={"a.txt": b"a"}), to=address, from_=MINA)
    Pump(ctx)()
    assert entries(ctx, company) == [("held", "not_scanned")]
    scanner.result = ScanResult(Scan.CLEAN)
    (entry,) = list_entries(ctx, company.as_jun)[0]
    assert replay(ctx, company.as_jun, entry.id).state == "threaded"
    assert dangers(ctx, company, mina) == {"a.txt": ""}


def test_an_infected_upload_is_turned_away_by_name(ctx: Context, company: Company, mina: ApplicantView) -> None:
    scanner = FakeScanner()
    ctx = replace(ctx, scan=scanner)
    new = NewMessage(text="hi", files=(OutgoingFile("a.txt", "text/plain", b"a"),))
    scanner.result = ScanResult(Scan.INFECTED, "Eicar")
    with pytest.raises(Invalid, match=r"a\.txt") as refused:
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, new)
    assert refused.value.code == "file_infected"
    scanner.result = ScanResult(Scan.FAILED, "away")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, new)
    assert dangers(ctx, company, mina) == {"a.txt": "not_scanned"}


PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


def with_picture(address: str, name: str, content: bytes, *, html: str = "<p>Yes <img src='cid:logo'></p>") -> bytes:
    """A mail in HTML with a picture among its words, as many signatures have it."""
    mail = message_from_bytes(make_mail("Yes", to=address, html=html), policy=SMTP)
    assert isinstance(mail, EmailMessage)
    mail.make_mixed()
    mail.add_attachment(content, maintype="image", subtype="png", filename=name, disposition="inline", cid="<logo>")
    return mail.as_bytes()


def test_the_picture_of_a_signature_is_shown_once_in_a_thread(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """SJ-7: by its content. Another picture, and the same one as a file, are shown."""
    address = address_of(ctx, mina)
    for name, content in (("logo.png", PNG), ("image001.png", PNG), ("map.png", PNG + b"other")):
        receive(ctx, with_picture(address, name, content), to=address, from_=MINA)
        pump()
    for viewer in (company.as_jun, as_candidate(ctx, mina)):
        files = [s.message.attachments[0] for s in read_page(ctx, viewer, mina.thread_id).messages]
        assert [(f.filename, is_picture(f), f.repeated) for f in files] == [
            ("logo.png", True, False),
            ("image001.png", True, True),
            ("map.png", True, False),
        ]
    (last,) = messages_after(ctx, company.as_jun, mina.thread_id, after=2)
    assert not last.message.attachments[0].repeated
    (second, _) = messages_after(ctx, company.as_jun, mina.thread_id, after=1)
    assert second.message.attachments[0].repeated


def test_a_picture_among_the_words_keeps_its_place(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """Peers §1 row 27. A recruiter's words are changed on the way to the candidate: theirs stand below them."""
    address = address_of(ctx, mina)
    html = '<p>My desk:</p><p><img src="cid:logo"></p><p>It is tidy.</p><p><img src="cid:lost"></p>'
    receive(ctx, with_picture(address, "desk.png", PNG, html=html), to=address, from_=MINA)
    pump()
    (shown,) = messages_after(ctx, as_candidate(ctx, mina), mina.thread_id)
    assert shown.message.text == "My desk:\n\nIt is tidy."
    pieces = split_at_pictures(shown.message.text, shown.message.attachments)
    assert [p.filename if isinstance(p, Attachment) else p.strip() for p in pieces] == [
        "My desk:",
        "desk.png",
        "It is tidy.",
    ]


def test_a_disguised_picture_has_no_place_among_the_words(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """Reliability 38."""
    address = address_of(ctx, mina)
    receive(ctx, with_picture(address, "desk.png", EXE), to=address, from_=MINA)
    pump()
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert [(a.place, a.danger) for a in shown.message.attachments] == [(None, "program")]
