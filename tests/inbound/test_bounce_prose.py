"""What a bounce in prose says: whom it names, the line that tells why, whether it has given up; and who writes none."""

from __future__ import annotations

import base64

import pytest

from gateway.inbound.bounce_texts import find_reason
from gateway.inbound.bounce_words import guess_status
from gateway.inbound.mime import parse_mail
from gateway.threads.delivery import is_hard
from gateway.threads.incoming import Automatic, IncomingMail

GONE = "gone@firma.example"
OURS = "bounce+77@gateway.example"
DAEMON = "MAILER-DAEMON@mx.example"
FAILED = "Undelivered Mail Returned to Sender"


def read(subject: str, words: str, *, sender: str = DAEMON, more: str = "") -> IncomingMail:
    head = f"From: {sender}\nTo: {OURS}\nSubject: {subject}\n{more}Content-Type: text/plain; charset=utf-8\n\n"
    return parse_mail(f"{head}{words}\n".encode())


def read_report(status: str, *, encoding: str = "8bit", kind: str = "report", sender: str = DAEMON) -> IncomingMail:
    subtype = f"multipart/{kind}" + ("; report-type=delivery-status" if kind == "report" else "")
    words = base64.encodebytes(status.encode()).decode() if encoding == "base64" else status
    return parse_mail(
        f'From: {sender}\nSubject: Which address is right?\nContent-Type: {subtype}; boundary="B"\n\n'
        f"--B\nContent-Type: text/plain\n\n{GONE}\n  was turned away: no such user\n--B\n"
        f"Content-Type: message/delivery-status\nContent-Transfer-Encoding: {encoding}\n\n{words}\n--B--\n".encode()
    )


@pytest.mark.parametrize(
    "words",
    [
        f"Message-ID: <77@gateway.example>\nFrom: jobs@gateway.example\n\nYour message cannot be delivered to {GONE}",
        f"Mail from: jobs@gateway.example\nThe following could not be reached:\n  {GONE}  mailbox is full",
        f"보낸사람: jobs@gateway.example\n받는사람: {GONE}\n사유: 반송되었습니다",
        f"It could not be delivered to {GONE}: user unknown.\n\n-- \nHelpdesk\nhelp@mx.example",
        f"For help write to help@mx.example.\n\nIt could not be delivered to:\n\n  {GONE} (user unknown)",
        f"Your message for {OURS} came back.\nRecipient: [{GONE}]",
    ],
)
def test_neither_the_sender_nor_the_returned_mail_is_taken_for_the_recipient(words: str) -> None:
    assert [r.recipient for r in read(FAILED, words).reports] == [GONE]


