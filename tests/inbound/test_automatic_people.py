"""People whose mail has something of a machine: headers of their provider, footers of scanners, cited robots."""

from __future__ import annotations

import time

import pytest

from gateway.inbound.automatic_words import has_machine_subject, speaks_as_machine
from gateway.inbound.machine_doubts import is_cited
from gateway.inbound.mime import parse_mail
from gateway.inbound.reading import read_mail
from gateway.threads.incoming import Automatic

WHO = "mina@mail.example"


def kind_of(text: str, *head: str, subject: str = "Re: Interview") -> Automatic:
    lines = [f"From: {WHO}", f"Subject: {subject}", *head, "Content-Type: text/plain; charset=utf-8", "", text, ""]
    return read_mail("\n".join(lines).encode()).mail.automatic


@pytest.mark.parametrize(
    "header",
    [
        *("Feedback-ID: 29043466:user:proton", "Feedback-ID: i1a2b3c4d:Fastmail", "Feedback-ID: 1.eu-1.x=:AmazonSES"),
        *(
            "X-No-Auto-Reply: yes",
            "X-Disable-AutoReply: true",
            "X-Suppress-Auto-Response: 1",
            "X-AutoReply-Ignore: yes",
        ),
        *("Auto-Submitted: no (typed)", "Auto-Submitted: (typed) no", "Auto-Submitted: auto-forwarded"),
        *("Auto-Submitted: false", "X-Mailer: Vacation Rentals CRM 3"),
    ],
)
def test_header_of_a_persons_provider_is_no_sign(header: str) -> None:
    assert kind_of("Monday is fine.", header) is Automatic.NO


@pytest.mark.parametrize("header", ["List-Unsubscribe: <mailto:off@corp.example>", "Precedence: list"])
def test_header_of_bulk_on_an_answer_is_its_gateways(header: str) -> None:
    answer = "In-Reply-To: <1@hr.example>"

    assert kind_of("Monday is fine.", header, answer) is Automatic.NO
    assert kind_of("Monday is fine.", header) is Automatic.BULK
    assert kind_of("Our news", header, answer, subject="November news") is Automatic.BULK
    assert kind_of("Monday is fine.", header, answer, "List-Id: <jobs.example>") is Automatic.BULK
    assert kind_of("Monday is fine.", header, answer, "Auto-Submitted: auto-replied") is Automatic.REPLY


def test_mail_that_a_rule_of_exchange_redirects_is_its_writers() -> None:
    rule = "X-MS-Exchange-Inbox-Rules-Loop: hr@corp.example"

    assert kind_of("Monday is fine.", rule, "Resent-From: hr@corp.example") is Automatic.NO
    assert kind_of("Away.", rule) is Automatic.REPLY


@pytest.mark.parametrize(
    "note",
    [
        *("Diese Nachricht wurde automatisch auf Viren geprüft.", "Diese E-Mail wurde automatisch übersetzt."),
        *("Ce message a été automatiquement analysé.", "Este mensaje ha sido automáticamente analizado."),
        *("Diese E-Mail wird automatisch gemäß DSGVO gespeichert.", "Ce message a été automatiquement signé."),
        *("Bu e-posta otomatik olarak imzalanmıştır.", "이 메일은 30일 후 자동으로 삭제됩니다."),
        *("Questo messaggio è stato automaticamente controllato.", "Dit bericht is automatisch gescand op virussen."),
        *("Это письмо было автоматически проверено.", "Ta wiadomość została automatycznie sprawdzona."),
        *(
            "이 메일은 자동으로 번역되었습니다.",
            "このメールは自動的にチェックされています。",
            "本邮件由系统自动发送前加密。",
        ),
    ],
)
def test_note_of_a_scanner_or_translator_is_no_sign(note: str) -> None:
    assert kind_of(f"Monday is fine.\n\n-- \nMina\n{note}") is Automatic.NO
    assert kind_of(f"Monday is fine.\n\n{note}") is Automatic.NO


