"""File names in the forms in which programs write them (RFC 2231, RFC 2047, and none)."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from gateway.inbound.mime import parse_mail
from gateway.inbound.parameters import decode_percent

KO = "이력서.pdf"
LONG = "김미나_이력서_및_자기소개서_2026년_하반기_백엔드_개발자.pdf"
CODED = quote(LONG)


def name_of(disposition: bytes) -> str:
    raw = (
        b"From: Jan <jan@x.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + disposition + b"\r\n\r\nx\r\n--b--\r\n"
    )
    return parse_mail(raw).attachments[0].filename


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (f"filename={quote(KO)}", KO),
        (f'filename="{quote(KO)}"', KO),
        (f'filename="{quote(KO).lower()}"', KO),
        (f'filename="My%20CV%20{quote("김미나")}.pdf"', "My CV 김미나.pdf"),
        (f'filename="{quote(KO.encode("euc-kr"))}"', KO),
        (f"filename=\"UTF-8''{quote(KO)}\"", KO),
        ('filename="100% done.pdf"', "100% done.pdf"),
        ('filename="My%20CV.pdf"', "My%20CV.pdf"),
        ('filename="50%A4.pdf"', "50%A4.pdf"),
    ],
)
def test_name_with_percent_signs(disposition: str, name: str) -> None:
    assert name_of(disposition.encode()) == name


@pytest.mark.parametrize("size", [5, 31, 57, 58, 59, 60, 77])
@pytest.mark.parametrize("form", ['filename*{0}*={1}"{2}"', "filename*{0}*={1}{2}"])
def test_long_name_cut_anywhere(size: int, form: str) -> None:
    pieces = [CODED[at : at + size] for at in range(0, len(CODED), size)]
    written = [form.format(at, "", ("UTF-8''" if at == 0 else "") + piece) for at, piece in enumerate(pieces)]

    assert name_of(";\r\n ".join(reversed(written)).encode()) == LONG


def test_pieces_that_are_not_encoded_keep_their_percent_signs() -> None:
    assert name_of(b"filename*0*=UTF-8''%EC%9D%B4; filename*1*=_; filename*2=\"100%25.pdf\"") == "이_100%25.pdf"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("&#51060;&#47141;&#49436;.pdf", "이력서.pdf"),
        ("A&#38;B &#999999; &#55296;.pdf", "A&#38;B &#999999; &#55296;.pdf"),
    ],
)
def test_name_that_came_through_a_web_form(written: str, name: str) -> None:
    assert name_of(f'filename="{written}"'.encode()) == name


def test_extended_name_with_raw_bytes() -> None:
    assert name_of("filename*=UTF-8''이력서.pdf".encode()) == KO


@pytest.mark.parametrize("piece", ["%", "%E", "%EC%9D", "a'b'%", "filename*0*=", 'filename*0*="\\', "filename*1*=a;"])
def test_hostile_values_cost_little(piece: str) -> None:
    value = piece * (100_000 // len(piece))
    began = time.process_time()

    decode_percent(value)
    name_of(f"filename*0*=a; filename*1*=b; {value}".encode())

    assert time.process_time() - began < 0.5
