"""Reliability 35 – 39: one reading of ambiguous mail, no codec that is none, names, archives, determinism."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.mime import parse_mail
from gateway.threads.filenames import safe_filename
from gateway.threads.incoming import IncomingMail

EMAILS = Path(__file__).parent.parent / "emails"


def read(headers: str, body: str) -> IncomingMail:
    return parse_mail(f"From: a@b.example\n{headers}\n\n{body}".replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ("Content-Type: multipart/mixed; boundary=b", "--b\n\none\n--bb\n\ntwo\n--b--\n", "one"),
        (f"Content-Type: multipart/mixed; boundary={'b' * 200}", f"--{'b' * 200}\n\none\n--{'b' * 200}--\n", "one"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\n\none\n", "one"),
        ("Content-Type: multipart/mixed; boundary=b", "before\n--b\n\none\n--b--\nafter\n", "one"),
        ("Content-Type: multipart/mixed; boundary*0=b; boundary*1=c", "--bc\n\none\n--bc--\n", "one"),
        ('Content-Type: multipart/mixed; boundary=""', "--b\nContent-Type: text/plain\n\none\n--b--\n", "one"),
    ],
    ids=["prefix", "long", "unclosed", "preamble", "split", "empty"],
)
def test_35_a_tricky_boundary_has_one_reading(headers: str, body: str, text: str) -> None:
    """Reliability 35."""
    mail = read(headers, body)
    assert mail.text.startswith(text)
    assert mail == read(headers, body)


def test_35_two_content_types_are_told() -> None:
    mail = read("Content-Type: text/plain\nContent-Type: text/html", "<p>words</p>")
    assert any(defect.startswith("ambiguous") for defect in mail.defects)


@pytest.mark.parametrize("charset", ["zlib", "bz2", "hex", "rot13", "idna", "punycode", "undefined", "utf-7", "utf-16"])
@given(body=st.binary(max_size=80))
def test_36_a_charset_never_runs_a_codec_that_is_none(charset: str, body: bytes) -> None:
    """Reliability 36."""
    head = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    text = parse_mail(head + body).text
    assert text.encode("utf-8").decode() == text
    assert "\0" not in text


@pytest.mark.parametrize("encoding", ["x-unknown", "base64", "quoted-printable", "x-uuencode", "8bit"])
@given(body=st.binary(max_size=80))
def test_36_any_transfer_encoding_is_read(encoding: str, body: bytes) -> None:
    mail = parse_mail(f"From: a@b.example\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body)
    assert not any(defect.startswith("unreadable: ") for defect in mail.defects)


@given(st.text(max_size=300))
def test_37_no_name_leaves_its_folder_or_hides_its_ending(name: str) -> None:
    """Reliability 37."""
    safe = safe_filename(name)
    assert not set(safe) & set("/\\\0\r\n\u202e\u2066")
    assert safe not in (".", "..")
    assert len(safe.encode()) <= 200


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ('filename="../../etc/x"', "x"),
        ("filename*0*=utf-8''cv%2e; filename*1*=exe", "cv.exe"),
        ("filename*=utf-8''cv%0d%0aX%3a%201.pdf", "cv X_ 1.pdf"),
        ("filename*=utf-8''cv%E2%80%AEfdp.exe", "cvfdp.exe"),
        ('filename="con.txt"', "_con.txt"),
    ],
)
def test_37_a_declared_name_is_joined_and_made_safe(parameter: str, name: str) -> None:
    mail = read(f"Content-Type: application/pdf\nContent-Disposition: attachment; {parameter}", "x")
    assert [a.filename for a in mail.attachments] == [name]


def test_38_an_archive_is_never_unpacked() -> None:
    """Reliability 38."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../slip.txt", b"\0" * 20_000_000)
    body = base64.encodebytes(packed.getvalue()).decode()
    mail = read("Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64", body)
    assert [a.content for a in mail.attachments] == [packed.getvalue()]


_DIGEST = """
import hashlib, pathlib, sys
from gateway.inbound.reading import read_mail
found = hashlib.sha256()
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml"))[:25]:
    found.update(repr(read_mail(path.read_bytes())).encode("utf-8", "surrogatepass"))
print(found.hexdigest())
"""


def test_39_the_hash_seed_changes_nothing() -> None:
    """Reliability 39."""
    command = [sys.executable, "-c", _DIGEST, str(EMAILS)]
    found = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(found) == 1
    assert found != {hashlib.sha256().hexdigest() + "\n"}