def test_each_recipient_has_its_own_reason() -> None:
    words = (
        "Sorry.\n\n<a@x.example>: host mx.x.example said: 550 5.1.1\n    Unknown user (in reply to RCPT)"
        "\n\n<b@y.example>: host mx.y.example said: 452 4.2.2 Mailbox full\n"
    )
    first, second = read(FAILED, words).reports
    assert (first.recipient, first.status, second.recipient, second.status) == (
        "a@x.example",
        "5.1.1",
        "b@y.example",
        "4.2.2",
    )
    assert first.diagnostic.endswith("550 5.1.1 Unknown user (in reply to RCPT)")
    assert second.diagnostic.endswith("452 4.2.2 Mailbox full")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"<{GONE}>:\n1.2.3.4 does not like recipient.\nRemote host said: 550 no\n", "Remote host said: 550 no"),
        (f"<{GONE}>: mail loops back to myself", "mail loops back to myself"),
        (f"<{GONE}>: user lookup success but\n    no record found", "user lookup success but no record found"),
        (f"<{GONE}>: host said: 550\n    5.2.1 It is disabled.\n    (RCPT)\n\nBye", "5.2.1 It is disabled."),
        (f"was not delivered to:\n\n  {GONE}\n\nbecause:\n\n  User unknown", "User unknown"),
        (f"<{GONE}>:\nThis address takes no mail any more.", "This address takes no mail any more."),
        (f"{GONE}\n--- end ---\nOriginal message follows.", ""),
        (f"It could not be delivered, as there is no such list:\n\n{GONE}", "It could not be delivered, as there is"),
        (
            f"{GONE}\n550-5.1.1 The account\n550 5.1.1 does not exist.",
            "550-5.1.1 The account 550 5.1.1 does not exist.",
        ),
    ],
)
def test_a_person_is_shown_the_line_that_tells_why(text: str, reason: str) -> None:
    assert find_reason(text, GONE).startswith(reason) if reason else find_reason(text, GONE) == ""


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Remise différée : Entretien", f"La remise à {GONE} est différée. De nouvelles tentatives auront lieu."),
        ("Entrega", f"Su mensaje no se ha podido entregar todavía a {GONE}. Se seguirá intentando durante 4 días."),
        ("Доставка", f"Ваше письмо не доставлено: {GONE}. Сервер продолжит попытки доставки."),
        ("Delivery Warning", f"The message to {GONE} is still waiting to be delivered."),
        ("메일 발송 안내", f"{GONE} 님께 메일을 보내지 못했습니다. 발송을 계속 시도합니다."),
        ("Thư bị trì hoãn", f"Thư tới {GONE}: hệ thống sẽ tiếp tục thử gửi."),
    ],
)
def test_a_mail_system_that_goes_on_trying_has_not_given_up(subject: str, words: str) -> None:
    (report,) = read(subject, words).reports
    assert (report.action, report.recipient) == ("delayed", GONE)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Undeliverable: x", f"Delivery to {GONE} failed. Several attempts were unsuccessful and we stopped trying."),
        ("Unzustellbar: x", f"{GONE}: nicht zugestellt. Es werden keine weiteren Versuche unternommen."),
        ("Недоставлено", f"Письмо для {GONE} не доставлено. Попытки доставки исчерпаны."),
        ("Mail System Error - Returned Mail", f"The account is temporarily over quota.\n\n<{GONE}>"),
        ("退信", f"发给 {GONE} 的邮件被退回，请稍后重试。"),
        ("Mail failure.", f"{GONE}\n    SMTP error from remote mailer: 452 Mailbox full"),
    ],
)
def test_a_mail_system_that_has_stopped_has_given_up_whatever_it_says_of_attempts(subject: str, words: str) -> None:
    (report,) = read(subject, words).reports
    assert (report.action, report.recipient, is_hard(report.status)) == ("failed", GONE, False)


def test_a_list_of_failed_recipients_does_not_make_a_delay_a_failure() -> None:
    words = f"There was a temporary problem with {GONE}. We will retry for 46 more hours."
    mail = read("Delivery Status Notification (Delay)", words, more=f"X-Failed-Recipients: {GONE}\n")
    assert [r.action for r in mail.reports] == ["delayed"]


def test_a_final_failure_with_a_transient_code_is_soft_and_no_delay() -> None:
    words = f"The following message to <{GONE}> was undeliverable.\n4.1.2 - Bad destination host 'DNS Soft Error'"
    (report,) = read("Delivery Status Notification (Failure)", words).reports
    assert (report.action, is_hard(report.status)) == ("failed", False)


@pytest.mark.parametrize(("subject", "action"), [("Delivered: Interview", "delivered"), ("Relayed: x", "relayed")])
def test_a_notice_of_arrival_in_prose_is_a_report(subject: str, action: str) -> None:
    mail = read(subject, f"Delivery to these recipients is complete:\n\n{GONE}")
    assert mail.automatic is Automatic.BOUNCE
    assert [(r.action, r.recipient) for r in mail.reports] == [(action, GONE)]


@pytest.mark.parametrize(
    "words",
    [
        "Skrzynka pocztowa adresata jest przepełniona",
        "La boîte aux lettres du destinataire est pleine",
        "A címzett postaládája megtelt",
        "받는 사람의 사서함이 가득 찼습니다",
        "กล่องจดหมายของผู้รับเต็ม",
        "Mottagarens postlåda är full",
    ],
)
def test_a_full_mailbox_is_known_in_many_languages(words: str) -> None:
    assert guess_status(words) == "5.2.2"


