"""Bounces in the language of whoever sent the mail: known by sender and subject, whatever their words (RFC 3464)."""

from __future__ import annotations

import pytest

from gateway.inbound.mime import parse_mail
from gateway.threads.incoming import Automatic, IncomingMail

GONE = "gone@firma.example"
GMAIL = "Mail Delivery Subsystem <mailer-daemon@googlemail.example>"
NOT_FOUND = {
    "sv": f"Ditt meddelande levererades inte till {GONE} eftersom adressen inte hittades.",
    "de": f"Ihre Nachricht wurde nicht an {GONE} zugestellt, weil die Adresse nicht gefunden wurde.",
    "fr": f"Votre message n'est pas parvenu à {GONE}, car l'adresse est introuvable.",
    "es": f"Tu mensaje no se ha entregado a {GONE} porque no se ha encontrado la dirección.",
    "pl": f"Twoja wiadomość do {GONE} nie została dostarczona, ponieważ nie znaleziono adresu.",
    "ja": f"{GONE} というアドレスが見つからないため、メールは配信されませんでした。",
    "zh": f"您的邮件未送达 {GONE}，因为系统找不到该地址。",
    "da": f"Din besked blev ikke leveret til {GONE}, fordi adressen ikke blev fundet.",
    "no": f"Meldingen din ble ikke levert til {GONE} fordi adressen ikke ble funnet.",
    "fi": f"Viestiäsi ei toimitettu osoitteeseen {GONE}, koska osoitetta ei löytynyt.",
    "hu": f"Üzenetét nem sikerült kézbesíteni a következő címre: {GONE}, mert a cím nem található.",
    "sk": f"Vaša správa nebola doručená na adresu {GONE}, pretože adresa sa nenašla.",
    "ro": f"Mesajul dvs. nu a fost livrat către {GONE}, deoarece adresa nu a fost găsită.",
    "vi": f"Thư của bạn không gửi được tới {GONE} vì không tìm thấy địa chỉ.",
    "id": f"Pesan Anda tidak terkirim ke {GONE} karena alamat tidak dapat ditemukan.",
}
LATER = {
    "en": f"There was a temporary problem delivering your message to {GONE}. Gmail will retry for 46 more hours. "
    "You'll be notified if the delivery fails permanently.",
    "cs": f"Při doručování zprávy na adresu {GONE} došlo k dočasnému problému. Gmail se bude pokoušet ještě 46 hodin.",
    "ru": f"При доставке сообщения пользователю {GONE} возникла временная проблема. Gmail будет повторять попытки.",
    "ko": f"{GONE}(으)로 메일을 전송하는 중에 일시적인 문제가 발생했습니다. 전송이 완전히 실패하면 알림을 받게 됩니다.",
    "sv": f"Det uppstod ett tillfälligt problem när ditt meddelande skulle levereras till {GONE}.",
}
OTHERS = {
    "exchange cs": (
        "Nedoručitelné: x",
        f"Doručení následujícím příjemcům se nezdařilo:\n\n{GONE}\nAdresa se nenašla.",
        "5.1.1",
    ),
    "exchange ru": ("Недоставлено: x", f"Сбой при доставке получателям:\n\n{GONE}\nНе удалось найти адрес.", "5.1.1"),
    "exchange sv": (
        "Olevererat: x",
        f"Det gick inte att leverera till:\n\n{GONE}\nDet gick inte att hitta adressen.",
        "5.1.1",
    ),
    "exchange tr": (
        "Teslim Edilemedi: x",
        f"Şu alıcılara teslim başarısız oldu:\n\n{GONE}\nAdres bulunamadı.",
        "5.1.1",
    ),
    "exchange zh": ("未送达: x", f"无法传递给以下收件人或组:\n\n{GONE}\n找不到输入的电子邮件地址。", "5.1.1"),
    "seznam full": ("Zprávu se nepodařilo doručit", f"Zpráva pro {GONE}: schránka příjemce je plná.", "5.2.2"),
    "seznam gone": ("Zpráva nebyla doručena", f"Zpráva pro {GONE} nebyla doručena. Schránka neexistuje.", "5.1.1"),
    "kerio": ("Nedoručitelné: x", f"Doručení selhalo u těchto příjemců:\n\n{GONE}\nAdresa nebyla nalezena.", "5.1.1"),
    "daum": (
        "메일이 반송되었습니다.",
        f"받는 분의 메일 주소({GONE})가 없거나 잘못되어 메일이 반송되었습니다.",
        "5.1.1",
    ),
    "naver full": ("[메일 발송 실패 안내]", f"{GONE} : 받는 사람의 메일함이 가득 찼습니다.", "5.2.2"),
    "naver": (
        "메일이 전송되지 못했습니다.",
        f"{GONE} 님에게 전송되지 못했습니다.\n원인: 존재하지 않는 메일 주소입니다.",
        "5.1.1",
    ),
    "telia full": ("Meddelandet kunde inte levereras", f"Ditt meddelande till {GONE}: brevlådan är full.", "5.2.2"),
    "sv": ("Ej levererat", f"Meddelandet till {GONE} har inte levererats eftersom mottagaren är okänd.", "5.1.1"),
    "t-online": (
        "Delivery Status Notification",
        f"- These recipients have been processed:\n{GONE}; Failed; 5.1.1",
        "5.1.1",
    ),
    "domino": (
        "DELIVERY FAILURE: User gone",
        f"was not delivered to:\n\n  {GONE}\n\nbecause:\n\n  User gone ({GONE}) not listed in Domino Directory",
        "5.1.1",
    ),
    "dns": (
        "Undelivered Mail Returned to Sender",
        f"<{GONE}>: Host or domain name not found. Name service error",
        "5.1.2",
    ),
    "loop": ("Undelivered Mail Returned to Sender", f"<{GONE}>: mail for firma.example loops back to myself", "5.4.6"),
    "too big": (
        "Undelivered Mail Returned to Sender",
        f"<{GONE}>: message size 31457280 exceeds size limit 20971520",
        "5.3.4",
    ),
}


