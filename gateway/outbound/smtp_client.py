"""In charge of: connections to the smarthost: opening, securing, keeping and closing them (RFC 5321, 3207, 4954).

Not in charge of: what a reply means for a delivery (`mail`).
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from gateway.errors import SettingsError

END_OF_DATA = b"\r\n.\r\n"
STEP_SECONDS = 30.0  # each command; short, because a delivery is leased for three minutes
ANSWER_SECONDS = 90.0  # after the final dot, when the server stores the mail (RFC 1047 tells why to wait longer here)
KEPT_SECONDS = 60.0
KEPT_MAILS = 100  # mails over one connection; many servers close it then
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Tls(StrEnum):
    IMPLICIT = "implicit"  # smtps://, RFC 8314 §3.3
    REQUIRED = "required"
    OFFERED = "offered"


@dataclass(frozen=True, slots=True)
class Relay:
    """The smarthost. The certificate is checked whenever TLS is demanded or a password is sent."""

    host: str
    port: int
    tls: Tls
    helo: str
    user: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = None  # None: the system's authorities
    step_seconds: float = STEP_SECONDS
    answer_seconds: float = ANSWER_SECONDS


class NotReady(Exception):
    """The smarthost is not there, or not for us: nobody's address is at fault. `code` is an enhanced status code."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Session(smtplib.SMTP):
    """An open connection that knows whether the end of a mail has left it."""

    content_begun: bool = False
    end_left: bool = False
    mails: int = 0
    idle_since: float = 0.0
    answer_seconds: float = ANSWER_SECONDS

    def begin_mail(self) -> None:
        """Forget how far the mail before this one came."""
        self.content_begun = self.end_left = False

    def transmit(self, raw: bytes, before_end: Callable[[], None]) -> tuple[int, bytes]:
        """The mail, to a server that waits for it; calls `before_end` when all but the final dot is sent. Returns the
        last reply. The end goes alone: only after it the outcome may be unknown.

        Raises smtplib.SMTPServerDisconnected when the line breaks.
        """
        self.content_begun = True
        self.send(stuff_dots(raw).removesuffix(b"\r\n"))
        before_end()
        self._send_end()
        return self.getreply()

    def _send_end(self) -> None:
        assert isinstance(self.sock, socket.socket)
        try:
            self.sock.sendall(END_OF_DATA)
            self.end_left = True
            self.sock.settimeout(self.answer_seconds)
        except OSError as error:
            # Refused by our own kernel: not one octet left. After anything else nobody can say.
            self.end_left = not isinstance(error, BrokenPipeError | ConnectionResetError)
            self.close()
            raise smtplib.SMTPServerDisconnected("the connection broke at the end of the mail") from error

    def leave(self) -> None:
        """Say QUIT if the server still listens, and close."""
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if self.sock:
                self.sock.settimeout(2.0)
                self.quit()
        self.close()


def stuff_dots(raw: bytes) -> bytes:
    """Each line's leading dot twice (RFC 5321 §4.5.2)."""
    stuffed = raw.replace(b"\n.", b"\n..")
    return b"." + stuffed if raw.startswith(b".") else stuffed


class _ImplicitTlsSession(Session, smtplib.SMTP_SSL):
    """smtps://: TLS from the first octet."""


def read_relay(url: str, *, helo: str, require_tls: bool, trust: ssl.SSLContext | None = None) -> Relay:
    """The smarthost of `smtp://user:password@host:587` or `smtps://…`. Raises SettingsError."""
    wrong = "GATEWAY_OUTBOUND_SMTP_URL must be smtp://user:password@host:587, smtps://host:465 or mailbox:."
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise SettingsError(wrong) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingsError(wrong)
    implicit = parts.scheme == "smtps"
    tls = Tls.IMPLICIT if implicit else Tls.REQUIRED if require_tls else Tls.OFFERED
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Relay(parts.hostname, port or (465 if implicit else 587), tls, helo, user, password, trust)


