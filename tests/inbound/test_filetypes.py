"""What a file is by its content, and what cards and calendars say (GW-10, PE-P2)."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.cards import LARGEST, read_fields
from gateway.inbound.filetypes import find_type

SVG = "image/svg+xml"


def make_zip(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"MZ\x90\x00" + bytes(100), "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "application/x-executable"),
        (b"L\0\0\0\x01\x14\x02\0" + bytes(60), "application/x-ms-shortcut"),
        (b"#!/bin/sh\nrm -rf ~\n", "text/x-sh"),
        (b"<!DOCTYPE html><p>hi", "text/html"),
        (b"\xef\xbb\xbf\r\n\t <HTML>hi", "text/html"),
        ("\ufeff<script>alert(1)</script>".encode("utf-16-le"), "text/html"),
        (b"<!-- a comment --><body onload=x>", "text/html"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", SVG),
        (b"<svg onload=alert(1)>", SVG),
        (make_zip("word/document.xml"), "application/zip"),
        (make_zip("word/document.xml", "word/vbaProject.bin"), "application/vnd.ms-office.vbaproject"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "application/x-ole-storage"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "image/png"),
        (b"Dear team, <b>hello</b>", ""),
        (b"I wrote <html> by hand", ""),
        (b"", ""),
    ],
)
def test_what_a_file_is(content: bytes, expected: str) -> None:
    assert find_type(content) == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_looked_at_without_harm(content: bytes) -> None:
    assert isinstance(find_type(content), str)
    assert isinstance(read_fields(b"BEGIN:VCARD\r\n" + content + b"\r\nEND:VCARD"), list)


def test_a_visiting_card_is_read() -> None:
    card = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Park;Jun;;;\r\nFN:Jun Park\r\nORG:Moa Labs;People\r\n"
        "TEL;TYPE=CELL:+82 10 1234\r\nitem1.EMAIL:jun@moalabs.example\r\n"
        "ADR;TYPE=WORK:;;Street 1;Seoul;;04524;Korea\r\n"
        "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=EA=B9=80<script>\r\nPHOTO;ENCODING=b:AAAA\r\nEND:VCARD\r\n"
    )
    assert sorted(read_fields(card.encode())) == [
        ("address", "Street 1, Seoul, 04524, Korea"),
        ("email", "jun@moalabs.example"),
        ("name", "Jun Park"),
        ("note", "김<script>"),
        ("organisation", "Moa Labs, People"),
        ("phone", "+82 10 1234"),
    ]


def test_an_invitation_is_read() -> None:
    event = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Interview\\, second round\r\n"
        "DTSTART;TZID=Asia/Seoul:20261203T140000\r\nLOCATION:Room 3\r\nORGANIZER;CN=Jun:mailto:jun@moalabs.example\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    assert dict(read_fields(event.encode())) == {
        "summary": "Interview, second round",
        "start": "2026-12-03 14:00 KST",
        "place": "Room 3",
        "organiser": "jun@moalabs.example",
    }


@pytest.mark.parametrize("content", [b"", b"no card", b"BEGIN:VCARD\r\n", b"x" * (LARGEST + 1)])
def test_what_is_no_card_has_no_fields(content: bytes) -> None:
    assert read_fields(content) == []
