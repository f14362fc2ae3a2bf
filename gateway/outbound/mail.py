"""In charge of: submitting one mail to the smarthost, and what its replies mean for the delivery (RFC 5321, 3463).

Not in charge of: the mail's bytes (`compose`), connections (`smtp_client`), or trying again (`threads.delivery`).
"""

from __future__ import annotations

import contextlib
import logging
import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Invalid
from gateway.outbound.compose import compose_mail
from gateway.outbound.dkim import Signer
from gateway.outbound.guard import Rate
from gateway.outbound.headers import read_address
from gateway.outbound.smtp_client import NotReady, Pool, Relay, Session, reply_words
from gateway.threads.channel import Accepted, Capabilities, Failed, Outgoing, Retry, SendResult, Unknown

log = logging.getLogger("gateway.outbound.mail")

_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|\Z)")
_QUEUE_ID = re.compile(r"(?:queued as|\bid[=:])\s*<?([A-Za-z0-9][A-Za-z0-9._@-]{1,80})", re.IGNORECASE)
_OURS_AT_MAIL = (530, 534, 535, 538)  # sign-in and encryption: the operator's to mend, not the address's (RFC 4954 §6)
_SERVICE_CLOSING = 421


@dataclass(frozen=True, slots=True)
class SealedMail:
    """A mail ready for the wire with its envelope."""

    sender: str  # "" = null reverse-path
    recipient: str
    raw: bytes
    needs_utf8: bool


class _Lost(Exception):
    """The connection ended before the content was on its way: the same mail may go over another one at once."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.result = Retry(code, why)


def nobody_asks() -> None:
    """For callers who need not know when the mail is handed over."""


class MailChannel:
    """E-mail by a smarthost. A repeat carries the same Message-ID, by which receivers can drop it."""

    name = "email"
    capabilities = Capabilities(stable_key=True, receipts=True)

    def __init__(
        self,
        relay: Relay,
        *,
        domain: str,
        clock: Callable[[], datetime],
        signer: Signer | None = None,
        per_domain: Rate | None = None,
    ) -> None:
        """`domain` is the reply domain; `clock` gives the Date of each mail; `per_domain` holds us back for each
        recipient domain.
        """
        self._per_domain = per_domain
        self._pool = Pool(relay)
        self._domain = domain
        self._clock = clock
        self._signer = signer

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Send once. Whatever fails before an address is judged is our trouble and a Retry."""
        try:
            mail = seal_mail(outgoing, date=self._clock(), domain=self._domain, signer=self._signer)
        except Invalid as error:
            return refuse_unsendable(error)
        held = self._per_domain.refusal(mail.recipient.rpartition("@")[2].lower()) if self._per_domain else None
        result = held or self._submit(mail, handing_over)
        log.info("delivery %s: %s %s", outgoing.delivery_id, type(result).__name__, getattr(result, "code", ""))
        return result

    def close(self) -> None:
        """Let go of kept connections."""
        self._pool.close()

    def _submit(self, mail: SealedMail, handing_over: Callable[[], None]) -> SendResult:
        """Over a kept connection if there is one. If it turns out dead, or says 421, once more over a fresh one."""
        try:
            return self._submit_over(self._pool.take(), mail, handing_over)
        except NotReady as error:
            return Retry(error.code, error.why)
        except _Lost:
            log.info("the mail server ended a connection; opening another")
        try:
            return self._submit_over(self._pool.take(fresh=True), mail, handing_over)
        except NotReady as error:
            return Retry(error.code, error.why)
        except _Lost as error:
            return error.result

    def _submit_over(self, session: Session, mail: SealedMail, handing_over: Callable[[], None]) -> SendResult:
        reusable = False
        try:
            result = _transact(session, mail, handing_over)
            reusable = not isinstance(result, Unknown)
            return result
        except smtplib.SMTPServerDisconnected:
            if session.end_left:
                return Unknown("The connection broke after the mail was handed over and before the answer came.")
            if session.content_begun:
                return Retry("4.4.2", "The mail server closed the connection before the mail was complete.")
            raise _Lost("4.4.2", "The mail server closed the connection.") from None
        except smtplib.SMTPResponseException:
            why = "The mail server's answer could not be read."
            return Unknown(why) if session.end_left else Retry("4.5.0", why)
        finally:
            if reusable:
                self._pool.give(session)
            else:
                session.close()


