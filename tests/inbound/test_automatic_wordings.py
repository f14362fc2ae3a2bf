"""How machines word their mail in many languages: bounces without a status part, absence, filters; and near misses."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.inbound.automatic_words import _HEADING, _SELF_SENTENCES, _has_sign, has_machine_subject, speaks_as_machine
from gateway.inbound.bounce_words import _MAIL_SYSTEM, FAILURE, names_mail_system
from gateway.inbound.mime import parse_mail
from gateway.inbound.reading import read_mail
from gateway.threads.incoming import Automatic

WHO = "mina@corp.example"
NOT_FOUND = {
    "ja": (
        "配信不能: 面接",
        "次の受信者またはグループへの配信に失敗しました:",
        "入力した電子メール アドレスが見つかりませんでした。",
    ),
    "ko": (
        "배달되지 않음: 면접",
        "다음 받는 사람이나 그룹에 배달하지 못했습니다.",
        "입력한 전자 메일 주소를 찾을 수 없습니다.",
    ),
    "it": ("Non recapitabile: Colloquio", "Recapito non riuscito per:", "L'indirizzo immesso non è stato trovato."),
    "es": ("No se puede entregar: Cita", "Error en la entrega a estos destinatarios:", "No se encontró la dirección."),
    "nl": ("Onbestelbaar: Gesprek", "De bezorging aan de volgende groepen is mislukt:", "Het adres is niet gevonden."),
    "pl": ("Nie można dostarczyć", "Nie powiodło się dostarczenie wiadomości do:", "Nie znaleziono podanego adresu."),
    "cs": ("Nedoručitelné: Pohovor", "Doručení následujícím příjemcům se nezdařilo:", "Adresa nebyla nalezena."),
    "sv": ("Det går inte att leverera", "Det gick inte att leverera till:", "Den angivna adressen hittades inte."),
    "ru": ("Не удается доставить", "Сбой доставки следующим получателям:", "Введенный адрес не найден."),
    "zh": ("无法送达: 面试", "邮件无法送达以下收件人或组:", "找不到您输入的电子邮件地址。"),
    "zh-tw": ("無法傳遞: 面試", "傳遞至下列收件者或群組失敗:", "找不到您輸入的電子郵件地址。"),
}


def make_mail(subject: str, text: str, *, sender: str = WHO, head: str = "") -> bytes:
    return f"{head}From: {sender}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n".encode()


@pytest.mark.parametrize(("subject", "failed", "why"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_bounce_in_words_of_exchange(subject: str, failed: str, why: str) -> None:
    raw = make_mail(subject, f"{failed}\n\n{WHO}\n{why}", sender="postmaster@corp.example", head="Return-Path: <>\n")

    mail = parse_mail(raw)

    assert mail.automatic is Automatic.BOUNCE
    assert [(r.recipient, r.status, r.action) for r in mail.reports] == [(WHO, "5.1.1", "failed")]


@pytest.mark.parametrize(
    "subject",
    [
        *("Automatische reactie: Gesprek", "부재중 메일 안내", "不在のため自動返信", "Je suis absent(e) Re: Entretien"),
        *("Vacation: Re: Interview", "Away: Re: Interview", "Dovolená: Re: Pohovor", "Nepřítomen: Pohovor"),
        *("Oznámení o nepřítomnosti", "Automaticky generovaná odpověď: Pohovor", "Уведомление об отпуске"),
        *("Отсутствую на работе: Re: Собеседование", "Я в отпуске: Re: Собеседование", "휴가 안내: Re: 면접"),
        *("자리비움: Re: 면접", "Semestermeddelande", "Frånvarande: Re: Intervju", "Urlaub: Re: Gespräch"),
        *("Message d’absence", "Je suis en congés : Re: Entretien", "Afwezigheidsassistent: Gesprek"),
        *("Poissaolo: Haastattelu", "Szabadság: Re: Interjú", "不在応答: 面接", "休暇中のため自動返信"),
        "休假自动回复: 面试",
    ],
)
def test_absence_by_its_subject(subject: str) -> None:
    assert parse_mail(make_mail(subject, "…")).automatic is Automatic.REPLY


def test_preference_header_of_an_automatic_answer() -> None:
    assert parse_mail(make_mail("Re: Hi", "…", head="Preference: auto_reply\n")).automatic is Automatic.REPLY


@pytest.mark.parametrize("head", ["X-Mailer: vacation 3.1", "X-FC-MachineGenerated: true", "X-Automatic-Reply: yes"])
def test_headers_of_machines(head: str) -> None:
    assert parse_mail(make_mail("Re: Hi", "…", head=f"{head}\n")).automatic is not Automatic.NO


@pytest.mark.parametrize(
    "text",
    [
        "I apologize for this automatic reply to your email.",
        "To control spam, I now allow incoming messages only from senders I have approved beforehand.",
        'Hello,\n\nYour message about "Interview" was waitlisted.',
        "Your request (12345) has been received and is being reviewed by our support staff.",
        "To add additional comments, reply to this email.",
        "Na tento e-mail prosím neodpovídejte, byl vygenerován automaticky.",
        "Please note that Mina Kim has left us. Your email has not been forwarded.",
        "Ich bin bis 4.12. nicht da. Ihre E-Mail wird nicht gelesen und nicht weitergeleitet.",
        "Vrátím se 7. 12. Vaše zpráva nebude přeposlána.",
        "Jag är tillbaka den 7 december. Ditt mejl vidarebefordras inte.",
        "Я вернусь 7 декабря. Ваше письмо не будет перенаправлено.",
        "Uw e-mail wordt niet doorgestuurd.",
        "これは自動返信メールです。",
        "Your message is being held. To confirm that you are a human, please click below: https://x.example/c",
        "Mina here. I'm protecting myself from receiving junk mail.",
        "The message you sent requires that you verify that you are a real live human being.",
        "Your email requires verification. Before delivery, please reply to this message.",
        "보내신 메일은 스팸 방지를 위해 보류되었습니다. 아래 링크를 클릭하여 인증해 주세요.",
    ],
)
def test_machine_says_what_it_is(text: str) -> None:
    assert read_mail(make_mail("Re: Interview", text)).mail.automatic is Automatic.REPLY


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Interview", "To confirm you are not a competitor, may I ask who the client is?"),
        ("Interview", "Your message was held in my spam folder, so I saw it only today."),
        ("Interview", "보내신 메일이 스팸함에 있어서 늦게 확인했습니다."),
        ("Re: Interview", "Your mail is not forwarded to me any more; use the new address."),
        ("Re: Interview", "Your message was not forwarded, I found it in spam."),
        ("AW: Gespräch", "Ihre Nachricht wird nicht weitergeleitet worden sein, ich habe sie nie gesehen."),
        ("Re: Interview", "To add comments to the file I need access."),
        ("Re: Interview", "Your request has been received: here are the papers that you wanted."),
        ("Re: Pohovor", "Na tento e-mail neodpovídejte, píšu Vám z nové adresy."),
        ("Re: Interview", "To control spam, I use a filter; your mail was there."),
        ("Dovolená", "Kolik dní dovolené nabízíte?"),
        ("Vacation days", "How many are there?"),
        ("Re: Vacation: how many days?", "Twenty would suit me."),
        ("부재중 전화", "부재중 전화가 와서 메일 드립니다."),
        ("Absente mardi", "Je suis absente mardi, mercredi convient."),
        ("Reactie op uw vacature", "Beste, hierbij mijn reactie."),
        ("Question", "I am protecting wildlife as a volunteer."),
    ],
)
def test_near_misses_are_a_persons(subject: str, text: str) -> None:
    assert read_mail(make_mail(subject, text)).mail.automatic is Automatic.NO


@pytest.mark.parametrize("pattern", [*_SELF_SENTENCES, _HEADING.pattern])
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_sentence_of_a_machine_has_a_sign_that_is_looked_for_first(pattern: str, data: st.DataObject) -> None:
    sentence = data.draw(st.from_regex(re.compile(pattern, re.IGNORECASE), fullmatch=True))

    assert _has_sign(sentence.replace("\n", " "))


@given(sender=st.from_regex(_MAIL_SYSTEM, fullmatch=True))
def test_every_name_of_a_mail_system_has_a_part_that_is_looked_for_first(sender: str) -> None:
    assert names_mail_system(sender)


@pytest.mark.parametrize("sender", ["MAİLER-DAEMON", "Maıl Delivery Syſtem <x@y.example>", "Poſtmaſter", " <> "])
def test_a_mail_system_is_known_by_odd_letters_too(sender: str) -> None:
    assert names_mail_system(sender)


@pytest.mark.parametrize(
    "piece", ["doručení ", "bezorging ", "levering ", "toimitus", "傳遞", "your message ", "보내신 메일은"]
)
def test_hostile_words_cost_little(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    began = time.process_time()

    FAILURE.search(text[:20_000])
    speaks_as_machine(text, WHO)
    has_machine_subject(text)

    assert time.process_time() - began < 1
