"""Attributions and header blocks of many clients and languages, in every shape that they come in (SJ-7)."""

from __future__ import annotations

import html
from collections.abc import Iterator

import pytest

from gateway.inbound.replies import split_reply

OWN = "Thank you, that suits me well.\n\nJan"
SENT = "Would you like to come on Thursday?\nPlease bring your papers.\n\nThe team"

ATTRIBUTIONS = {
    "gmail en": "On Tue, Mar 12, 2024 at 1:02 PM Hiring Team <r@x.example> wrote:",
    "zoho": "---- On Tue, 12 Mar 2024 13:02:22 +0530 Hiring <r@x.example> wrote ----",
    "gmail ko": "2024년 3월 12일 (화) 오후 1:02, 채용팀 <r@x.example>님이 작성:",
    "gmail ja": "2024年3月12日(火) 13:02 採用 <r@x.example>:",
    "gmail zh": "Hiring <r@x.example> 于2024年3月12日周二 13:02写道：",
    "gmail tw": "Hiring <r@x.example> 於 2024年3月12日 週二 下午1:02寫道：",
    "gmail cs": "út 12. 3. 2024 v 13:02 odesílatel Nábor <r@x.example> napsal:",
    "gmail sk": "ut 12. 3. 2024 o 13:02 Nábor <r@x.example> napísal(a):",
    "gmail ru": "вт, 12 мар. 2024 г. в 13:02, Отдел кадров <r@x.example>:",
    "gmail uk": "вт, 12 бер. 2024 р. о 13:02 Відділ <r@x.example> пише:",
    "gmail sv": "Den tis 12 mars 2024 kl 13:02 skrev Rekrytering <r@x.example>:",
    "gmail no": "tir. 12. mars 2024 kl. 13:02 skrev Jobb <r@x.example>:",
    "gmail da": "Den tirs. 12. mar. 2024 kl. 13.02 skrev Job <r@x.example>:",
    "gmail fi": "ti 12. maalisk. 2024 klo 13.02 Rekry (r@x.example) kirjoitti:",
    "gmail de": "Am Di., 12. März 2024 um 13:02 Uhr schrieb Hiring <r@x.example>:",
    "gmail fr": "Le mar. 12 mars 2024 à 13:02, Hiring <r@x.example> a écrit :",
    "gmail es": "El mar, 12 mar 2024 a las 13:02, Hiring (<r@x.example>) escribió:",
    "gmail it": "Il giorno mar 12 mar 2024 alle ore 13:02 Hiring <r@x.example> ha scritto:",
    "gmail pt": "Em ter., 12 de mar. de 2024 às 13:02, Hiring <r@x.example> escreveu:",
    "gmail nl": "Op di 12 mrt 2024 om 13:02 schreef Hiring <r@x.example>:",
    "gmail pl": "wt., 12 mar 2024 o 13:02 Hiring <r@x.example> napisał(a):",
    "gmail tr": "Hiring <r@x.example>, 12 Mar 2024 Sal, 13:02 tarihinde şunu yazdı:",
    "gmail hu": "Hiring <r@x.example> ezt írta (időpont: 2024. márc. 12., K, 13:02):",
    "gmail vi": "Vào Th 3, 12 thg 3, 2024 vào lúc 13:02 Hiring <r@x.example> đã viết:",
    "gmail ro": "mar., 12 mar. 2024 la 13:02, Hiring <r@x.example> a scris:",
    "gmail el": "Στις Τρί 12 Μαρ 2024 στις 1:02 μ.μ., ο/η Hiring <r@x.example> έγραψε:",
    "apple en": "On 12 Mar 2024, at 13:02, Hiring <r@x.example> wrote:",
    "apple de": "Am 12.03.2024 um 13:02 schrieb Hiring <r@x.example>:",
    "apple fr": "Le 12 mars 2024 à 13:02, Hiring <r@x.example> a écrit :",
    "apple ko": "2024. 3. 12. 오후 1:02, 채용팀 <r@x.example> 작성:",
    "apple ja": "2024/03/12 13:02、採用 <r@x.example>のメール:",
    "apple zh": "在 2024年3月12日，13:02，招聘 <r@x.example> 写道：",
    "apple cs": "12. 3. 2024 v 13:02, Nábor <r@x.example>:",
    "apple ru": "12 марта 2024 г., в 13:02, Отдел <r@x.example> написал(а):",
    "apple sv": "12 mars 2024 kl. 13:02 skrev Rek <r@x.example>:",
    "apple fi": "Hiring <r@x.example> kirjoitti 12.3.2024 kello 13.02:",
    "apple it": "Il giorno 12 mar 2024, alle ore 13:02, Hiring <r@x.example> ha scritto:",
    "apple nl": "Op 12 mrt 2024, om 13:02 heeft Hiring <r@x.example> het volgende geschreven:",
    "apple pl": "Wiadomość napisana przez Hiring <r@x.example> w dniu 12.03.2024, o godz. 13:02:",
    "tb cs": "Dne 12. 03. 24 v 13:02 Nábor napsal(a):",
    "tb de": "Am 12.03.24 um 13:02 schrieb Hiring:",
    "tb ko": "2024-03-12 오후 1:02에 채용팀 이(가) 쓴 글:",
    "tb ru": "12.03.2024 13:02, Отдел пишет:",
    "tb sv": "Den 2024-03-12 kl. 13:02, skrev Rek:",
    "tb fr": "Le 12/03/2024 à 13:02, Hiring a écrit :",
    "tb ja": "On 2024/03/12 13:02, 採用 wrote:",
    "tb ja2": "2024/03/12 13:02、採用 さんは書きました:",
    "tb en": "On 3/12/24 1:02 PM, Hiring wrote:",
    "yandex": '12.03.2024, 13:02, "Отдел" <r@x.example>:',
    "mailru": "Вторник, 12 марта 2024, 13:02 +03:00 от Отдел <r@x.example>:",
    "no date": "Hiring <r@x.example> wrote:",
    "proton": "On Tuesday, March 12th, 2024 at 1:02 PM, Hiring <r@x.example> wrote:",
    "hey": "On March 12, 2024, Hiring <r@x.example> wrote:",
}

