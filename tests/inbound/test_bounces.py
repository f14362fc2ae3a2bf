"""What a bounce says: whom it could not reach, why, and which of our mails it speaks of."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.inbound.mime import parse_mail
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


def test_an_absence_notice_without_return_path_is_no_report() -> None:
    words = b"I am away, so expect a delay; my mail is still being processed. Room 550 -\r\nask eva@firma.example.\r\n"
    raw = b"Return-Path: <>\r\nFrom: jan@firma.example\r\nSubject: Out of office\r\n\r\n" + words
    mail = parse_mail(raw)
    assert (mail.reports, mail.automatic) == ((), Automatic.REPLY)


def test_a_person_who_tells_of_a_bounce_makes_no_report() -> None:
    words = b"My mail to jan@y.example was not delivered, 550 5.1.1 user unknown.\r\n"
    assert parse_mail(b"From: sam@x.example\r\nSubject: Re: mail\r\n\r\n" + words).reports == ()
