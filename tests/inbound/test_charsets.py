"""The right characters, whatever charset a mail names, or none: what real programs leave undeclared or name wrongly."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound import charset_guess
from gateway.inbound.charset_guess import undo_double_utf8
from gateway.inbound.charsets import decode_header, decode_text

KO = "안녕하세요. 면접 일정 확인했습니다. 목요일에 뵙겠습니다."
RU = "Здравствуйте, подтверждаю встречу в четверг. С уважением, Яна"
ZH = "您好，我确认星期四可以参加面试。谢谢！"
JA = "お世話になっております。木曜日に伺います。"
CS = "Dobrý den, děkuji za pozvání na pohovor. Ve čtvrtek mohu přijít, můžete mi poslat adresu?"


@pytest.mark.parametrize("declared", ["", "us-ascii", "iso-8859-1", "utf-8"])
@pytest.mark.parametrize(("text", "codec"), [(KO, "cp949"), (RU, "cp1251"), (RU, "koi8-r"), (ZH, "gb18030")])
def test_another_script_than_the_declared_one_is_seen(text: str, codec: str, declared: str) -> None:
    assert decode_text(text.encode(codec), declared).text == text


@pytest.mark.parametrize("declared", ["euc-kr", "gb2312", "shift_jis", "big5", "iso-8859-1", "windows-1251"])
@pytest.mark.parametrize("text", [KO, ZH, JA, RU])
def test_utf8_is_read_as_such_under_any_name(text: str, declared: str) -> None:
    assert decode_text(text.encode(), declared).text == text


def test_two_byte_text_that_fits_utf8_by_chance_stays() -> None:
    assert decode_text("联通".encode("gb2312"), "gb2312").text == "联通"
    assert decode_text("짤".encode("cp949") * 3, "euc-kr").text == "짤짤짤"


@pytest.mark.parametrize(
    "words", ["Собеседование", "Резюме Яна Новак.pdf", "감사합니다", "[지원] 개발자", "木曜日に伺います"]
)
def test_raw_bytes_of_a_header_are_guessed_from_a_few_words(words: str) -> None:
    codec = {"С": "cp1251", "Р": "koi8-r", "木": "cp932"}.get(words[0], "cp949")
    raw = words.encode(codec).decode("ascii", "surrogateescape")
    assert decode_header(raw) == words


@pytest.mark.parametrize("text", ["Åsa Öberg", "Où êtes-vous, très cher ?", "“Fine” – 4000 €.", "Grüße aus Köln", "né"])
def test_western_words_stay_western(text: str) -> None:
    assert decode_text(text.encode("cp1252"), "iso-8859-1").text == text
    assert decode_text(text.encode("cp1252")).text == text


def test_windows_signs_under_the_name_of_the_iso_charset() -> None:
    text = "Těším se – „ano“. Šárka Žáková"
    assert decode_text(text.encode("cp1250"), "iso-8859-2").text == text


@pytest.mark.parametrize("middle", ["latin-1", "cp1252"])
def test_utf8_that_was_encoded_twice_is_undone(middle: str) -> None:
    for text in (CS, KO, RU):
        wrong = "".join(text.encode()[n : n + 1].decode(middle, "replace") for n in range(len(text.encode())))
        wrong = "".join(
            chr(byte) if sign == "\ufffd" else sign for sign, byte in zip(wrong, text.encode(), strict=True)
        )
        assert decode_text(wrong.encode(), "utf-8").text == text
    assert decode_header("Jan NovÃ¡k".encode().decode("ascii", "surrogateescape")) == "Jan Novák"


@pytest.mark.parametrize("text", ["AMANHÃ\xa0às 10", "CAFÉ’S", "SÃO PAULO", "“IRMÔ", "INFORMAÇÃO", "Ãœber alles: Ü"])
def test_what_only_looks_encoded_twice_stays(text: str) -> None:
    assert decode_text(text.encode(), "utf-8").text == text


def test_a_footer_in_another_charset_does_not_spoil_the_text() -> None:
    assert decode_text(KO.encode() + " Grüße".encode("latin-1"), "utf-8").text == KO + " Grüße"
    assert decode_text((KO + " 끝").encode() + b"\xec\x95", "utf-8").text == KO + " 끝\ufffd"


def test_iso_2022_kr_without_its_announcement() -> None:
    assert decode_text(KO.encode("iso-2022-kr").replace(b"\x1b$)C", b""), "iso-2022-kr").text == KO


@pytest.mark.parametrize("text", ["Вторник мне подходит, спасибо большое.", "Здравствуйте! Приду во вторник."])
@pytest.mark.parametrize(("real", "declared"), [("cp1251", "koi8-r"), ("koi8-r", "windows-1251")])
def test_one_cyrillic_charset_under_the_name_of_the_other(text: str, real: str, declared: str) -> None:
    assert decode_text(text.encode(real), declared).text == text


@pytest.mark.parametrize("text", ["СПАСИБО, ПРИДУ", "да", "Вторник", "США и ООН"])
@pytest.mark.parametrize("charset", ["koi8-r", "windows-1251"])
def test_cyrillic_that_is_what_it_says_stays(text: str, charset: str) -> None:
    assert decode_text(text.encode(charset), charset).text == text


def test_header_in_raw_iso_2022_jp() -> None:
    assert decode_header("面接について".encode("iso-2022-jp").decode()) == "面接について"


CENTRAL = {
    "cs": "Dobrý den, ve čtvrtek přijdu.",
    "cs with a German": "Dobrý den, pan Müller říkal úterý.",
    "cs, a name": "Jiří Novák",
    "cs of all letters": "Děkuji, příště. Žádné potíže, těším se, šťastnou cestu.",
    "sk": "Ďakujem, vo štvrtok prídem. Môžem aj skôr, ľahko.",
    "pl": "Dziękuję, przyjdę w środę. Proszę o więcej szczegółów, będę żałować. Źle, cześć.",
    "hu": "Köszönöm, csütörtökön ott leszek. Időben érkezem.",
    "hr": "Hvala, doći ću u četvrtak. Možda u šest.",
}


@pytest.mark.parametrize("text", CENTRAL.values(), ids=CENTRAL)
@pytest.mark.parametrize("charset", ["cp1250", "iso-8859-2"])
def test_languages_of_central_europe_without_a_charset(text: str, charset: str) -> None:
    assert decode_text(text.encode(charset), "").text == text
    assert decode_header(text.encode(charset).decode("ascii", "surrogateescape")) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Teşekkürler, perşembe günü uygun. Görüşmek üzere, ağabey, ışık.", "cp1254"),
        ("Ačiū, ketvirtadienį tinka. Šiandien žinosiu, ėjau.", "cp1257"),
        ("Très bien, à jeudi, François. J’ai été là.", "cp1252"),
        ("Perché no? È più comodo, giovedì. Sì, così è.", "cp1252"),
        ("På torsdag kan jeg gå. Det er også fint, kære Jørn, hilsen Åse.", "cp1252"),
        ("Schöne Grüße, Müller, außerdem könnte ich früher.", "cp1252"),
        ("Hej då, på torsdag går bra för mig. Hälsningar, café Åsa", "cp1252"),
        ("Não há problema, amanhã às dez, você.", "cp1252"),
        ("Já, ég get komið á fimmtudaginn. Þakka þér fyrir, góður.", "cp1252"),
        ("Curaçao, São Paulo, Malmö, Ærø", "cp1252"),
        ("Hotel ***** 25 °C, 3 × 4 ½", "cp1252"),
    ],
)
def test_other_latin_letters_without_a_charset(text: str, charset: str) -> None:
    assert decode_text(text.encode(charset), "").text == text


@given(st.text(alphabet="abc éüß한™€“ŸÃÂ\x81\ufffdяž", max_size=80), st.sampled_from(["", "latin-1", "cp1252"]))
def test_what_begins_in_another_script_was_not_encoded_twice(text: str, wrongly: str) -> None:
    """The look at the beginning, which spares most mails two tries, decides as the tries do."""
    if wrongly:
        text = text.encode().decode(wrongly, "replace")
    found = undo_double_utf8(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charset_guess, "_NO_WESTERN", re.compile("(?!)"))  # no look at all
        assert undo_double_utf8(text) == found
