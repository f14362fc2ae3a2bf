"""Files and words in winmail.dat (SJ-7): containers written here after [MS-OXTNEF]."""

from __future__ import annotations

import base64
import struct

import pytest
from compressed_rtf import compress
from hypothesis import given
from hypothesis import strategies as st
from test_hostile_bodies import compare

from gateway.inbound.mime import parse_mail
from gateway.inbound.rtf import read_compressed_rtf
from gateway.inbound.tnef import open_tnef
from gateway.threads.incoming import IncomingMail

PDF = b"%PDF-1.4 a certificate" * 30


def attribute(name: int, value: bytes, *, level: int = 2, kind: int = 6) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def properties(*found: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(found))
    for kind, name, value in found:
        out += struct.pack("<HH", kind, name)
        if name >= 0x8000:
            out += bytes(16) + struct.pack("<II", 0, 7)  # a GUID, and the number that names it
        if kind in (0x1E, 0x1F, 0x102):
            out += struct.pack("<II", 1, len(value))
        out += value + bytes(-len(value) % 4)
    return out


def container(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22" + struct.pack("<H", 1) + b"".join(attributes)


def attached(name: str, content: bytes) -> bytes:
    about = properties(
        (3, 0x0E21, struct.pack("<I", 1)),
        (0x1F, 0x3707, (name + "\0").encode("utf-16-le")),
        (0x1E, 0x370E, b"application/pdf\0"),
        (3, 0x8001, struct.pack("<I", 5)),
    )
    start = attribute(0x9002, bytes(14)) + attribute(0x8010, b"CERTIF~1.PDF\0")
    return start + attribute(0x800F, content) + attribute(0x9005, about)


def mail_with(data: bytes, *, text: str = "The certificate.", kind: str = "application/ms-tnef") -> IncomingMail:
    body = f"--x\nContent-Type: text/plain\n\n{text}\n" if text else ""
    head = "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n"
    part = f'--x\nContent-Type: {kind}; name="winmail.dat"\nContent-Transfer-Encoding: base64\n\n'
    return parse_mail(f"{head}{body}{part}{base64.encodebytes(data).decode()}\n--x--\n".encode())


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/octet-stream"])
def test_the_files_in_it_are_the_mails_files(kind: str) -> None:
    mail = mail_with(container(attached("졸업 증명서.pdf", PDF), attached("b.pdf", b"%PDF b")), kind=kind)
    assert [(a.filename, a.content_type, a.content) for a in mail.attachments] == [
        ("졸업 증명서.pdf", "application/pdf", PDF),
        ("b.pdf", "application/pdf", b"%PDF b"),
    ]
    assert (mail.text.strip(), mail.defects) == ("The certificate.", ())


def test_its_words_count_only_where_the_mail_has_none() -> None:
    words = attribute(0x9007, struct.pack("<II", 949, 0), level=1) + attribute(
        0x800C, "네, 갑니다".encode("cp949"), level=1
    )
    assert mail_with(container(words), text="").text == "네, 갑니다"
    assert mail_with(container(words)).text.strip() == "The certificate."
    html = attribute(0x9003, properties((0x102, 0x1013, b"<p>Yes, I come</p>")), level=1)
    assert mail_with(container(html), text="").html == "<p>Yes, I come</p>"


OUTLOOK_RTF = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fmodern\fcharset129 Batang;}}"
    rb"{\colortbl\red0\green0\blue0;}\uc1\pard\plain\f0\fs20 Yes, I \b gladly\b0  come \u8211? at two.\par\par"
    rb"{\f1 \'c0\'cc\'b7\'c2\'bc\'ad} {\field{\*\fldinst{HYPERLINK \"https://x.example/a\"}}{\fldrslt my page}}\par}"
)
HTML_IN_RTF = (
    rb"{\rtf1\ansi\ansicpg1250\fromhtml1 \deff0{\fonttbl{\f0\fswiss\fcharset238 Arial;}}"
    rb"{\*\htmltag64 <p>}\htmlrtf \f0 \htmlrtf0 P\'f8ijdu ve \'e8tvrtek.{\*\htmltag72 </p>}\htmlrtf \par \htmlrtf0 }"
)


