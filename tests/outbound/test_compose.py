"""In charge of: the bytes of a mail: who stands in it, how it is threaded, that nothing can be smuggled into it."""

from __future__ import annotations

import email
import re
from binascii import b2a_qp
from contextlib import suppress
from dataclasses import replace
from email import policy
from email.header import Header
from email.message import EmailMessage
from typing import Any

import pytest
from attacks import WORDS, assert_only_one_mail_to_one_person
from hypothesis import given
from hypothesis import strategies as st
from mail_servers import DOMAIN, NOW, OUTGOING, TOKEN

from gateway.errors import Invalid
from gateway.outbound.compose import clean_filename, compose_mail
from gateway.outbound.headers import LINE, one_line, text_field
from gateway.threads.channel import InlinePicture, Outgoing, OutgoingFile


def composed(**changes: Any) -> bytes:
    return compose_mail(replace(OUTGOING, **changes), date=NOW, domain=DOMAIN)


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=policy.default)


@given(subject=WORDS, to_name=WORDS, from_name=WORDS)
def test_words_never_make_a_field(subject: str, to_name: str, from_name: str) -> None:
    """Header injection: whatever stands in names and subject, the mail has the expected fields and one recipient."""
    raw = composed(subject=subject, to_name=to_name, from_name=from_name)
    assert_only_one_mail_to_one_person(raw)


@given(subject=WORDS)
def test_the_subject_arrives_as_it_was_meant(subject: str) -> None:
    raw = composed(subject=subject)
    decoded = str(email.header.make_header(email.header.decode_header(email.message_from_bytes(raw)["Subject"])))
    assert decoded.split() == one_line(subject).split()


@given(name=st.text(st.sampled_from("한지우 řя😀ab=?_"), max_size=40))
def test_a_name_is_encoded_as_the_library_encodes_it(name: str) -> None:
    """`Header` costs many steps; most names need one."""
    shown = one_line(name)
    if not shown.isascii():
        folded = Header(shown, "utf-8", maxlinelen=LINE, header_name="To").encode(splitchars=" ", linesep="\r\n")
        assert text_field("To", name) == f"To: {folded}\r\n"


@given(
    filename=WORDS,
    content_type=WORDS | st.sampled_from(["text/html", "message/rfc822", "multipart/mixed", "image/PNG"]),
)
def test_a_file_name_never_makes_a_field(filename: str, content_type: str) -> None:
    """Reliability 57."""
    raw = composed(files=(OutgoingFile(filename, content_type, b"\r\n.\r\n--=_0_\x00\xff"),))
    assert_only_one_mail_to_one_person(raw)
    [part] = parsed(raw).iter_attachments()
    assert part.get_filename() == clean_filename(filename)
    assert part.get_payload(decode=True) == b"\r\n.\r\n--=_0_\x00\xff"
    assert set(part.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}


@given(in_reply_to=WORDS, references=st.lists(WORDS, max_size=30), language=WORDS)
def test_what_the_ats_sends_along_never_makes_a_field(in_reply_to: str, references: list[str], language: str) -> None:
    """Reliability 57."""
    raw = composed(in_reply_to=in_reply_to, references=tuple(references), language=language)
    assert_only_one_mail_to_one_person(raw, {"In-Reply-To", "References"})


@given(text=WORDS, html=WORDS)
def test_the_words_of_the_message_arrive_whole(text: str, html: str) -> None:
    """Outbound smuggling: no line of a message ends the mail or stands bare on the wire."""
    raw = composed(text=text, html=html)
    assert_only_one_mail_to_one_person(raw)
    body = parsed(raw).get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert body.rstrip("\n") == _as_sent(text).rstrip("\n")


@given(text=WORDS)
def test_lines_are_quoted_as_the_whole_text_would_be(text: str) -> None:
    html = f"<p>{text}</p>\n" + "<td>a row of the template</td>\n" * 200  # most is ASCII: else it would be base64
    whole = b2a_qp(_as_sent(html).removesuffix("\n").replace("\n", "\r\n").encode() + b"\r\n")
    assert whole in composed(html=html)


def _as_sent(text: str) -> str:
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return unified.encode("utf-8", "replace").decode()


@given(address=WORDS)
def test_an_address_is_one_address_or_is_refused(address: str) -> None:
    try:
        raw = composed(to=f"{address}@naver.example")
    except Invalid:
        return
    mail = email.message_from_bytes(raw, policy=policy.default)
    assert mail["Bcc"] is None
    assert len(re.findall(rb"^To:", raw, re.MULTILINE)) == 1


@pytest.mark.parametrize("field", ["from_address", "reply_to", "to", "message_id"])
def test_what_the_gateway_makes_itself_is_refused_rather_than_mended(field: str) -> None:
    with pytest.raises(Invalid) as caught:
        composed(**{field: "a@b.example>\r\nBcc: <victim@example.org"})
    assert caught.value.field == field