HEADER_BLOCKS = {
    "en": ("From: Hiring <r@x.example>\nSent: Tuesday, March 12, 2024 1:02 PM\nTo: Sam Lee\nSubject: Interview"),
    "en noaddr": ("From: Hiring Team\nSent: Tuesday, March 12, 2024 1:02 PM\nTo: Sam Lee\nCc: Bob\nSubject: Interview"),
    "ko": ("보낸 사람: 채용팀 <r@x.example>\n보낸 날짜: 2024년 3월 12일 화요일 오후 1:02\n받는 사람: 김\n제목: 면접"),
    "ko apple": ("보낸 사람: 채용팀 <r@x.example>\n날짜: 2024년 3월 12일 화요일 오후 1:02\n받는 사람: 김\n제목: 면접"),
    "ja": ("差出人: 採用 <r@x.example>\n送信日時: 2024年3月12日 13:02\n宛先: 山田\n件名: 面接"),
    "zh": ("发件人: 招聘 <r@x.example>\n发送时间: 2024年3月12日 13:02\n收件人: 王\n主题: 面试"),
    "tw": ("寄件者: 招聘 <r@x.example>\n寄件日期: 2024年3月12日 13:02\n收件者: 王\n主旨: 面試"),
    "cs": ("Od: Nábor <r@x.example>\nOdesláno: úterý 12. března 2024 13:02\nKomu: Jan\nPředmět: Pohovor"),
    "sk": ("Od: Nábor <r@x.example>\nOdoslané: utorok 12. marca 2024 13:02\nKomu: Jan\nPredmet: Pohovor"),
    "ru": ("От: Отдел <r@x.example>\nОтправлено: 12 марта 2024 г. 13:02\nКому: Иван\nТема: Встреча"),
    "uk": ("Від: Відділ <r@x.example>\nНадіслано: 12 березня 2024 р. 13:02\nКому: Іван\nТема: Зустріч"),
    "sv": ("Från: Rek <r@x.example>\nSkickat: den 12 mars 2024 13:02\nTill: Åsa\nÄmne: Intervju"),
    "no": ("Fra: Jobb <r@x.example>\nSendt: tirsdag 12. mars 2024 13:02\nTil: Ola\nEmne: Intervju"),
    "da": ("Fra: Job <r@x.example>\nSendt: 12. marts 2024 13:02\nTil: Ib\nEmne: Samtale"),
    "fi": (
        "Lähettäjä: Rekry <r@x.example>\n"
        "Lähetetty: tiistai 12. maaliskuuta 2024 13.02\n"
        "Vastaanottaja: Eero\n"
        "Aihe: Haastattelu"
    ),
    "de": ("Von: Hiring <r@x.example>\nGesendet: Dienstag, 12. März 2024 13:02\nAn: Uwe\nBetreff: Gespräch"),
    "fr": ("De : Hiring <r@x.example>\nEnvoyé : mardi 12 mars 2024 13:02\nÀ : Luc\nObjet : Entretien"),
    "es": ("De: Hiring <r@x.example>\nEnviado el: martes, 12 de marzo de 2024 13:02\nPara: Luis\nAsunto: Entrevista"),
    "it": ("Da: Hiring <r@x.example>\nInviato: martedì 12 marzo 2024 13:02\nA: Ugo\nOggetto: Colloquio"),
    "pt": ("De: Hiring <r@x.example>\nEnviado: terça-feira, 12 de março de 2024 13:02\nPara: Rui\nAssunto: Entrevista"),
    "nl": ("Van: Hiring <r@x.example>\nVerzonden: dinsdag 12 maart 2024 13:02\nAan: Jan\nOnderwerp: Gesprek"),
    "pl": ("Od: Hiring <r@x.example>\nWysłano: wtorek, 12 marca 2024 13:02\nDo: Jan\nTemat: Rozmowa"),
    "tr": ("Gönderen: Hiring <r@x.example>\nGönderildi: 12 Mart 2024 Salı 13:02\nKime: Ali\nKonu: Görüşme"),
    "hu": ("Feladó: Hiring <r@x.example>\nElküldve: 2024. március 12., kedd 13:02\nCímzett: Béla\nTárgy: Interjú"),
    "el": ("Από: Hiring <r@x.example>\nΣτάλθηκε: Τρίτη, 12 Μαρτίου 2024 13:02\nΠρος: Νίκος\nΘέμα: Συνέντευξη"),
    "th": ("จาก: Hiring <r@x.example>\nส่ง: 12 มีนาคม 2024 13:02\nถึง: A\nเรื่อง: สัมภาษณ์"),
    "ar": ("من: Hiring <r@x.example>\nتم الإرسال: 12 مارس 2024 13:02\nإلى: A\nالموضوع: مقابلة"),
    "he": ("מאת: Hiring <r@x.example>\nנשלח: 12 מרץ 2024 13:02\nאל: A\nנושא: ראיון"),
}


def quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def blocks(text: str, tag: str = "div") -> str:
    return "".join(f"<{tag}>{html.escape(line) or '&nbsp;'}</{tag}>" for line in text.split("\n"))


def replies_below(line: str) -> Iterator[dict[str, str]]:
    """A reply above a quote that this attribution introduces, as text and as HTML."""
    at = line.rfind(" ", 0, 60) if len(line) > 45 else -1
    wrapped = f"{line[:at]}\n{line[at + 1 :]}" if at > 0 else line
    yield {"text": f"{OWN}\n\n{line}\n\n{quote(SENT)}\n"}
    yield {"text": f"{OWN}\n{line}\n{quote(SENT)}\n"}
    yield {"text": f"{OWN}\n\n{wrapped}\n\n{quote(SENT)}\n"}
    yield {"text": f"{OWN}\n\n{quote(line)}\n>\n{quote(SENT)}\n"}
    if any(sign.isdigit() for sign in line):
        yield {"text": f"{OWN}\n\n{line}\n\n{SENT}\n"}
    shown = html.escape(line)
    yield {"html": f"{blocks(OWN)}<blockquote type=cite><div>{shown}</div>{blocks(SENT)}</blockquote>"}
    yield {"html": f"{blocks(OWN)}<div>{shown}</div><blockquote>{blocks(SENT)}</blockquote>"}
    attribution = f"<div class=gmail_attr>{shown}<br></div>"
    quoted = f"<blockquote class=gmail_quote>{blocks(SENT)}</blockquote>"
    yield {"html": f"{blocks(OWN)}<div class=gmail_quote>{attribution}{quoted}</div>"}