def open_session(relay: Relay) -> Session:
    """A connection that is greeted, secured and signed in. Raises NotReady for whatever stands in the way."""
    try:
        session = _connect(relay)
    except smtplib.SMTPConnectError as error:
        raise NotReady(
            str(error.smtp_code), f"The mail server does not take us: {reply_words(error.smtp_error)}"
        ) from error
    except ssl.SSLError as error:
        raise NotReady("4.7.5", f"TLS with the mail server failed: {error.reason or error}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotReady("4.4.1", f"The mail server cannot be reached: {error}") from error
    try:
        session.answer_seconds = relay.answer_seconds
        _send_at_once(session)
        _greet(session)
        _secure(session, relay)
        _sign_in(session, relay)
    except BaseException:
        session.close()
        raise
    return session


def _connect(relay: Relay) -> Session:
    if relay.tls is Tls.IMPLICIT:
        return _ImplicitTlsSession(
            relay.host, relay.port, relay.helo, timeout=relay.step_seconds, context=_context(relay)
        )
    return Session(relay.host, relay.port, relay.helo, timeout=relay.step_seconds)


def _send_at_once(session: Session) -> None:
    """The final dot is a small packet behind a large one: Nagle's algorithm would keep it back until the other side
    acknowledges the content, which it puts off by 40 ms (RFC 1122 §4.2.3.2, §4.2.3.4).
    """
    assert isinstance(session.sock, socket.socket)
    session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _greet(session: Session) -> None:
    try:
        session.ehlo_or_helo_if_needed()
    except smtplib.SMTPHeloError as error:
        raise NotReady(
            str(error.smtp_code), f"The mail server does not like our name: {reply_words(error.smtp_error)}"
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotReady("4.4.2", f"The mail server closed the connection: {error}") from error


def _secure(session: Session, relay: Relay) -> None:
    if relay.tls is Tls.IMPLICIT:
        return
    if not session.has_extn("starttls"):
        if relay.tls is Tls.REQUIRED:
            raise NotReady("4.7.4", "The mail server offers no STARTTLS, which GATEWAY_OUTBOUND_REQUIRE_TLS demands.")
        return
    try:
        session.starttls(context=_context(relay))
        session.ehlo()
    except (OSError, smtplib.SMTPException) as error:
        raise NotReady("4.7.5", f"TLS with the mail server failed: {error}") from error


def _sign_in(session: Session, relay: Relay) -> None:
    if not relay.user:
        return
    if not isinstance(session.sock, ssl.SSLSocket) and relay.host not in _LOOPBACK:
        raise NotReady(
            "4.7.11", "The password is not sent without TLS (RFC 4954 §4), which the mail server does not offer."
        )
    try:
        session.login(relay.user, relay.password)
    except smtplib.SMTPAuthenticationError as error:
        raise NotReady(
            "4.7.8", f"The mail server refused the user or password of GATEWAY_OUTBOUND_SMTP_URL ({error.smtp_code})."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotReady("4.7.0", f"Signing in to the mail server failed: {type(error).__name__}") from error


def _context(relay: Relay) -> ssl.SSLContext:
    if relay.trust:
        return relay.trust
    context = ssl.create_default_context()
    if relay.tls is Tls.OFFERED and not relay.user:
        # Without a demand for TLS an unproven certificate is still better than clear text (RFC 7435).
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def reply_words(reply: bytes | str) -> str:
    """A reply as one line of at most 300 characters, fit to be shown and stored."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:300]


class Pool:
    """Open connections that wait for the next mail: as many as there were threads sending at once."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._closed = False

    def take(self, *, fresh: bool = False) -> Session:
        """A kept connection if there is one and `fresh` is not asked for, else a new one. Raises NotReady."""
        stale: list[Session] = []
        kept: Session | None = None
        with self._lock:
            while self._idle and not fresh and not kept:
                session = self._idle.pop()
                young = time.monotonic() - session.idle_since < KEPT_SECONDS
                kept, stale = (session, stale) if young else (None, [*stale, session])
        for session in stale:
            session.leave()
        return kept or open_session(self._relay)

    def give(self, session: Session) -> None:
        """Back for the next mail; from then on it may be another thread's."""
        session.mails += 1
        session.idle_since = time.monotonic()
        try:
            if session.sock:
                session.sock.settimeout(self._relay.step_seconds)
        except OSError:
            session.close()
        with self._lock:
            keep = not self._closed and session.mails < KEPT_MAILS and session.sock is not None
            if keep:
                self._idle.append(session)
        if not keep:
            session.leave()

    def close(self) -> None:
        """Close what waits, and what comes back later."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for session in idle:
            session.leave()