def test_the_mail_says_where_answers_go_and_nobody_elses_address() -> None:
    """SJ-1, GW-7: answers come back to the thread; the recruiter's own address is nowhere."""
    raw = composed()
    mail = parsed(raw)
    assert mail["Reply-To"].addresses[0].addr_spec == f"r+{TOKEN}@{DOMAIN}"
    addresses = set(re.findall(rb"[\w.+-]+@[\w.-]+", raw))
    ours = {f"r+{TOKEN}@{DOMAIN}".encode(), f"01message@{DOMAIN}".encode(), b"jiwoo@naver.example"}
    assert addresses == ours


def test_a_long_conversation_keeps_its_first_and_its_newest_ids() -> None:
    """SJ-4: the candidate's mail client groups the thread; the field stays bounded."""
    ids = tuple(f"{number}.{'x' * 60}@naver.example" for number in range(500))
    mail = email.message_from_bytes(composed(references=ids, in_reply_to="parent@naver.example"))
    references = mail["References"].split()
    assert references[0] == f"<{ids[0]}>"
    assert references[-2:] == [f"<{ids[-1]}>", "<parent@naver.example>"]
    assert len(references) == 20
    assert mail["In-Reply-To"] == "<parent@naver.example>"


def test_ids_of_others_are_repeated_letter_by_letter() -> None:
    """Outlook's are longer than a line; an encoded or broken one would take the answer out of its thread."""
    long_id = f"{'DB9PR08MB6748' * 9}@DB9PR08MB6748.eurprd08.prod.outlook.example"
    assert f"<{long_id}>".encode() in composed(in_reply_to=long_id)


def test_the_same_mail_is_the_same_bytes() -> None:
    """A second attempt is recognised: same Message-ID, same boundaries."""
    assert composed() == composed()


def test_a_mail_from_a_person_does_not_call_itself_automatic() -> None:
    mail = parsed(composed())
    assert "Auto-Submitted" not in mail
    assert "X-Auto-Response-Suppress" not in mail


def test_a_mail_of_ours_can_be_known_when_it_comes_back() -> None:
    assert parsed(composed())["X-Gateway-Origin"] == DOMAIN


def test_extra_fields_are_few_and_cannot_take_the_place_of_ours() -> None:
    assert parsed(composed(headers={"X-Thread": "한지우"}))["X-Thread"] == "한지우"
    for name in ("Bcc", "To", "Content-Type", "DKIM-Signature", "X-Gateway-Origin", "X-A\r\nBcc"):
        with pytest.raises(Invalid, match=r"field|by the gateway alone"):
            composed(headers={name: "x"})


def test_a_mail_without_html_is_plain_text() -> None:
    mail = parsed(composed(html=""))
    assert mail.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "to", ["ji.woo+work@naver.example", ".a..b.@docomo.example", '"ji woo"@naver.example', "o'neil@x.example"]
)
def test_odd_addresses_that_people_have_are_written_as_they_are(to: str) -> None:
    assert f"<{to}>".encode() in composed(to=to)


def test_a_file_keeps_the_end_of_its_name() -> None:
    assert clean_filename("../../" + "가" * 300 + ".pdf").endswith("가.pdf")
    assert clean_filename("C:\\temp\\cv.pdf") == "cv.pdf"
    assert clean_filename("\r\n") == "attachment"


def test_an_outgoing_mail_needs_no_more_than_its_recipient() -> None:
    bare = Outgoing("d", "email", "a@b.example", from_address="x@y.example", message_id="1@y.example")
    assert parsed(compose_mail(bare, date=NOW, domain=DOMAIN))["To"] == "a@b.example"


def test_a_picture_of_the_html_stands_with_it_and_a_file_beside_both() -> None:
    """RFC 2387 §3.1, RFC 2392 §2: clients without HTML see neither picture nor its name."""
    picture = InlinePicture(f"logo.1@{DOMAIN}", "image/png", bytes(range(256)) * 80)
    raw = composed(
        html='<img src="cid:x">', pictures=(picture,), files=(OutgoingFile("cv.pdf", "application/pdf", b"%PDF"),)
    )
    assert_only_one_mail_to_one_person(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 76 + 40
    mail = parsed(raw)
    related = mail.get_body(("related",))
    assert related["Content-Type"].params["type"] == "text/html"
    [part] = [p for p in mail.walk() if p.get_content_type() == "image/png"]
    assert part.get_content() == picture.content
    assert part["Content-ID"] == f"<logo.1@{DOMAIN}>"
    assert [p.get_filename() for p in mail.iter_attachments()] == ["cv.pdf"]


@given(content_id=WORDS, content_type=WORDS)
def test_a_picture_never_makes_a_field(content_id: str, content_type: str) -> None:
    with suppress(Invalid):
        raw = composed(html="<p>", pictures=(InlinePicture(f"a@{content_id}", f"image/{content_type}", b"x"),))
        assert_only_one_mail_to_one_person(raw)