def test_a_mailbox_with_full_details_elsewhere_is_not_full() -> None:
    assert guess_status("mailbox unavailable: user unknown. For full details see below") == "5.1.1"


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_a_report_is_read_however_it_is_encoded_and_its_reason_is_sought_in_the_text(encoding: str) -> None:
    mail = read_report(f"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; {GONE}\nAction: failed\n", encoding=encoding)
    assert [(r.recipient, r.diagnostic) for r in mail.reports] == [(GONE, "was turned away: no such user")]


@pytest.mark.parametrize(
    "fields",
    [
        f"Final-Recepient: rfc822; {GONE}\nAction: failed\nStatus: 5.1.1\n",
        f"Final_Recipient : rfc822; {GONE}\nAction : failed\nStatus : 5.1.1\n",
        f"\n\nFinal-Recipient: rfc822; {GONE}\n\nAction: failed\n\nStatus: 5.1.1\n",
        f"Original-Recipient: rfc822; {GONE}\nAction: failed\nStatus: 5.1.1\n"
        "Original-Recipient: rfc822; other@x.example\nAction: failed\nStatus: 5.2.2\n",
    ],
)
@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_fields_may_be_misspelled_torn_apart_or_run_together(fields: str, encoding: str) -> None:
    reports = read_report(f"Reporting-MTA: dns; x\n\n{fields}", encoding=encoding).reports
    assert [r.recipient for r in reports] == [GONE, "other@x.example"][: len(reports)]
    assert (len(reports), reports[0].status) == (2 if "other@" in fields else 1, "5.1.1")


def test_an_address_in_utf_8_may_be_escaped() -> None:
    mail = read_report(
        "Reporting-MTA: dns; x\n\nFinal-Recipient: utf-8; \\x{D64D}\\x{AE38}@x.example\nAction: failed\n"
    )
    assert mail.reports[0].recipient == "홍길@x.example"


def test_a_person_who_encloses_a_report_does_not_send_one() -> None:
    status = f"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; {GONE}\nAction: failed\n"
    mail = read_report(status, kind="mixed", sender="Anna <anna@example.org>")
    assert (mail.reports, mail.automatic) == ((), Automatic.NO)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Respuesta automática: x", "No he podido leer su mensaje. No se pudo entregar. Escriba a jo@firma.example."),
        ("Re: Interview", "Mail to my old account is not delivered to anybody. Please write to jo@firma.example."),
        ("Out of office", "For undeliverable mail write to jo@firma.example."),
    ],
)
def test_an_absence_notice_that_speaks_of_delivery_fails_nobody(subject: str, words: str) -> None:
    mail = read(subject, words, sender="Jo <jo@firma.example>", more="Return-Path: <>\nAuto-Submitted: auto-replied\n")
    assert (mail.reports, mail.automatic) == ((), Automatic.REPLY)


def test_a_person_whose_name_sounds_like_a_mail_system_may_speak_of_bounces() -> None:
    words = f"I ran mail systems: user unknown (550 5.1.1) for {GONE} was my daily bread."
    mail = read("Application", words, sender="Minji Kim, Mail Server Admin <minji@example.org>")
    assert (mail.reports, mail.automatic) == ((), Automatic.NO)


def test_headers_of_the_returned_mail_may_be_a_file_or_indented() -> None:
    raw = (
        f'From: {DAEMON}\nSubject: {FAILED}\nContent-Type: multipart/mixed; boundary="B"\n\n'
        f"--B\nContent-Type: text/plain\n\n<{GONE}>: no such user\n--B\n"
        'Content-Type: text/plain; name="headers.txt"\n\nMessage-ID: <77@gateway.example>\n--B--\n'
    )
    indented = f"{GONE} could not be reached.\n\n  Message-id: <77@gateway.example>\n"
    for mail in (parse_mail(raw.encode()), read(FAILED, indented)):
        assert [r.original_message_id for r in mail.reports] == ["77@gateway.example"]