def read(sender: str, subject: str, words: str) -> IncomingMail:
    head = f"From: {sender}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n"
    return parse_mail(f"{head}{words}\n".encode())


@pytest.mark.parametrize("language", NOT_FOUND)
def test_gmail_says_that_there_is_no_such_address(language: str) -> None:
    mail = read(GMAIL, "Delivery Status Notification (Failure)", NOT_FOUND[language])
    assert mail.automatic is Automatic.BOUNCE
    assert [(r.action, r.recipient, r.status) for r in mail.reports] == [("failed", GONE, "5.1.1")]


@pytest.mark.parametrize("language", LATER)
def test_gmail_goes_on_trying(language: str) -> None:
    (report,) = read(GMAIL, "Delivery Status Notification (Delay)", LATER[language]).reports
    assert (report.action, report.recipient, report.status[:1]) == ("delayed", GONE, "4")


@pytest.mark.parametrize("system", OTHERS)
def test_a_failure_is_known_by_its_subject(system: str) -> None:
    subject, words, status = OTHERS[system]
    mail = read("MAILER-DAEMON@firma.example", subject, words)
    assert mail.automatic is Automatic.BOUNCE
    assert [(r.action, r.recipient, r.status) for r in mail.reports] == [("failed", GONE, status)]


def test_a_mail_that_came_back_is_no_longer_under_way_whatever_its_code() -> None:
    words = f"<{GONE}>: host mx.firma.example said: 452 4.2.2 Mailbox full (in reply to RCPT TO command)"
    (report,) = read("MAILER-DAEMON@x.example", "Undelivered Mail Returned to Sender", words).reports
    assert (report.action, report.status) == ("failed", "4.2.2")


@pytest.mark.parametrize("subject", ["Delivery Status Notification (Success)", "Delivered: Interview", "Доставлено: x"])
def test_a_notice_of_arrival_is_no_failure(subject: str) -> None:
    (report,) = read("postmaster@firma.example", subject, f"Your message was handed to {GONE}.").reports
    assert (report.action, report.recipient) == ("delivered", GONE)


def test_the_original_recipient_is_named_where_the_final_one_is_a_local_name() -> None:
    status = (
        f"Reporting-MTA: dns; a\n\nFinal-Recipient: LOCAL;gone\nOriginal-Recipient: rfc822;{GONE}\n"
        "Action: failed\nStatus: 5.1.1\n"
    )
    raw = (
        "From: MAILER-DAEMON@firma.example\nSubject: Undeliverable\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n--B\n\nwords\n--B\n'
        f"Content-Type: message/delivery-status\n\n{status}\n--B--\n"
    )
    (report,) = parse_mail(raw.encode()).reports
    assert report.recipient == GONE