@pytest.mark.parametrize(
    "text",
    [
        "I wrote to Jane and got this:\n\n> Hello. This is an automatic reply.\n\nWhom should I ask?",
        "I got this text from you:\n\nHello,\nThis is an automatic reply.\n\nWhom should I ask?",
        'Your mail says "Thank you for your mail. This is an automatic reply." Is that right?',
        "I only get „Guten Tag. Dies ist eine automatische Antwort.“ from you.",
        "The mail from you said: Hello Mina. This is an automatic reply. Who can help me?",
        "Ich habe folgende Nachricht erhalten:\n\nGuten Tag,\n\ndies ist eine automatische Antwort.\n\nWer hilft mir?",
        "아래와 같은 메일을 받았습니다:\n\n안녕하세요.\n본 메일은 자동으로 발송된 메일입니다.\n\n언제 답을 받을까요?",
        "我收到了“您好。这是一封自动回复邮件。”请问什么时候回复？",
    ],
)
def test_robot_that_a_person_cites_is_not_theirs(text: str) -> None:
    assert kind_of(text) is Automatic.NO


@pytest.mark.parametrize(
    "text",
    [
        "Ihre Anfrage hat die Nummer:\n\n4711\n\nDiese E-Mail wurde automatisch erstellt.",
        'We have received your request:\n\n"When do I start?"\n\nThis is an automated message.',
        "I have received your message: thank you. This is an automatic reply.",
        "Ihre „Bewerbung“ ist da. Dies ist eine automatische Antwort.",
        "You have reached an unmonitored mailbox. Please use our portal.",
        "I’m driving with Driving Focus turned on. I’ll see your message when I get where I’m going.",
    ],
)
def test_robot_that_cites_is_still_one(text: str) -> None:
    assert kind_of(text) is Automatic.REPLY


@pytest.mark.parametrize(
    "subject",
    [
        *("Automatic reply?", "Auto reply from you", "Automatische Antwort erhalten", "Automatische Antwort von Ihnen"),
        *("Réponse automatique reçue", "Respuesta automática recibida", "Автоответ от вас", "Otomatik yanıt aldım"),
        *("Out of office - can we move the interview?", "自动回复收到，请问下一步？", "自動返信？", "자동응답?"),
        *("부재중 메시지 남겨 주셔서 감사합니다", "부재중 알림 보고 연락드립니다", "Ticket received for the train"),
        *("Automatic reply to my application of 3 May", "自动回复邮件收不到", "Vacation response times in your team"),
        *("[EXTERNAL] Re: Automatic reply: Interview", "[답장] 자동 회신: 면접", "[Question] Out of office next week"),
    ],
)
def test_subject_that_tells_of_a_robot_is_a_persons(subject: str) -> None:
    assert kind_of("…", subject=subject) is Automatic.NO


@pytest.mark.parametrize(
    "subject",
    [
        *("Automatic reply: When can we meet?", "Automatische Antwort auf Ihre E-Mail", "Abwesenheitsnotiz Mina Kim"),
        *("Automatische Antwort bezüglich Ihrer Bewerbung", "Risposta automatica di Mina Kim"),
        *("Respuesta automática de Mina Kim", "Автоответ на ваше письмо", "AUTO : Mina Kim est absent(e) (05/12/2026)"),
        *("[EXTERNAL] Automatic reply: Interview", "***SPAM*** Out of Office: Interview", "[외부메일] 자동 회신: 면접"),
        *("Réponse automatique d'absence : Entretien", "Automaattinen poissaoloviesti: Haastattelu"),
        *(
            "Out of Office Notification",
            "Vacation Notice: Interview",
            "Parental leave: Re: Interview",
            "[휴가] Re: 면접",
        ),
        *("[Autoresponder] Interview", "부재 알림: 면접", "자동응답메일입니다", "自動応答メッセージ: 面接"),
        *("[firma.example #1234] AutoReply: Interview", "[부재 중 응답] 면접", "부재중 자동 회신"),
    ],
)
def test_subject_of_a_robot(subject: str) -> None:
    assert parse_mail(f"From: {WHO}\nSubject: {subject}\n\n…\n".encode()).automatic is Automatic.REPLY