def refuse_unsendable(error: Invalid) -> Failed:
    """The result for a mail that cannot be written: its address, or something else in it (RFC 3463 §3.2, §3.7)."""
    return Failed("5.1.3" if error.field in ("to", "from_address", "reply_to") else "5.6.0", error.message)


def seal_mail(outgoing: Outgoing, *, date: datetime, domain: str, signer: Signer | None) -> SealedMail:
    """Composed, signed, and with a checked envelope. Raises Invalid."""
    sender = read_address(outgoing.envelope_from, "from_address") if outgoing.envelope_from else None
    recipient = read_address(outgoing.to, "to")
    raw = compose_mail(outgoing, date=date, domain=domain)
    sealed = signer.sign(raw) if signer else raw
    needs_utf8 = recipient.needs_utf8 or not raw.isascii()
    return SealedMail(sender.wire if sender else "", recipient.wire, sealed, needs_utf8)


def _transact(session: Session, mail: SealedMail, handing_over: Callable[[], None]) -> SendResult:
    """MAIL, RCPT, DATA (RFC 5321 §3.3). Raises _Lost on 421 before the content, SMTPServerDisconnected."""
    refused = _unable(session, mail)
    if refused:
        return refused
    session.begin_mail()
    session.command_encoding = "utf-8" if mail.needs_utf8 else "ascii"
    for command, argument in (
        ("MAIL", f"FROM:<{mail.sender}>{_options(session, mail)}"),
        ("RCPT", f"TO:<{mail.recipient}>"),
    ):
        code, reply = session.docmd(command, argument)
        if code not in (250, 251):
            return _stop(session, code, reply, at_mail=command == "MAIL")
    try:
        code, reply = session.transmit(mail.raw, handing_over)
    except smtplib.SMTPDataError as error:
        return _stop(session, error.smtp_code, error.smtp_error)
    return judge_answer(code, reply)


def _unable(session: Session, mail: SealedMail) -> Failed | None:
    """What this server says beforehand that it cannot take (RFC 1870, RFC 6531)."""
    limit = session.esmtp_features.get("size", "")
    if limit.isdigit() and 0 < int(limit) < len(mail.raw):
        return Failed("5.3.4", f"The mail has {len(mail.raw)} bytes; the mail server takes {limit}.")
    if mail.needs_utf8 and not session.has_extn("smtputf8"):
        return Failed("5.6.7", "The mail server cannot take addresses with letters outside ASCII (no SMTPUTF8).")
    return None


def _options(session: Session, mail: SealedMail) -> str:
    size = f" SIZE={len(mail.raw)}" if session.has_extn("size") else ""
    return size + (" BODY=8BITMIME SMTPUTF8" if mail.needs_utf8 else "")


def _stop(session: Session, code: int, reply: bytes | str, *, at_mail: bool = False) -> SendResult:
    """A refusal before the content: judge it, and clear the transaction for the next mail."""
    if code == _SERVICE_CLOSING:
        raise _Lost(status_of(code, reply), reply_words(reply))
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        session.rset()
    return judge_refusal(code, reply, at_mail=at_mail)


def judge_refusal(code: int, reply: bytes | str, *, at_mail: bool = False) -> SendResult:
    """A negative reply to MAIL, RCPT or DATA: 5xx is for good (RFC 5321 §4.2.1), unless it is about our sign-in."""
    if code // 100 == 5 and not (at_mail and code in _OURS_AT_MAIL):
        return Failed(status_of(code, reply), reply_words(reply))
    return Retry(status_of(code, reply), reply_words(reply))


def judge_answer(code: int, reply: bytes | str) -> SendResult:
    """The reply after the final dot. Only 2xx, 4xx and 5xx say who is responsible now (RFC 5321 §4.2.5)."""
    if code // 100 == 2:
        found = _QUEUE_ID.search(reply_words(reply))
        return Accepted(found[1] if found else "", reply_words(reply))
    if code // 100 in (4, 5):
        return judge_refusal(code, reply)
    return Unknown(f"The mail server answered the mail with {code}, which says neither yes nor no.")


def status_of(code: int, reply: bytes | str) -> str:
    """The enhanced status code (RFC 3463) where it agrees with the reply code, else the reply code."""
    found = _STATUS.match(reply_words(reply))
    return found[1] if found and found[1][0] == str(code)[0] else str(code)
