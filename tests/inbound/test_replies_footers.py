"""What programs and companies put below the writer's words: taglines, help desks' lines, lists, lawyers (SJ-7)."""

from __future__ import annotations

import pytest

from gateway.inbound.replies import split_reply

OWN = "Thank you, that suits me well.\n\nMina"
QUOTE = "On 25 Nov 2026, at 09:14, Hiring <r@x.example> wrote:\n\n> Could you come?"
TAGLINES = [
    "Outlook für Android<https://aka.ms/AAb9ysg> beziehen",
    "Yahoo Mail: Search, Organize, Conquer",
    "Sent using https://www.zoho.com/mail/",
    "Provenance : Courrier pour Windows",
    "Skickades från E-post för Windows 10",
    "从 Windows 版邮件发送",
    "從 Windows 的郵件傳送",
    "Sent from HCL Verse",
    "Sent via Shortwave",
    "Wysłano z Onet Poczta",
    "Відправлено з мобільного додатку пошти ukr.net",
    "Sent from my iPhone, so please excuse typos.",
    "Sent from my iPhone. Please excuse brevity and spelling errors.",
    "Von meinem Android-Mobiltelefon mit K-9 Mail gesendet. Bitte entschuldigen Sie die Kürze.",
]
REPLY_LINES = [
    "##- Bitte geben Sie Ihre Antwort über dieser Zeile ein. -##",
    "##- 이 줄 위에 답장을 입력하세요 -##",
    "##- この行より上に返信内容を入力してください -##",
    "##- Any words that we have never seen -##",
    "Reply above this line.",
    "--- Veuillez répondre au-dessus de cette ligne ---",
]
NOTICES = [
    "This e-mail and any attachments are confidential and intended solely for the addressee. If you are not the\n"
    "intended recipient, please delete it and notify the sender.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie\n"
    "bitte den Absender und vernichten Sie diese Mail.",
    "본 메일은 지정된 수신자만을 위한 것이며 비밀정보를 포함할 수 있습니다. 잘못 수신하신 경우 즉시 삭제하십시오.",
]


@pytest.mark.parametrize("line", TAGLINES)
def test_tagline_is_a_signature(line: str) -> None:
    split = split_reply(f"{OWN}\n\n{line}\n\n{QUOTE}")

    assert (split.reply, split.signature) == (OWN, line)


@pytest.mark.parametrize(
    "line",
    [
        "I sent it from my phone, sorry for the delay.",
        "Sent you the papers from my phone, because my laptop broke.",
        "Provenance: Korea",
        "Sent from my desk, is much easier than from the phone.",
    ],
)
def test_sentence_about_sending_stays(line: str) -> None:
    assert split_reply(f"Hello,\n{line}\n\n{QUOTE}").reply == f"Hello,\n{line}"


@pytest.mark.parametrize("line", REPLY_LINES)
def test_line_of_a_help_desk_begins_its_mail(line: str) -> None:
    split = split_reply(f"{OWN}\n\n{line}\n\nYour request (1234) was updated.\n\nCould you come?")

    assert split.reply == OWN
    assert "Could you come?" in split.folded


def test_dashes_of_another_kind_are_dashes() -> None:
    split = split_reply(f"{OWN}\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\n{QUOTE}")

    assert split.reply == OWN


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("below", ["", f"\n\n{QUOTE}"])
def test_paragraph_of_lawyers_is_a_signature(notice: str, below: str) -> None:
    split = split_reply(f"{OWN}\n\n{notice}{below}")

    assert (split.reply, split.signature) == (OWN, notice)


def test_several_paragraphs_of_lawyers_below_a_ruler() -> None:
    split = split_reply(f"{OWN}\n\n________________________________\n{NOTICES[0]}\n\n{NOTICES[1]}")

    assert split.reply == OWN


@pytest.mark.parametrize(
    "own",
    [
        "Please keep my application confidential, and delete my data when the position is filled, thank you very much.",
        NOTICES[0],
    ],
)
def test_words_about_secrecy_stay(own: str) -> None:
    assert split_reply(f"Hello,\n\n{own}" if own is not NOTICES[0] else own).reply.endswith(own)


def test_footer_of_a_list_below_a_signature_mark() -> None:
    footer = (
        '-- \nYou received this message because you are subscribed to the Google Groups "jobs" group.\n'
        "To unsubscribe from this group, send an email to jobs+unsubscribe@x.example.\n"
        "To view this discussion visit https://groups.x.example/d/msgid/jobs/1."
    )

    assert split_reply(f"{OWN}\n\n{footer}").reply == OWN


@pytest.mark.parametrize(
    "mark",
    [
        'id="Zm-_Id_-Sgn" data-sigid="123"',
        'data-signature-widget="container"',
        'name="messageSignatureSection"',
        'id="composer_signature"',
        'class="front-signature"',
        'class="k9mail-signature"',
        'id="_rc_sig"',
    ],
)
def test_signature_in_the_element_of_a_client(mark: str) -> None:
    html = f"<div>Tuesday suits me.</div><div><br></div><div {mark}><div>Mina Kim</div><div>Engineer</div></div>"

    split = split_reply(html=html)

    assert (split.reply, split.signature) == ("Tuesday suits me.", "Mina Kim\nEngineer")


def test_quote_in_the_element_of_spark() -> None:
    html = (
        '<div name="messageBodySection">Tuesday suits me.</div><div name="messageReplySection">'
        "Xx 25. Yy 2026, 9.14 +0900, Jun, zz<br><blockquote>Could you come?</blockquote></div>"
    )

    assert split_reply(html=html).reply == "Tuesday suits me."
