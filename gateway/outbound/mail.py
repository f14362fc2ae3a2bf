"""In charge of: submitting one mail to the smarthost, and what its replies mean for the delivery (RFC 5321, 3463).

Not in charge of: the mail's bytes (`compose`), connections (`smtp_client`), or trying again (`threads.delivery`).
"""

from __future__ import annotations

import contextlib
import logging
import re
import smtplib
from collections.abc import Callable, Iterator, Sequence
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
_GO_ON = 354
_BATCH = 100  # mails in the hands of one worker


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
    capabilities = Capabilities(stable_key=True, receipts=True, batch=_BATCH)

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
        return next(self.send_each([outgoing], handing_over=handing_over))

    def send_each(
        self, batch: Sequence[Outgoing], *, handing_over: Callable[[], None] = nobody_asks
    ) -> Iterator[SendResult]:
        """Send one after another; each result as soon as it is known. While the smarthost is not there, the rest is not
        tried.
        """
        not_there: Retry | None = None
        for outgoing in batch:
            try:
                result = not_there or self._send_one(outgoing, handing_over)
            except NotReady as error:
                result = not_there = Retry(error.code, error.why)
            log.info("delivery %s: %s %s", outgoing.delivery_id, type(result).__name__, getattr(result, "code", ""))
            yield result

    def _send_one(self, outgoing: Outgoing, handing_over: Callable[[], None]) -> SendResult:
        try:
            mail = seal_mail(outgoing, date=self._clock(), domain=self._domain, signer=self._signer)
        except Invalid as error:
            return refuse_unsendable(error)
        held = self._per_domain.refusal(mail.recipient.rpartition("@")[2].lower()) if self._per_domain else None
        return held or self._submit(mail, handing_over)

    def close(self) -> None:
        """Let go of kept connections."""
        self._pool.close()

    def _submit(self, mail: SealedMail, handing_over: Callable[[], None]) -> SendResult:
        """Over a kept connection if there is one. If it turns out dead, or says 421, once more over a fresh one. Raises
        NotReady.
        """
        try:
            return self._submit_over(self._pool.take(), mail, handing_over)
        except _Lost:
            log.info("the mail server ended a connection; opening another")
        try:
            return self._submit_over(self._pool.take(fresh=True), mail, handing_over)
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
    commands = [f"MAIL FROM:<{mail.sender}>{_options(session, mail)}", f"RCPT TO:<{mail.recipient}>", "DATA"]
    announce = _announce_at_once if session.has_extn("pipelining") else _announce
    refused_here = announce(session, commands)
    if refused_here:
        return refused_here
    code, reply = session.transmit(mail.raw, handing_over)
    return judge_answer(code, reply)


def _announce(session: Session, commands: Sequence[str]) -> SendResult | None:
    """Say these one by one; a refusal, or None when the server waits for the content."""
    for command in commands:
        code, reply = session.docmd(command)
        if not _goes_on(command, code):
            return _stop(session, code, reply, at_mail=command.startswith("MAIL"))
    return None


def _announce_at_once(session: Session, commands: Sequence[str]) -> SendResult | None:
    """Say these in one breath (RFC 2920 §3.1); the first refusal, or None when the server waits for the content."""
    session.send("".join(f"{command}\r\n" for command in commands))
    refused: tuple[int, bytes, bool] | None = None
    for command in commands:
        try:
            code, reply = session.getreply()
        except smtplib.SMTPServerDisconnected:
            if refused is None:
                raise
            break  # it refused and hung up
        if refused is None and not _goes_on(command, code):
            refused = code, reply, command.startswith("MAIL")
            if code == _SERVICE_CLOSING:
                break
        elif refused and code == _GO_ON:  # it waits for a mail that has no recipient: an empty one, which it refuses
            session.docmd(".")
    return _stop(session, refused[0], refused[1], at_mail=refused[2]) if refused else None


def _goes_on(command: str, code: int) -> bool:
    return code == _GO_ON if command == "DATA" else code in (250, 251)


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
