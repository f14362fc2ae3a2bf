"""Uuencoded files, signed and encrypted mail, and AMP: issue rows SJ-7, and reliability 36 (uuencode)."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.mime import parse_mail
from gateway.inbound.reading import read_mail
from gateway.inbound.uuencoded import take_uuencoded
from gateway.threads.incoming import IncomingMail


def read(kind: str, body: str) -> IncomingMail:
    return parse_mail(f"From: a@b.example\nContent-Type: {kind}\n\n{body}".replace("\n", "\r\n").encode())


def uuencode(name: str, content: bytes) -> str:
    lines = [binascii.b2a_uu(content[i : i + 45]).decode() for i in range(0, len(content), 45)]
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


def test_a_uuencoded_file_becomes_an_attachment_and_the_text_stays_readable() -> None:
    body = "My CV is below.\n" + uuencode("../cv.pdf", b"%PDF-1.4 words" * 20) + "Best, Ann\n"
    mail = read("text/plain", body)
    shown = read_mail(b"From: a@b.example\r\n\r\n" + body.encode()).split
    assert f"{shown.reply} {shown.signature}".split() == ["My", "CV", "is", "below.", "Best,", "Ann"]
    assert "begin 644" in mail.text  # nothing of a mail is cut
    assert [(a.filename, a.content) for a in mail.attachments] == [("cv.pdf", b"%PDF-1.4 words" * 20)]


@pytest.mark.parametrize(
    "text", ["begin 644 work\nwith me\nend\n", "begin 644 x\n`\nend\n", "begin 644 x\n#86)C\n", "begin 644 x\n" * 9000]
)
def test_words_that_only_look_like_a_uuencoded_file_stay(text: str) -> None:
    assert take_uuencoded(text) == (text, [])


@given(st.binary(min_size=1, max_size=300))
def test_any_uuencoded_content_comes_back(content: bytes) -> None:
    assert take_uuencoded("a\n" + uuencode("f", content) + "b") == ("a\nb", [("f", content)])


def parts(*bodies: tuple[str, str]) -> str:
    return "".join(f"--x\nContent-Type: {kind}\n\n{body}\n" for kind, body in bodies) + "--x--\n"


@pytest.mark.parametrize(
    ("kind", "mark"),
    [("application/pkcs7-signature; name=smime.p7s", "signed: smime"), ("application/pgp-signature", "signed: pgp")],
)
def test_a_signed_mail_reads_like_any_other(kind: str, mark: str) -> None:
    mail = read("multipart/signed; boundary=x", parts(("text/plain", "I accept."), (kind, "MIIsignature")))
    assert (mail.text.strip(), mail.attachments) == ("I accept.", ())
    assert mark in mail.defects


def test_a_clearsigned_text_loses_its_armour_only() -> None:
    armour = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nI accept.\n- -- Ann\n-----BEGIN PGP SIGNATURE-----\n\n"
    )
    mail = read("text/plain", "Hi\n" + armour + "iQEz\n-----END PGP SIGNATURE-----\nlist footer\n")
    assert mail.text.splitlines() == ["Hi", "I accept.", "-- Ann", "list footer"]
    assert "signed: pgp" in mail.defects


def test_encrypted_mail_is_told_and_its_file_kept() -> None:
    bodies = parts(("application/pgp-encrypted", "Version: 1"), ("application/octet-stream; name=e.asc", "secret"))
    mail = read("multipart/encrypted; boundary=x", bodies)
    assert [a.filename for a in mail.attachments] == ["e.asc"]
    assert "encrypted: pgp" in mail.defects
    assert "encrypted: smime" in read("application/pkcs7-mime; smime-type=enveloped-data", "MII").defects
    assert "signed: smime" in read("application/pkcs7-mime; smime-type=signed-data", "MII").defects
    assert "encrypted: pgp" in read("text/plain", "-----BEGIN PGP MESSAGE-----\n\nhQEM\n").defects


def test_an_amp_copy_is_neither_text_nor_file() -> None:
    bodies = parts(("text/plain", "Hello"), ("text/x-amp-html", "<html amp4email>"), ("text/html", "<p>Hello</p>"))
    mail = read("multipart/alternative; boundary=x", bodies)
    assert (mail.text.strip(), mail.html.strip(), mail.attachments) == ("Hello", "<p>Hello</p>", ())
