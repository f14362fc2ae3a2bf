"""What `parse_mail` reads, mail by mail: one file in tests/emails for each condition (SJ-7)."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.inbound.base64_bodies import decode_base64
from gateway.inbound.mailboxes import read_mailboxes
from gateway.inbound.mime import parse_mail
from gateway.threads.incoming import Address, IncomingMail

EMAILS = Path(__file__).parent.parent / "emails"


def parse(name: str) -> IncomingMail:
    return parse_mail((EMAILS / f"{name}.eml").read_bytes())


def simple(headers: bytes, body: bytes = b"Hello.\r\n") -> IncomingMail:
    return parse_mail(b"From: a@b.example\r\n" + headers + b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gmail_ko_reply_utf8", "안녕하세요. 면접은 3월 15일"),
        ("outlook_ko_reply_euc_kr_8bit", "똠얌꿍은 괜찮습니다."),
        ("thunderbird_cs_reply_iso_8859_2", "Žluťoučký kůň."),
        ("outlook_ru_reply_windows_1251_attachment", "Спасибо, резюме во вложении."),
        ("mailru_ru_reply_koi8_r", "Да, согласен на встречу."),
        ("apple_mail_sv_reply_iso_8859_1", "Jag kan börja på måndag."),
        ("iso_2022_kr_body", "안녕하세요. 문의드립니다."),
        ("gmail_ja_reply_iso_2022_jp", "お世話になっております。"),
        ("qq_zh_reply_gb18030", "您好，我可以周五参加面试。"),
        ("declared_iso_8859_1_but_utf8", "Příliš žluťoučký kůň."),
        ("undeclared_8bit_body_euc_kr", "지원서를 제출합니다."),
        ("undeclared_8bit_body_windows_1251", "Отправляю вам своё резюме"),
        ("nul_in_charset_name", "Still readable."),
        ("multipart_without_boundary_parameter", "Still readable words."),
        ("multipart_without_any_boundary", "Only words, no parts at all."),
    ],
)
def test_sj7_text_is_readable_in_its_charset(name: str, words: str) -> None:
    assert words in parse(name).text


@pytest.mark.parametrize(
    ("name", "subject", "sender"),
    [
        ("naver_ko_reply_euc_kr_html_attachment", "RE: 이력서 요청", "김펲"),
        ("thunderbird_cs_reply_iso_8859_2", "Re: Pozvání", "Šárka Nováková"),
        ("outlook_ru_reply_windows_1251_attachment", "RE: Резюме", "Иван Сидоров"),
        ("gmail_ja_reply_iso_2022_jp", "Re: 面接", "山田太郎"),
        ("unencoded_8bit_headers_euc_kr", "지원서 제출합니다", "김민수"),
        ("unencoded_8bit_headers_utf8", "지원서 제출합니다", "김민수"),
        ("undeclared_8bit_body_euc_kr", "지원서 제출합니다", "김민수"),
    ],
)
def test_sj7_subject_and_sender_are_readable(name: str, subject: str, sender: str) -> None:
    mail = parse(name)
    assert (mail.subject, mail.from_[0].name) == (subject, sender)


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("naver_ko_reply_euc_kr_html_attachment", "이력서_펲.pdf"),
        ("seznam_cs_reply_attachment_rfc2231", "Životopis Jiří Dvořák.pdf"),
        ("outlook_ru_reply_windows_1251_attachment", "Резюме.doc"),
        ("multipart_without_boundary_parameter", "cv.pdf"),
    ],
)
def test_sj7_attachments_keep_their_names(name: str, filename: str) -> None:
    (attachment,) = parse(name).attachments
    assert attachment.filename == filename
    assert attachment.content


def test_headers_of_a_reply_are_read() -> None:
    mail = parse("seznam_cs_reply_attachment_rfc2231")
    assert mail.message_id == "seznam_cs_reply_attachment_rfc2231@mail.example"
    assert mail.in_reply_to == mail.references == ("notice-1@gateway.example",)
    assert mail.date is not None
    assert mail.date.isoformat() == "2024-03-12T13:05:11+00:00"
    assert mail.to == (Address("Hiring", "r+token@reply.gateway.example"),)
    assert ("Subject", "Re: Pohovor") in mail.headers


def test_an_enclosed_message_is_one_attachment_and_its_words_stay_inside() -> None:
    mail = parse("enclosed_message_is_one_attachment")
    (enclosed,) = mail.attachments
    assert mail.text.strip() == "My own words."
    assert (enclosed.filename, enclosed.content_type) == ("forwarded.eml", "message/rfc822")
    assert b"Words of a stranger." in enclosed.content
    assert b"Inner secret" in enclosed.content
    assert parse_mail(enclosed.content).subject == "Inner secret"


def test_an_enclosed_message_in_base64_is_opened() -> None:
    import base64

    inner = base64.encodebytes(b"Subject: Inner\r\n\r\nhi\r\n").replace(b"\n", b"\r\n")
    mail = simple(
        b"Content-Type: multipart/mixed; boundary=b",
        b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inner + b"--b--\r\n",
    )
    assert mail.attachments[0].content.startswith(b"Subject: Inner")


def test_an_inline_image_is_an_attachment_with_its_content_id() -> None:
    (image,) = parse("inline_image_has_content_id").attachments
    assert (image.content_id, image.inline, image.content[:4]) == ("img1@x", True, b"\x89PNG")


def test_calendar_is_an_attachment_and_not_text() -> None:
    mail = parse("calendar_reply_is_an_attachment")
    assert mail.text.strip() == "Accepted."
    assert [a.content_type for a in mail.attachments] == ["text/calendar"]


def test_file_names_are_safe_and_empty_files_are_none() -> None:
    mail = parse("filename_with_path_and_bidi")
    assert [a.filename for a in mail.attachments] == ["pass_wd", "fdp.exe", ""]


def test_two_message_ids_give_the_first_and_a_defect() -> None:
    mail = parse("two_message_ids")
    assert mail.message_id == "two_message_ids@mail.example"
    assert "several Message-ID headers" in mail.defects


def test_wrong_base64_is_read_as_far_as_it_goes() -> None:
    mail = simple(b"Content-Transfer-Encoding: base64", b"SGVsbG8g!!d29ybGQ\r\n")
    assert mail.text == "Hello world"


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(st.sampled_from([b"QUJD", b"QUI", b"Q", b"=", b"==", b"\r\n", b"\n", b" ", b"!", b"-", b"\xea"])).map(
        b"".join
    )
)
def test_base64_that_needs_no_mending_is_read_as_any_other(data: bytes) -> None:
    assume(b"=" not in data.rstrip(b"= \t\r\n"))
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    kept = kept[:-1] if len(kept) % 4 == 1 else kept
    assert decode_base64(data) == base64.b64decode(kept + b"=" * (-len(kept) % 4))


@pytest.mark.parametrize(
    "charset", [b"zlib", b"idna", b"punycode", b"rot13", b"unicode_escape", b"\xff\xfe", b"x" * 300]
)
def test_charsets_that_are_no_charsets_do_no_harm(charset: bytes) -> None:
    assert simple(b"Content-Type: text/plain; charset=" + charset).text.strip() == "Hello."


def test_text_never_holds_what_a_database_refuses() -> None:
    mail = simple(b"Content-Type: text/plain; charset=utf-16", "a\0b".encode("utf-16-le") + b"\x00\xd8" + b"x\0")
    assert "\0" not in mail.text
    mail.text.encode("utf-8")


def test_format_flowed_is_unwrapped() -> None:
    mail = simple(b"Content-Type: text/plain; format=flowed", b"one \r\ntwo\r\n> q1 \r\n> q2\r\n-- \r\nme\r\n")
    assert mail.text == "one two\n> q1 q2\n-- \nme\n"


def test_the_same_content_has_the_same_digest() -> None:
    one = simple(b"Received: by x")
    assert one.body_digest == simple(b"Received: by y").body_digest != simple(b"X: y", b"Other.\r\n").body_digest


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Kim, Min <a@b.example>, good@x.example", [("Kim, Min", "a@b.example"), ("", "good@x.example")]),
        ('"Kim, Min" <A@B.EXAMPLE>', [("Kim, Min", "A@b.example")]),
        (".a..b.@docomo.example", [("", ".a..b.@docomo.example")]),
        ("a@b.example.", [("", "a@b.example.")]),
        ("김@한국.example", [("", "김@한국.example")]),
        ("postmaster", [("postmaster", "")]),
        ("undisclosed-recipients:;", []),
        ("team: a@b.example, c@d.example;", [("", "a@b.example"), ("", "c@d.example")]),
        ("jan@x.example (Jan)", [("Jan", "jan@x.example")]),
        ("real@bank.example <b@evil.example>", [("real@bank.example", "b@evil.example")]),
        ("<a@x.example><b@y.example>", [("", "a@x.example"), ("", "b@y.example")]),
        ("=?utf-8?q?Evil=2C_=3Cx=40y=2Eexample=3E?= <k@l.example>", [("Evil, <x@y.example>", "k@l.example")]),
    ],
)
def test_address_lists_survive_a_bad_item(value: str, found: list[tuple[str, str]]) -> None:
    assert [(a.name, a.address) for a in read_mailboxes(value)] == found


def test_a_line_break_never_gets_into_an_address() -> None:
    for address in read_mailboxes("a@b.example\r\nBcc: x@y.example"):
        assert not set("\r\n\0") & set(address.name + address.address)


def test_japanese_phones_may_use_signs_beyond_their_charset() -> None:
    assert simple(b"Content-Type: text/plain; charset=iso-2022-jp", b"\x1b$B$3-!-j\x1b(B\r\n").text == "こ①㈱\n"


def test_two_boundaries_are_told_and_the_first_is_used() -> None:
    mail = simple(b'Content-Type: multipart/mixed; boundary="b"; boundary=c', b"--b\r\n\r\nB\r\n--b--\r\n")
    assert mail.text == "B"
    assert any(defect.startswith("ambiguous") for defect in mail.defects)


def test_an_enclosed_message_with_a_header_inside_a_header_is_kept() -> None:
    head = b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n"
    for inner in (b"Date: Tue,\r14:05 x\r\nSubject: s\r\n\r\nwords", b"X: a\x1d14:05: b\r\n\r\nwords"):
        mail = parse_mail(head + inner)
        assert b"words" in mail.attachments[0].content
        assert not [d for d in mail.defects if "could not be read" in d]


def test_an_enclosed_message_keeps_its_bytes() -> None:
    inner = b"Subject: in\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xc5\x99 raw\r\nline2"
    mail = simple(
        b"Content-Type: multipart/mixed; boundary=b",
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n",
    )
    assert mail.attachments[0].content == inner


@pytest.mark.parametrize(
    ("data", "content"),
    [(b"QUI=\r\n--b\r\nThe end", b"AB"), (b"QUI=\r\nQUI=\r\n", b"ABAB"), (b"QQ==QUJD", b"AABC"), (b"QUI", b"AB")],
)
def test_padding_ends_base64_unless_more_follows(data: bytes, content: bytes) -> None:
    assert decode_base64(data) == content


def test_a_boundary_may_end_in_spaces() -> None:
    raw = b'Content-Type: multipart/mixed; boundary="b  "\r\n\r\n--b  \r\n\r\none\r\n--b \r\nstill one\r\n--b  --\r\n'
    assert parse_mail(raw).text == "one\n--b \nstill one"
    assert parse_mail(raw.replace(b"--b  ", b"--b").replace(b"--b \r\nstill", b"still")).text.startswith("one\nstill")


@pytest.mark.parametrize(
    ("charset", "codec", "words"),
    [
        ("us-ascii", "cp1251", "Здравствуйте, приду в четверг в два часа"),
        ("us-ascii", "cp949", "안녕하세요. 면접에 참석하겠습니다."),
        ("us-ascii", "cp1252", "It’s fine, Thursday “two” works"),
        ("cp-1251", "cp1251", "Приду в четверг"),
        ("x-cp1251", "cp1251", "Приду в четверг"),
    ],
)
def test_sj7_a_charset_that_is_named_loosely_or_wrongly_is_read(charset: str, codec: str, words: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64".encode()
    assert simple(head, base64.b64encode(words.encode(codec))).text.strip() == words


@pytest.mark.parametrize(
    ("name", "codec"), [("이력서.pdf", "cp949"), ("Резюме и сопроводительное письмо.pdf", "koi8-r")]
)
def test_a_file_name_in_raw_bytes_is_read_whatever_the_body_is_in(name: str, codec: str) -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello.\r\n"
        b'--b\r\nContent-Type: application/pdf; name="' + name.encode(codec) + b'"\r\n\r\n%PDF\r\n--b--\r\n'
    )
    assert [a.filename for a in parse_mail(raw).attachments] == [name]


@pytest.mark.parametrize(
    "encoding", ["Quoted_Printable", "quoted-printable;", "QUOTED PRINTABLE", "quoted-printable (as usual)"]
)
def test_a_transfer_encoding_that_is_spelt_wrongly_is_undone(encoding: str) -> None:
    head = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}".encode()
    assert simple(head, b"=C5=BEena").text == "žena"


def test_ids_that_a_program_encoded_as_words_still_name_the_mail() -> None:
    """RFC 2047 §5 forbids it; the answer belongs to its thread all the same."""
    head = b"In-Reply-To: =?utf-8?Q?=3Cm1=40reply=2Eexample=3E?=\r\n"
    head += b"References: =?utf-8?Q?=3Cm0=40a=3E?= <m1@reply.example>"
    mail = simple(head, b"Yes.")
    assert mail.in_reply_to == ("m1@reply.example",)
    assert mail.references == ("m0@a", "m1@reply.example")


def test_a_space_before_the_colon_of_a_header_is_passed_over() -> None:
    """RFC 5322 §4.5.8: old programs write it."""
    mail = parse_mail(b"From : a@b.example\r\nSubject\t: Interview\r\n\r\nNote : this stays.\r\n")
    assert ([a.address for a in mail.from_], mail.subject) == (["a@b.example"], "Interview")
    assert mail.text.strip() == "Note : this stays."
