"""In charge of: STARTTLS: what it protects, forgets and refuses. Not in charge of: the dialogue inside.

Requirement SJ-7: a candidate's mail system may insist on TLS, or know none.
"""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from smtp_kit import ISSUED, OURS, Running, serving

from gateway.errors import SettingsError
from gateway.inbound.smtp import SmtpLimits
from gateway.inbound.tls import load_context, self_signed_context

AUTHORITY = trustme.CA()
WIRE = b"Subject: x\r\n\r\nhi\r\n.\r\n"


def write_pair(folder: Path, hostname: str = "mx.ours.test") -> tuple[Path, Path]:
    pair = AUTHORITY.issue_cert(hostname)
    cert, key = folder / "cert.pem", folder / "key.pem"
    pair.private_key_pem.write_to_path(str(key))
    cert.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
    return cert, key


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    context = load_context(*write_pair(tmp_path_factory.mktemp("tls")))
    with serving(tls=context, limits=SmtpLimits(tls_timeout=1.0)) as running:
        yield running


@pytest.fixture
def trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_mail_over_tls(front: Running, trust: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    trust.minimum_version = trust.maximum_version = version
    body = b"Subject: x\r\n\r\n" + b"large\r\n" * 200_000
    with smtplib.SMTP(*front.address) as client:
        client._host = "mx.ours.test"  # type: ignore[attr-defined]
        client.ehlo()
        assert client.has_extn("starttls")
        client.starttls(context=trust)
        client.ehlo()
        assert not client.has_extn("starttls")
        assert not client.has_extn("auth")
        client.sendmail("a@b.test", ISSUED, body)
    envelope, raw = front.books.stored[-1]
    assert envelope.tls
    assert raw == body
    assert envelope.peer == "127.0.0.1"


def test_state_is_forgotten_and_a_second_starttls_refused(front: Running, trust: ssl.SSLContext) -> None:
    """Reliability 19 (RFC 3207 §4.2)."""
    with front.peer() as peer:
        peer.begin()
        peer.start_tls(trust)
        assert peer.say("DATA").startswith("503 5.5.1")
        assert peer.say("MAIL FROM:<>").startswith("503 5.5.1")
        peer.say("EHLO x")
        assert peer.say("STARTTLS").startswith("503 5.5.1")
        assert peer.data(WIRE).startswith("250")


def test_commands_in_the_clear_behind_starttls_never_run(front: Running) -> None:
    """Reliability 19 (CVE-2011-0411)."""
    asked = len(front.books.asked)
    with front.peer() as peer:
        peer.send(f"STARTTLS\r\nMAIL FROM:<>\r\nRCPT TO:<{ISSUED}>\r\n".encode())
        assert peer.hear().startswith("503 5.5.0")
        assert peer.is_closed()
    assert len(front.books.asked) == asked


def test_commands_in_the_clear_after_the_220_never_run(front: Running) -> None:
    """Reliability 19."""
    asked = len(front.books.asked)
    with front.peer() as peer:
        assert peer.say("STARTTLS").startswith("220")
        peer.send(f"MAIL FROM:<>\r\nRCPT TO:<{ISSUED}>\r\n".encode())
        drain(peer.socket)
    assert len(front.books.asked) == asked


def test_broken_handshakes_end_quickly_and_are_not_counted_for_ever(tmp_path: Path) -> None:
    """Reliability 20."""
    context = load_context(*write_pair(tmp_path))
    limits = SmtpLimits(tls_timeout=0.3, connections=3)
    with serving(tls=context, limits=limits) as front:
        for leave in (drain, socket.socket.close) * 3:
            with front.peer() as peer:
                assert peer.say("STARTTLS").startswith("220")
                leave(peer.socket)
        with front.peer() as peer:
            peer.say("STARTTLS")
            peer.send(b"\x16\x03\x01\xff\xffgarbage" * 10)
            drain(peer.socket)
        wait_for_room(front)


def test_many_half_handshakes_keep_nobody_out(tmp_path: Path) -> None:
    """Reliability 20: 200 that begin TLS and fall silent; an honest mail is taken meanwhile."""
    limits = SmtpLimits(tls_timeout=30, connections=300)
    with serving(tls=load_context(*write_pair(tmp_path)), limits=limits) as front, ExitStack() as stack:
        for _ in range(200):
            peer = stack.enter_context(front.peer())
            assert peer.say("STARTTLS").startswith("220")
            peer.send(b"\x16\x03\x01\x02")
        began = time.monotonic()
        with front.peer() as honest:
            assert honest.data(WIRE).startswith("250")
        assert time.monotonic() - began < 1


def wait_for_room(front: Running) -> None:
    for _ in range(100):
        peers = [front.peer(helo=False) for _ in range(3)]
        greetings = [peer.greeting[:3] for peer in peers]
        for peer in peers:
            peer.socket.close()
        if greetings == ["220"] * 3:
            return
    raise AssertionError("connections are still counted")


def drain(connection: socket.socket) -> None:
    """Read until the other side closes."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        pass


def test_old_tls_is_refused(front: Running, trust: ssl.SSLContext) -> None:
    """Reliability 20."""
    trust.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trust.minimum_version = trust.maximum_version = ssl.TLSVersion.TLSv1_1
    with front.peer() as peer, pytest.raises((ssl.SSLError, ConnectionError)):
        peer.start_tls(trust)


def test_half_a_mail_over_tls_is_not_stored(front: Running, trust: ssl.SSLContext) -> None:
    before = len(front.books.stored)
    with front.peer() as peer:
        peer.start_tls(trust)
        peer.say("EHLO x")
        peer.begin()
        peer.say("DATA")
        peer.send(WIRE[:-1])
    with front.peer() as again:
        assert again.data(WIRE).startswith("250")
    assert len(front.books.stored) == before + 1


def test_changed_certificate_is_shown_without_a_restart(tmp_path: Path, trust: ssl.SSLContext) -> None:
    cert, key = write_pair(tmp_path)
    with serving(tls=load_context(cert, key)) as front:

        def serial() -> object:
            with front.peer() as peer:
                peer.start_tls(trust)
                return peer.socket.getpeercert()["serialNumber"]  # type: ignore[attr-defined]

        first = serial()
        assert serial() == first
        write_pair(tmp_path)
        os.utime(cert, (1, 1))
        second = serial()
        assert second != first
        cert.write_text("broken")
        assert serial() == second
        cert.unlink()
        assert serial() == second


def test_wrong_files_are_named(tmp_path: Path) -> None:
    cert, _ = write_pair(tmp_path)
    with pytest.raises(SettingsError, match=r"nowhere\.pem"):
        load_context(cert, tmp_path / "nowhere.pem")
    with pytest.raises(SettingsError, match="PEM chain"):
        load_context(cert, cert)


def test_self_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    context = self_signed_context("mx.ours.test")
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert list(tmp_path.iterdir()) == []
    with serving(tls=context) as front, front.peer() as peer:
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
        peer.start_tls(careless)
        assert peer.say("EHLO x").startswith("250")
        assert peer.say(f"VRFY {OURS}").startswith("252")