@pytest.mark.parametrize(
    "text",
    [
        "This is an automated response, right? Could a human call me?",
        "Diese E-Mail wurde automatisch erstellt, oder? Wer hilft mir?",
        "Это автоматический ответ? Хочу поговорить с человеком.",
        "このメールは自動送信でしょうか。担当者様とお話ししたいです。",
        "이 메일은 자동응답이 아닙니다. 월요일 괜찮습니다.",
        "このメールは自動返信ではありません。月曜日で大丈夫です。",
        "本邮件并非系统自动发送，是我本人写的。",
        "This is an automatic reply, it said. Does a human read this?",
        "본 메일은 발신전용이라고 되어 있는데 답장이 가능한가요. 문의드립니다.",
        "このメールは自動で迷惑メールに振り分けられていたため、返信が遅くなりました。",
        "이 메일은 자동으로 스팸함에 들어가 있어서 답장이 늦었습니다.",
        "[자동응답] 메일을 받았는데 담당자분께 전달이 되었나요",
        "Automated email, SMS and push were my work.",
        "My duties:\n- Automatic response; triage of tickets",
        "This is an automated email system, the code is attached.",
        "This is an automated message that I designed for a customer.",
        "이 메일은 제가 만든 자동 발송 시스템으로 보냅니다.",
        "Monday is fine.\n\nThis message was sent automatically at a scheduled time so as not to disturb you.",
    ],
)
def test_who_asks_denies_or_tells_of_their_work_is_a_person(text: str) -> None:
    assert kind_of(text) is Automatic.NO


@pytest.mark.parametrize(
    "text",
    [
        'Mina is away.\n\nNote: This is an automatic response to your message "Interview".',
        "Ich bin im Urlaub.\n\nHinweis: Dies ist eine automatische Antwort.",
        "This is an automatically generated message from our mail system.",
        "It's an automated reply: I am away.",
        "Automated message, please do not reply",
        'Our 5" brochure is attached. This is an automated reply.',
        "Denne mail er sendt automatisk.",
        "Това е автоматично съобщение.",
        "Este mensaje ha sido enviado automáticamente.",
        "This is an automatic reply to let you know that I am away.",
        "Back on Monday.\n\n(Automatic reply)",
        "Automatic reply\n\nBack on Monday.",
        "[자동응답]\n현재 부재중입니다.",
        "【自动回复】您好，我正在休假。",
        "NOTE - This is an automated message.",
        "부재중 자동 회신입니다. 급한 일은 010-0000-0000으로 연락 주세요.",
        "自動返信にて失礼いたします。12月3日まで不在にしております。",
        "Hola,\nAquesta és una resposta automàtica.",
        "سلام\nاین یک پاسخ خودکار است.",
        "नमस्ते,\nयह एक स्वचालित उत्तर है।",
    ],
)
def test_robot_that_says_so_after_a_label_or_in_other_languages(text: str) -> None:
    assert kind_of(text) is Automatic.REPLY


@pytest.mark.parametrize(
    "piece", ["i got ", "ich habe ", "[a] ", "***", "(", "> ", '"', "メールを受け取", "This is an automatic reply"]
)
def test_hostile_words_cost_little(piece: str) -> None:
    text = f"{piece * 20_000}\n> This is an automatic reply."
    began = time.process_time()

    is_cited(text, 6_000)
    speaks_as_machine(text, WHO)
    speaks_as_machine("> This is an automatic reply.\n" * 5_000, WHO)
    has_machine_subject(text)

    assert time.process_time() - began < 1
