"""Posting to the ATS's endpoints: signed, bounded, and never to an inner address (reliability 58)."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import trustme
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.outbound.ats import WebhookClient
from gateway.outbound.pinned import resolve
from gateway.threads.webhooks import Answered, is_public_address, url_fault

SECRET, OLD_SECRET = "whsec_" + "A" * 43 + "=", "whsec_" + "B" * 43 + "="
BODY = json.dumps({"type": "message.created", "data": {"text": "안녕"}}, ensure_ascii=False)
OK = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
INNER = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0", "localhost",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1",
    "224.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fc00::1",
    "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::",
    "2001:db8::1",
)  # fmt: skip


@dataclass
class Listener:
    """A TCP server that answers each connection with the same bytes and keeps what came."""

    port: int
    answer: Callable[[socket.socket], None]
    got: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?a=1"


@contextmanager
def listening(answer: bytes | Callable[[socket.socket], None]) -> Iterator[Listener]:
    server = socket.create_server(("127.0.0.1", 0))
    reply = answer if callable(answer) else lambda peer: peer.sendall(answer)
    listener = Listener(server.getsockname()[1], reply)

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer:
                listener.got.append(_read_request(peer))
                with suppress(OSError):
                    listener.answer(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def _read_request(peer: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got or not got.endswith(b"}"):
        part = peer.recv(65536)
        if not part:
            break
        got += part
    return got


def post(url: str, *, seconds: float = 5.0, allow_private: bool = True, **options: object) -> Answered:
    client = WebhookClient(seconds=seconds, allow_private=allow_private, **options)  # type: ignore[arg-type]
    return client(url, name="evt_7", body=BODY, secrets=[SECRET, OLD_SECRET], now=datetime.now(UTC))


def test_the_post_is_signed_with_both_secrets_and_a_stranger_fails() -> None:
    with listening(OK) as ats:
        assert post(ats.url) == Answered(204)
    head, _, body = ats.got[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hooks?a=1 HTTP/1.1\r\n")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.decode().split("\r\n")[1:])}
    assert body.decode() == BODY
    assert headers["webhook-id"] == "evt_7"
    assert Webhook(SECRET).verify(body, headers)["type"] == "message.created"
    assert Webhook(OLD_SECRET).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "C" * 43 + "=").verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)


@pytest.mark.parametrize("host", INNER)
def test_no_inner_address_is_connected_to_however_it_is_written(host: str) -> None:
    """Reliability 58."""
    literal = f"[{host}]" if ":" in host else host
    with listening(OK) as ats:
        answered = post(f"http://{literal}:{ats.port}/", allow_private=False)
        assert answered.code in ("address_refused", "no_connection")
        assert ats.got == []


def test_a_name_that_leads_inside_is_refused_even_when_one_of_its_addresses_is_public() -> None:
    for addresses in (["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"]):
        with listening(OK) as ats:
            url = f"http://ats.example:{ats.port}/"
            assert post(url, allow_private=False, resolve=lambda *_, a=addresses: a).code == "address_refused"
            assert ats.got == []


def test_a_name_is_asked_once_so_a_second_answer_cannot_lead_elsewhere() -> None:
    """Reliability 58: DNS rebinding: first public, then private. What was looked at is what is connected to."""
    asked: list[str] = []

    def flip(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.77"] if len(asked) == 1 else ["127.0.0.1"]

    with listening(OK) as ats:
        answered = post(f"http://rebind.example:{ats.port}/", seconds=0.3, resolve=flip)
        assert answered.code in ("timeout", "no_connection")
        assert asked == ["rebind.example"]
        assert ats.got == []


def test_a_redirect_is_not_followed() -> None:
    """Reliability 58."""
    with listening(OK) as inner:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {inner.url}\r\nContent-Length: 0\r\n\r\n".encode()
        with listening(moved) as ats:
            assert post(ats.url).status == 302
        assert inner.got == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(OK) as proxy, listening(OK) as ats:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert post(ats.url).arrived
        assert proxy.got == []


def drip(peer: socket.socket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 200:
        peer.sendall(bytes([byte]))
        time.sleep(0.02)


def test_an_endpoint_that_drips_gets_the_time_of_one_post_only() -> None:
    with listening(drip) as ats:
        began = time.monotonic()
        assert post(ats.url, seconds=0.5).code == "timeout"
        assert time.monotonic() - began < 2


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    sent = 0

    def flood(peer: socket.socket) -> None:
        nonlocal sent
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            peer.sendall(b"x" * 100_000)
            sent += 100_000

    with listening(flood) as ats:
        assert post(ats.url).status == 200
    assert sent < 20_000_000


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (b"", 0, "broken_answer"),
        (b"220 mail.example ESMTP\r\n", 0, "broken_answer"),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", 503, ""),
        (b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 410, ""),
    ],
)
def test_what_is_no_success_is_told_as_such(answer: bytes, status: int, code: str) -> None:
    with listening(answer) as ats:
        answered = post(ats.url)
    assert (answered.status, answered.code, answered.arrived) == (status, code, False)
    assert answered.after == (120 if status == 503 else None)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/").code == "no_connection"
    assert post("http://nowhere.invalid/").code == "no_connection"


def test_a_certificate_that_we_do_not_trust_gets_nothing() -> None:
    certificate = trustme.CA().issue_cert("ats.example")
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(server_tls)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = server.accept()
        try:
            server_tls.wrap_socket(peer, server_side=True).close()
        except OSError:
            peer.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = f"https://ats.example:{server.getsockname()[1]}/"
    assert post(url, resolve=lambda *_: ["127.0.0.1"]).code == "tls"
    thread.join(5)
    server.close()


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://ats.example.com/", "https://user:pass@ats.example.com/", "https://127.0.0.1/", "https://[::1]/",
        "https://169.254.169.254/latest", "gopher://ats.example.com/", "file:///etc/passwd", "https:///x", "https://[",
        "https://ats.example.com/#x", "https://ats.example.com/ x", "https://ats.example.com:99999/", "",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_an_endpoint_is_refused_with_a_remedy(url: str) -> None:
    assert url_fault(url, allow_private=False)
    assert url_fault("https://ats.example.com/hooks?x=1", allow_private=False) == ""


def test_odd_spellings_resolve_to_what_they_are() -> None:
    assert resolve("127.1", 80) == ["127.0.0.1"]
    assert resolve("2130706433", 80) == ["127.0.0.1"]
