"""What a bounce says: whom it could not reach, why, and which of our mails it speaks of."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.inbound.mime import parse_mail
from gateway.threads.delivery import is_hard
from gateway.threads.incoming import Automatic

EMAILS = Path(__file__).parent.parent / "emails"


@pytest.mark.parametrize(
    ("name", "action", "status", "recipient", "original"),
    [
        (
            "dsn_postfix_user_unknown",
            "failed",
            "5.1.1",
            "nobody@firma.example",
            "delivery-77@gateway.example",
        ),
        (
            "dsn_delayed_with_returned_mail",
            "delayed",
            "4.4.1",
            "late@firma.example",
            "delivery-77@gateway.example",
        ),
        ("bounce_gmail_failed_recipients", "failed", "5.1.1", "gone@gmail.example", ""),
        ("bounce_qmail_text", "failed", "5.1.1", "nobody@firma.example", "delivery-78@gateway.example"),
        ("bounce_naver_ko_text", "failed", "5.1.1", "gone@naver.example", ""),
    ],
)
def test_a_bounce_names_recipient_reason_and_mail(
    name: str, action: str, status: str, recipient: str, original: str
) -> None:
    (report,) = parse_mail((EMAILS / f"{name}.eml").read_bytes()).reports
    assert (report.action, report.status, report.recipient) == (action, status, recipient)
    assert report.original_message_id == original


def test_the_diagnostic_is_unfolded() -> None:
    (report,) = parse_mail((EMAILS / "dsn_postfix_user_unknown.eml").read_bytes()).reports
    assert report.diagnostic == "550 5.1.1 <nobody@firma.example>: Recipient address rejected: User unknown"


def test_every_recipient_of_a_report_is_named() -> None:
    blocks = b"".join(
        b"\r\nFinal-Recipient: rfc822; r%d@x.example\r\nAction: failed\r\nStatus: 5.0.0\r\n" % i for i in range(3)
    )
    raw = (
        b"From: MAILER-DAEMON@x.example\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n" + blocks + b"\r\n--b--\r\n"
    )
    assert [r.recipient for r in parse_mail(raw).reports] == ["r0@x.example", "r1@x.example", "r2@x.example"]


def test_a_vague_status_gives_way_to_the_code_of_the_diagnostic() -> None:
    raw = (
        b"From: MAILER-DAEMON@x.example\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; r@x.example\r\nAction: failed\r\nStatus: 5.0.0 (permanent failure)\r\n"
        b"Diagnostic-Code: smtp; 550-5.1.1 The account does not exist.\r\n\r\n--b--\r\n"
    )
    assert [r.status for r in parse_mail(raw).reports] == ["5.1.1"]


@pytest.mark.parametrize(
    ("status", "diagnostic", "meant", "hard"),
    [
        ("5.0.0", "550 Invalid recipient", "5.1.1", True),
        ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", "5.1.1", True),
        ("5.1.0", "Domain x.example does not accept mail (nullMX)", "5.1.2", True),
        ("5.4.4", "Host or domain name not found. Name service error for name=x.example", "5.4.4", True),
        ("5.7.1", "550 5.7.1 No such user!", "5.1.1", True),
        ("5.7.1", "550 5.7.1 Sender domain does not exist", "5.7.1", False),
        ("5.0.0", "550 Reverse DNS lookup failed: PTR record does not exist", "5.7.1", False),
        ("5.0.0", "550 Administrative prohibition - envelope blocked", "5.7.1", False),
        ("5.7.0", "554 5.7.0 Rejected", "5.7.0", False),
        ("4.0.0", "452 The mailbox is full", "4.2.2", False),
    ],
)
def test_what_the_words_say_outweighs_a_vague_status(status: str, diagnostic: str, meant: str, hard: bool) -> None:
    raw = (
        "From: MAILER-DAEMON@x.example\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        f"Final-Recipient: rfc822; r@x.example\r\nAction: failed\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\n\r\n--b--\r\n"
    )
    (report,) = parse_mail(raw.encode()).reports
    assert (report.status, is_hard(report.status)) == (meant, hard)


def test_a_bounce_that_is_only_html_is_read() -> None:
    raw = (
        "From: MAILER-DAEMON@x.example\r\nSubject: 메일 발송 실패 안내\r\n"
        "Content-Type: text/html; charset=utf-8\r\n\r\n"
        "<p>메일이 발송되지 않았습니다.</p><table><tr><td>받는 사람</td><td>gone@firma.example</td></tr>"
        "<tr><td>원인</td><td>수신자의 메일함 용량이 초과되었습니다.</td></tr></table>"
    )
    mail = parse_mail(raw.encode())
    assert mail.automatic is Automatic.BOUNCE
    assert [(r.recipient, r.status) for r in mail.reports] == [("gone@firma.example", "5.2.2")]


def test_of_several_addresses_the_one_on_its_own_line_failed() -> None:
    words = "They could not be delivered, because they accept no mail from hr@firma.example:\r\n\tgone@x.example\r\n"
    raw = f"From: MAILER-DAEMON@x.example\r\nSubject: Mail Delivery Problem\r\n\r\n{words}"
    assert [r.recipient for r in parse_mail(raw.encode()).reports] == ["gone@x.example"]


def test_a_server_that_gave_up_is_not_waited_for() -> None:
    words = "I wasn't able to deliver your message.\r\n\r\n"
    words += "<gone@x.example>:\r\nCNAME lookup failed. (#4.4.3)\r\nI'm not going to try again.\r\n"
    raw = f"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n{words}"
    assert [(r.action, r.status) for r in parse_mail(raw.encode()).reports] == [("failed", "4.4.3")]


def test_an_absence_notice_without_return_path_is_no_report() -> None:
    words = b"I am away, so expect a delay; my mail is still being processed. Room 550 -\r\nask eva@firma.example.\r\n"
    raw = b"Return-Path: <>\r\nFrom: jan@firma.example\r\nSubject: Out of office\r\n\r\n" + words
    mail = parse_mail(raw)
    assert (mail.reports, mail.automatic) == ((), Automatic.REPLY)


def test_a_person_who_tells_of_a_bounce_makes_no_report() -> None:
    words = b"My mail to jan@y.example was not delivered, 550 5.1.1 user unknown.\r\n"
    assert parse_mail(b"From: sam@x.example\r\nSubject: Re: mail\r\n\r\n" + words).reports == ()
