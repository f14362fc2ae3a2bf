"""The conversation through other people's programs: Postfix in front and behind, Maildir and IMAP, mutt at both ends.

Seeds §7.1 no. 1 and 3 (SJ-1 … SJ-16, GW-4 … GW-7).
"""

from __future__ import annotations

import imaplib
from base64 import b64encode
from pathlib import Path
from typing import Any

from real.dovecot import PASSWORD
from real.gateway import CONTACT, Gateway
from real.mail import plain_text, read
from real.mutt import Writer, answer_with_mutt
from real.network import Post
from real.programs import run_program

MINHO = Writer("minho@moalabs.example", "Minho Park", signature="Minho Park\nminho@moalabs.example")


def test_mail_there_and_back(gateway: Gateway, post: Post, tmp_path: Path) -> None:
    mina = Writer("mina@mail.example", "Mina Han")
    applicant = gateway.add_applicant("mina", mina.address, notify=("minho@moalabs.example", "list@moalabs.example"))
    thread = applicant["thread_id"]
    assert gateway.post(thread, "When could you come?")["seq"] == 1
    first = post.box("mina").wait(1)
    assert "When could you come?" in plain_text(first)
    assert applicant["portal_url"] in plain_text(first)

    answer_with_mutt(
        tmp_path / "mina",
        mina,
        mailbox=post.box("mina").path,
        to=first,
        words="Tuesday at two.",
        smtp_port=post.provider.port,
    )
    said = gateway.wait_messages(thread, 2)[1]
    assert (said["author"]["kind"], said["came_in_by"], said["text"]) == ("candidate", "email", "Tuesday at two.")
    assert "When could you come?" in said["folded"]
    assert "Tuesday at two." in plain_text(post.box("list").wait(1))
    notice = post.box("minho").wait(1)
    assert "mina@mail.example" not in read(notice)["From"]

    answer_with_mutt(
        tmp_path / "minho",
        MINHO,
        mailbox=post.box("minho").path,
        to=notice,
        words="See you then.",
        smtp_port=post.provider.port,
    )
    assert gateway.wait_messages(thread, 3)[2]["author"]["name"] == "Minho Park"
    second = post.box("mina").wait(2)
    assert read(second)["From"].startswith('"Minho Park')
    assert "See you then." in plain_text(second)
    assert read(first)["Message-ID"] in read(second)["References"]

    imap = f"imap://mina%40mail.example@127.0.0.1:{post.dovecot.port}/INBOX"
    answer_with_mutt(
        tmp_path / "imap",
        mina,
        mailbox=imap,
        to=second,
        words="I will be there.",
        smtp_port=post.provider.port,
        password=PASSWORD,
    )
    said = gateway.wait_messages(thread, 4)
    assert [(m["author"]["kind"], m["came_in_by"]) for m in said] == [
        ("ats", "api"),
        ("candidate", "email"),
        ("member", "email"),
        ("candidate", "email"),
    ]
    assert said[3]["text"] == "I will be there."


def test_rejected_candidate_is_answered_once(gateway: Gateway, post: Post, tmp_path: Path) -> None:
    """SJ-14 … SJ-16, GW-6: five tries, one notice; the company can still write; restoring opens."""
    writer, box = Writer("reject@mail.example", "Mina Han"), post.box("reject")
    applicant = gateway.add_applicant("reject", writer.address)
    thread = applicant["thread_id"]
    gateway.post(thread, "Thank you for your time.")
    first = box.wait(1)
    gateway.api("POST", "/applicants/reject/stage", stage="rejected")
    address = gateway.reply_address(thread, writer.address)
    answer_with_mutt(tmp_path, writer, mailbox=box.path, to=first, words="Why?", smtp_port=post.provider.port)
    notice = box.wait(2)
    assert CONTACT in plain_text(notice)
    assert read(notice)["Auto-Submitted"] == "auto-replied"
    assert read(notice)["Return-Path"] == "<>"
    for n in range(4):
        swaks_to(post, writer.address, address, f"Why, for the {n + 2}nd time?")
    gateway.wait_entry(address, "refused", 5)
    assert [m["text"] for m in gateway.messages(thread)] == ["Thank you for your time."]
    gateway.post(thread, "Please send us your address for the letter.")
    assert "your address" in plain_text(box.wait(3))  # and no second notice before it
    gateway.api("POST", "/applicants/reject/stage", stage="restored")
    swaks_to(post, writer.address, address, "Here it is.")
    assert gateway.wait_messages(thread, 3)[2]["text"] == "Here it is."


def test_out_of_office_is_never_answered(gateway: Gateway, post: Post) -> None:
    """GW-5: the mailbox answers by itself, to the return path; open or closed, nothing comes back."""
    applicant, box = gateway.add_applicant("away", "away@mail.example"), post.box("away")
    thread = applicant["thread_id"]
    first = gateway.post(thread, "Are you there?")
    box.wait(1)
    returned = read(box.raws()[0])["Return-Path"].strip("<>")
    entry = gateway.wait_entry(returned, "ignored")
    assert entry["reason"] == "automatic_reply"
    gateway.api("POST", "/applicants/away/stage", stage="rejected")
    address = gateway.reply_address(thread, "away@mail.example")
    headers = ["--header", "Auto-Submitted: auto-replied", "--header", "Precedence: bulk"]
    swaks_to(post, "away@mail.example", address, "I am away.", *headers)
    assert gateway.wait_entry(address, "ignored")["reason"] == "automatic_reply"
    gateway.post(thread, "We wish you all the best.")
    assert "all the best" in plain_text(box.wait(2))
    assert len(gateway.messages(thread)) == 2
    assert gateway.api("GET", f"/deliveries/{first['deliveries'][0]['id']}")["state"] == "accepted"


def test_files_of_the_company_reach_the_mailbox(gateway: Gateway, post: Post) -> None:
    """SJ-8: what the ATS attaches is fetched by IMAP to the last bit, under its name."""
    content = bytes(range(256)) * 300 + b"\r\n.\r\n\nFrom here\n"
    thread = gateway.add_applicant("files", "imap@mail.example", name="김민아", locale="ko")["thread_id"]
    file = {"filename": "근로 계약서.pdf", "content_type": "application/pdf", "content": b64encode(content).decode()}
    gateway.post(thread, "계약서를 보내 드립니다.", attachments=[file])
    post.box("imap").wait(1)
    with imaplib.IMAP4("127.0.0.1", post.dovecot.port, timeout=20) as client:
        client.login("imap@mail.example", PASSWORD)
        client.select()
        data: Any = client.fetch("1", "(RFC822)")[1]
    (part,) = read(data[0][1]).iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("근로 계약서.pdf", content)
    assert "계약서를 보내 드립니다." in plain_text(data[0][1])


def swaks_to(post: Post, sender: str, rcpt: str, text: str, *more: str) -> None:
    """A mail by swaks, from the sender's provider."""
    command = ["swaks", "--server", f"127.0.0.1:{post.provider.port}", "--from", sender, "--to", rcpt]
    run_program([*command, "--header", "Subject: Re: Engineer", "--body", text, *more])