def formatted(rtf: bytes) -> bytes:
    return container(attribute(0x9003, properties((0x102, 0x1009, compress(rtf, compressed=True))), level=1))


@pytest.mark.parametrize(
    ("rtf", "words"),
    [
        (OUTLOOK_RTF, "Yes, I gladly come – at two.\n\n이력서 my page"),
        (HTML_IN_RTF, "Přijdu ve čtvrtek."),
        (rb"{\rtf1 It \\f1 is}", "It \\f1 is"),
    ],
)
def test_formatted_words_are_read_where_there_are_no_others(rtf: bytes, words: str) -> None:
    """[MS-OXRTFCP]; a mail of Exchange that has nothing but winmail.dat is no empty message."""
    mail = mail_with(formatted(rtf), text="")
    assert (mail.text, mail.attachments) == (words, ())
    assert mail_with(formatted(rtf)).text.strip() == "The certificate."


def test_formatted_words_that_are_broken_leave_the_container_as_a_file() -> None:
    broken = container(attribute(0x9003, properties((0x102, 0x1009, b"LZFu")), level=1))
    assert [a.filename for a in mail_with(broken, text="").attachments] == ["winmail.dat"]
    assert mail_with(broken).attachments == ()


@pytest.mark.parametrize(
    "rtf",
    [
        b"{\\rtf1{\\fonttbl" + b"\\f1" * 15_000 + b"}x}",
        b"{\\rtf1{\\fonttbl" + b"{\\f1\\fcharset0 x" * 15_000 + b"}x}",
        b"{\\rtf1" + b'{\\field{\\*\\fldinst{HYPERLINK "x' * 10_000 + b"}x}",
        b"{" * 150_000,
    ],
    ids=["fonts", "charsets", "links", "groups"],
)
def test_hostile_formatted_words_cost_no_more_than_honest_ones(rtf: bytes) -> None:
    honest = b"{\\rtf1 " + b"I can come on Thursday at ten.\\par " * (len(rtf) // 35) + b"}"
    packed = [compress(each, compressed=False) for each in (rtf[:60_000], honest[:60_000])]
    assert compare(*(lambda data=data: read_compressed_rtf(data, "cp1252") for data in packed)) < 6


@given(st.binary(max_size=300), st.integers(0, len(OUTLOOK_RTF)))
def test_no_bytes_break_formatted_words(noise: bytes, at: int) -> None:
    text = read_compressed_rtf(compress(OUTLOOK_RTF[:at] + noise + OUTLOOK_RTF[at:], compressed=True), "cp949")
    text.encode()
    assert "\0" not in text


@pytest.mark.parametrize("data", [b"no container", container(attached("a.pdf", PDF))[:-40], container() + b"\x02\x0f"])
def test_one_that_is_broken_stays_a_file_with_a_remark(data: bytes) -> None:
    mail = mail_with(data)
    assert [(a.filename, a.content) for a in mail.attachments] == [("winmail.dat", data)]
    assert "winmail.dat could not be opened" in mail.defects


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_break_it(noise: bytes, at: int) -> None:
    whole = container(attached("a.pdf", b"%PDF"))
    open_tnef(whole[:at] + noise + whole[at:])
    open_tnef(container(attribute(0x9003, noise), attribute(0x9005, noise)))


def test_a_hostile_one_is_bounded() -> None:
    many = container(*[attribute(0x9002, bytes(14)) + attribute(0x800F, b"x")] * 400)
    opened = open_tnef(many)
    assert opened is not None
    assert len(opened.files) == 100
    assert open_tnef(container(*[attribute(0x800C, b"")] * 6_000)) is None
    assert open_tnef(container(attribute(0x9005, struct.pack("<I", 2**31) + bytes(8)))) is not None