def replies_above(block: str) -> Iterator[dict[str, str]]:
    """A reply above a mail with this header block, as text and as HTML."""
    for separator in ("", "________________________________\n", "-----Original Message-----\n"):
        yield {"text": f"{OWN}\n\n{separator}{block}\n\n{SENT}\n"}
    starred = "\n".join("*" + line.replace(":", ":*", 1) for line in block.split("\n"))
    yield {"text": f"{OWN}\n\n{starred}\n\n{SENT}"}
    yield {"text": f"{OWN}\n\n{quote(block)}\n>\n{quote(SENT)}"}
    bold = "<br>".join("<b>" + html.escape(line).replace(":", ":</b>", 1) for line in block.split("\n"))
    border = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
    yield {"html": f"{blocks(OWN, 'p')}<div><div style='{border}'><p>{bold}</p></div></div>{blocks(SENT, 'p')}"}
    yield {"html": f"{blocks(OWN)}<hr><div id=divRplyFwdMsg><font>{bold}</font></div>{blocks(SENT)}"}
    yield {"html": f"{blocks(OWN)}<br>{bold}<br><br>{blocks(SENT)}"}


@pytest.mark.parametrize("client", ATTRIBUTIONS)
def test_what_stands_below_an_attribution_is_folded(client: str) -> None:
    for body in replies_below(ATTRIBUTIONS[client]):
        assert split_reply(**body).reply.split() == OWN.split(), body


@pytest.mark.parametrize("language", HEADER_BLOCKS)
def test_what_stands_below_a_header_block_is_folded(language: str) -> None:
    for body in replies_above(HEADER_BLOCKS[language]):
        assert split_reply(**body).reply.split() == OWN.split(), body


@pytest.mark.parametrize(
    "line",
    [
        "En martes, 24 de noviembre de 2026, 09:14:10 CET, Hiring <r@x.example> escribió:",
        "W wtorek, 24 listopada 2026 09:14:10 CET Hiring <r@x.example> napisał(a):",
        "On Tuesday, November 24, 2026 at 09:14:10 AM GMT+9, Hiring <r@x.example> wrote:",
    ],
)
def test_attribution_of_yahoo_right_below_the_answer_and_above_a_quote_without_marks(line: str) -> None:
    assert split_reply(f" Thank you.\n    {line}  \n \n {SENT}  ").reply.strip() == "Thank you."


def test_attribution_that_runs_on_into_the_quote() -> None:
    tail = "Sent from Yahoo Mail on Android \n \n  On Tue, Nov 24, 2026 at 9:14, Hiring<r@x.example> wrote:   Hello,"
    assert split_reply(f"Thank you.\n\n{tail} {SENT}").reply == "Thank you."


def test_attribution_whose_address_stands_above_its_date() -> None:
    line = "Hiring <r@x.example> 於\n2026年11月24日週二 上午9:14寫道："
    assert split_reply(f"{OWN}\n\n{line}\n\n{quote(SENT)}").reply == OWN


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("Tuesday, November 24, 2026, 9:14:10 AM, you wrote:", "HT> "),
        ("Вы писали 24 ноября 2026 г., 9:14:10:", "ОК> "),
        ("Hiring Team <r@x.example> writes:", "Hiring> "),
    ],
)
def test_quote_with_initials_before_each_mark(line: str, mark: str) -> None:
    marked = "\n".join(f"{mark}{text}" if text else "" for text in SENT.split("\n"))
    split = split_reply(f"{line}\n\n{marked}\n\n{OWN}\n")
    assert split.reply == OWN
    assert "bring your papers" in split.folded


def test_attribution_of_mutt_in_old_words() -> None:
    assert split_reply(f"Quoth Hiring on Tue, 24 Nov 2026:\n{quote(SENT)}\n\n{OWN}").reply == OWN


def test_header_block_with_labels_in_brackets() -> None:
    header = "<b>[보낸 사람]</b> : Hiring &lt;r@x.example&gt;<br><b>[받는 사람]</b> : mina@y.example<br>"
    header += "<b>[보낸 날짜]</b> : 2026-11-24 09:14<br><b>[제목]</b> : 면접"
    assert split_reply(html=f"<p>네, 가능합니다.</p><hr><p>{header}</p><p>와 주세요.</p>").reply == "네, 가능합니다."
