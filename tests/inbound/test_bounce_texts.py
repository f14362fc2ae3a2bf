"""Bounces in the words of mail systems that send no report, or none that is whole (RFC 3464), and what they mean."""

from __future__ import annotations

import pytest

from gateway.inbound.bounce_words import guess_status
from gateway.inbound.mime import parse_mail
from gateway.threads.incoming import Automatic, DeliveryReport

GONE = "gone@firma.example"
TEXTS = {
    "exchange": (
        "postmaster@firma.example",
        "Undeliverable: Interview",
        f"Delivery has failed to these recipients or groups:\n\n{GONE}\nThe email address you entered "
        f"couldn't be found. "
        "Please check the recipient's email address and try to resend the message.\n\nDiagnostic information for "
        "administrators:\n\nGenerating server: EX01.firma.example\n\n"
        f"{GONE}\n#550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup ##\n",
        "5.1.10",
    ),
    "m365": (
        "postmaster@outlook.example",
        "Undeliverable: Interview",
        f"Your message to {GONE} couldn't be delivered.\n\ngone wasn't found at firma.example.\n\nUnknown To address\n",
        "5.1.1",
    ),
    "m365 blocked": (
        "postmaster@outlook.example",
        "Undeliverable: Interview",
        f"Your message to {GONE} couldn't be delivered.\n\nfirma.example suspects your message is "
        f"spam and rejected it.\n",
        "5.7.1",
    ),
    "gmail": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        f"** Address not found **\n\nYour message wasn't delivered to {GONE} because the address "
        f"couldn't be found, or is "
        "unable to receive mail.\n",
        "5.1.1",
    ),
    "gmail full": (
        "mailer-daemon@googlemail.example",
        "Delivery Status Notification (Failure)",
        f"Your message wasn't delivered to {GONE} because the recipient's mailbox is full and can't "
        f"accept messages now.\n"
        "The response was:\n\n452 4.2.2 The email account that you tried to reach is over quota.\n",
        "4.2.2",
    ),
    "naver": (
        "mailer-daemon@naver.example",
        "메일 전송 실패 안내",
        f"메일 전송에 실패하였습니다.\n받는 사람: {GONE}\n사유: 받는 사람의 메일 주소가 존재하지 않습니다.\n",
        "5.1.1",
    ),
    "naver dormant": (
        "mailer-daemon@naver.example",
        "메일 전송 실패 안내",
        f"메일 전송에 실패하였습니다.\n받는 사람: {GONE}\n사유: 휴면 상태의 사용자입니다.\n",
        "5.2.1",
    ),
    "daum": (
        "postmaster@hanmail.example",
        "메일이 전송되지 않았습니다",
        f"보내신 메일이 다음과 같은 이유로 배달되지 못했습니다.\n{GONE}\n수신자의 메일함 용량이 초과되었습니다.\n",
        "5.2.2",
    ),
    "qmail": (
        "MAILER-DAEMON@mx.example",
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your "
        "message to the following "
        f"addresses.\nThis is a permanent error; I've given up. Sorry it didn't work "
        f"out.\n\n<{GONE}>:\nSorry, no mailbox "
        "here by that name. (#5.1.1)\n",
        "5.1.1",
    ),
    "yahoo japan": (
        "MAILER-DAEMON@yahoo.example",
        "failure notice",
        f"お送りいただいたメールは配信できませんでした。\n\n<{GONE}>:\n宛先のメールアドレスが見つかりませんでした。\n",
        "5.1.1",
    ),
    "mail.ru": (
        "mailer-daemon@mail.example",
        "Mail failure.",
        f"Ваше письмо не было доставлено следующему получателю:\n\n{GONE}\nТакого пользователя не существует\n",
        "5.1.1",
    ),
    "yandex": (
        "mailer-daemon@yandex.example",
        "Недоставленное сообщение",
        f"Это письмо отправлено почтовым сервером.\nК сожалению, письмо не может быть "
        f"доставлено:\n<{GONE}>: почтовый ящик "
        "получателя переполнен\n",
        "5.2.2",
    ),
    "seznam": (
        "MAILER-DAEMON@seznam.example",
        "Nedoručitelný e-mail",
        f"Vaši zprávu se nepodařilo doručit.\nPříjemce: {GONE}\nDůvod: schránka neexistuje\n",
        "5.1.1",
    ),
    "postfix": (
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you that your "
        "message could not\nbe "
        f"delivered to one or more recipients.\n\n<{GONE}>: Host or domain name not found. Name service error for\n"
        "    name=firma.example type=A: Host not found\n",
        "5.1.2",
    ),
    "exim": (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to one or more of its\nrecipients. This is a "
        "permanent error.\n\n"
        f"  {GONE}\n    Unrouteable address\n",
        "5.1.2",
    ),
    "exim timeout": (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        f"This is a permanent error. The following address(es) failed:\n\n  {GONE}\n    retry timeout exceeded\n",
        "5.4.7",
    ),
    "exim, still trying": (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Warning: message 1abc delayed 24 hours",
        "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours "
        f"on the queue on mx.example.\n\nThe address is:\n\n  {GONE}\n\nDelivery attempts will continue.\n",
        "4.0.0",
    ),
    "qq, no space around the address": (
        "postmaster@qq.example",
        "系统退信",
        f"很抱歉您的邮件被退回。\n收件人邮件地址（{GONE}）不存在，邮件无法送达。\n",
        "5.1.1",
    ),
    "docomo": (
        "Mail Administrator <Postmaster@docomo.example>",
        "Mail System Error - Returned Mail",
        f"次のあて先へのメッセージはエラーのため送信できませんでした。\n\n<{GONE}>: 550 Unknown user {GONE}\n",
        "5.1.1",
    ),
    "spanish, full": (
        "postmaster@correo.example",
        "No se puede entregar: Entrevista",
        f"No se ha podido entregar su mensaje a {GONE}: el buzón está lleno.\n",
        "5.2.2",
    ),
    "italian": (
        "mailer-daemon@posta.example",
        "Mancata consegna: Colloquio",
        f"Il messaggio non è stato consegnato.\nDestinatario: {GONE}\nL'indirizzo non esiste.\n",
        "5.1.1",
    ),
    "gmx": (
        "GMX Mailer Daemon <mailer-daemon@gmx.example>",
        "Mail delivery failed: returning message to sender",
        f"This is a permanent error.\n\nThe following address failed:\n\n{GONE}:\n"
        "reason: 550 Requested action not taken: mailbox unavailable\n",
        "5.1.1",
    ),
    "postfix, still trying": (
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Delayed Mail (still being retried)",
        "YOUR MESSAGE IS STILL BEING PROCESSED: WARNING ONLY\n\nYour message could not be delivered for more than 4 "
        f"hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<{GONE}>: Connection timed out\n",
        "4.4.7",
    ),
    "french": (
        "postmaster@firma.example",
        "Non remis : Entretien",
        f"Échec de la remise pour {GONE}.\nL'adresse de messagerie que vous avez entrée est introuvable.\n",
        "5.1.1",
    ),
    "korean, taken for spam": (
        "mailer-daemon@mail.example",
        "반송 메일 안내",
        f"메일이 반송되었습니다.\n받는사람: {GONE}\n원인: 수신 서버에서 스팸으로 차단하였습니다.\n",
        "5.7.1",
    ),
    "ukrainian, full": (
        "mailer-daemon@ukr.example",
        "Лист не доставлено",
        f"Ваш лист не вдалося доставити.\nОдержувач: {GONE}\nПоштова скринька переповнена.\n",
        "5.2.2",
    ),
    "mdaemon": (
        "MDaemon at firma.example <MDaemon@firma.example>",
        "Permanent Delivery Failure",
        "The attached message had PERMANENT fatal delivery errors!\n\n"
        f"Failed address: {GONE}\n\n 10:00:00: <-- 550 5.1.1 <{GONE}>: unknown user account\n",
        "5.1.1",
    ),
    "german prose": (
        "mailer-daemon@firma.example",
        "Nachricht nicht zustellbar",
        f"Ihre Nachricht konnte an die folgende Adresse nicht zugestellt werden:\n\n{GONE}:\nQuota exceeded\n",
        "5.2.2",
    ),
    "ironport": (
        "Mail Delivery System <MAILER-DAEMON@mx.example>",
        "Delivery Status Notification (Failure)",
        f"The following message to <{GONE}> was undeliverable.\n"
        f"5.1.0 - Unknown address error 550-'5.1.1 unknown or illegal alias: {GONE}'\n",
        "5.1.1",
    ),
    "notes, no route": (
        "postmaster@firma.example",
        "DELIVERY FAILURE: No route found to domain firma.example",
        f"Your message was not delivered to:\n\n   {GONE}\n\nbecause:\n\n   No route found to domain firma.example\n",
        "5.1.2",
    ),
    "only a code": (
        "MAILER-DAEMON@mx.example",
        "Undelivered Mail Returned to Sender",
        f"<{GONE}>: mail loops back to myself\n\n550 5.4.6 Too many hops\n",
        "5.4.6",
    ),
    "sendmail": (
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Returned mail: see transcript for details",
        "   ----- The following addresses had permanent fatal errors -----\n"
        f"<{GONE}>\n    (reason: 550 <{GONE}>... User unknown)\n",
        "5.1.1",
    ),
}


def bounce(sender: str, subject: str, words: str) -> bytes:
    head = f"Return-Path: <>\nFrom: {sender}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n"
    return f"{head}{words}\n--- Below this line is a copy of the message.\n\nSubject: Interview\n\nours".encode()


@pytest.mark.parametrize("system", TEXTS)
def test_a_bounce_in_prose_is_understood(system: str) -> None:
    sender, subject, words, status = TEXTS[system]
    mail = parse_mail(bounce(sender, subject, words))
    assert mail.automatic is Automatic.BOUNCE
    (report,) = mail.reports
    assert (report.recipient, report.status) == (GONE, status)
    assert report.action == ("delayed" if "still trying" in system else "failed")


def test_words_without_a_known_reason_still_say_that_it_failed() -> None:
    mail = parse_mail(bounce("MAILER-DAEMON@x.example", "failure notice", f"{GONE}: undeliverable for some reason"))
    assert mail.reports == (DeliveryReport("failed", "", GONE, mail.reports[0].diagnostic),)
    assert guess_status("some reason") == ""
