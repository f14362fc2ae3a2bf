"""Which mail a machine wrote: no notification goes out for it, and it never gets an automatic answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.inbound.mime import parse_mail
from gateway.threads.incoming import Automatic

EMAILS = Path(__file__).parent.parent / "emails"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("out_of_office_en_exchange", Automatic.REPLY),
        ("out_of_office_ko_by_subject_only", Automatic.REPLY),
        ("vacation_cs_rfc3834", Automatic.REPLY),
        ("person_with_auto_submitted_no", Automatic.NO),
        ("newsletter_with_list_unsubscribe", Automatic.BULK),
        ("dsn_postfix_user_unknown", Automatic.BOUNCE),
        ("dsn_delayed_with_returned_mail", Automatic.BOUNCE),
        ("bounce_gmail_failed_recipients", Automatic.BOUNCE),
        ("bounce_qmail_text", Automatic.BOUNCE),
        ("bounce_naver_ko_text", Automatic.BOUNCE),
        ("gmail_ko_reply_utf8", Automatic.NO),
        ("outlook_en_reply_html_border_block", Automatic.NO),
    ],
)
def test_mail_is_told_apart(name: str, kind: Automatic) -> None:
    assert parse_mail((EMAILS / f"{name}.eml").read_bytes()).automatic is kind


def kind_of(*headers: str) -> Automatic:
    return parse_mail(("\r\n".join(["From: a@b.example", *headers]) + "\r\n\r\nHello.\r\n").encode()).automatic


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied (vacation)", Automatic.REPLY),
        ("Auto-Submitted: No", Automatic.NO),
        ("Auto-Submitted: auto-generated", Automatic.BULK),
        ("Precedence: Bulk", Automatic.BULK),
        ("Precedence: auto_reply", Automatic.REPLY),
        ("X-Autoreply: yes", Automatic.REPLY),
        ("X-Autoreply: no", Automatic.NO),
        ("X-Autorespond: out", Automatic.REPLY),
        ("X-Auto-Response-Suppress: All", Automatic.NO),
        ("X-Loop: yes", Automatic.BULK),
        ("List-Id: <x.example>", Automatic.BULK),
        ("Subject: Abwesenheitsnotiz: Ihre Bewerbung", Automatic.REPLY),
        ("Subject: Frånvaro: semester", Automatic.REPLY),
        ("Subject: Автоматический ответ: Резюме", Automatic.REPLY),
        ("Subject: 不在通知", Automatic.REPLY),
        ("Subject: Re: automatic reply machines, my thesis", Automatic.NO),
        ("Subject: Automobile engineer application", Automatic.NO),
        ("Subject: Vacation days in your offer", Automatic.NO),
    ],
)
def test_each_signal_counts_for_what_it_says(header: str, kind: Automatic) -> None:
    assert kind_of(header) is kind


def test_a_person_called_postmaster_is_no_bounce() -> None:
    raw = b"From: postmaster@firma.example\r\nSubject: Question about the job\r\n\r\nIs it open?\r\n"
    assert parse_mail(raw).automatic is Automatic.NO


ABSENT = {
    "en": ("Automatic reply: Interview", "Out of Office: Interview", "Out of Office"),
    "ko": ("자동 회신: 면접", "부재중 알림", "[자동응답] 면접", "부재중: 면접"),
    "ja": ("自動応答: 面接", "自動返信：面接", "不在のお知らせ"),
    "zh": ("自动答复: 面试", "自动回复：面试", "自動回覆: 面試", "不在办公室: 面试"),
    "cs": ("Automatická odpověď: Pohovor", "Mimo kancelář: Pohovor"),
    "sk": ("Automatická odpoveď: Pohovor", "Mimo kancelárie: Pohovor"),
    "ru": ("Автоматический ответ: Интервью", "Автоответ: Интервью", "Нет на работе: Интервью"),
    "uk": ("Автоматична відповідь: Співбесіда", "Автовідповідь: Співбесіда"),
    "sv": ("Autosvar: Intervju", "Automatiskt svar: Intervju", "Frånvaro: Intervju"),
    "no": ("Automatisk svar: Intervju", "Fraværsmelding", "Ikke til stede: Intervju"),
    "da": ("Automatisk svar: Samtale", "Fravær: Samtale", "Ikke på kontoret: Samtale"),
    "fi": ("Automaattinen vastaus: Haastattelu", "Poissaoloviesti", "Poissa: Haastattelu"),
    "de": ("Automatische Antwort: Gespräch", "Abwesenheitsnotiz: Gespräch", "Nicht im Büro: Gespräch"),
    "fr": ("Réponse automatique : Entretien", "Absent(e) du bureau : Entretien", "Message d'absence"),
    "es": ("Respuesta automática: Entrevista", "Fuera de la oficina: Entrevista"),
    "it": ("Risposta automatica: Colloquio", "Fuori ufficio: Colloquio", "Fuori sede"),
    "pt": ("Resposta automática: Entrevista", "Fora do escritório: Entrevista"),
    "nl": ("Automatisch antwoord: Gesprek", "Afwezig: Gesprek"),
    "pl": ("Odpowiedź automatyczna: Rozmowa", "Poza biurem: Rozmowa"),
    "tr": ("Otomatik yanıt: Görüşme", "Ofis dışında: Görüşme"),
}


@pytest.mark.parametrize("language", ABSENT)
def test_an_absence_is_known_by_its_subject_in_every_language(language: str) -> None:
    for subject in ABSENT[language]:
        assert kind_of(f"Subject: {subject}") is Automatic.REPLY, subject
        for prefix in ("Re", "RE", "AW", "Sv", "Odp", "回复", "답장", "Antw"):  # somebody answers it
            assert kind_of(f"Subject: {prefix}: {subject}") is Automatic.NO, (prefix, subject)


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office hours interview possible?",
        "휴가 중 면접 가능 여부 문의",
        "부재중 전화 주셨나요?",
        "Ausência na entrevista de quarta-feira",
        "Fuera de la oficina podemos vernos?",
        "Absence à l'entretien de mercredi",
        "Poissa keskiviikkona",
        "不在の場合について",
        "Automation engineer: application",
    ],
)
def test_a_person_who_writes_of_absence_is_heard(subject: str) -> None:
    assert kind_of(f"Subject: {subject}") is Automatic.NO
