"""In charge of: what each SMTP command does (RFC 5321 §4.1), and the table of commands.

Not in charge of: the mail
itself (`smtp_transfer`), addresses (`smtp_paths`), the loop around the commands (`smtp_session`).

A command gets the session and its argument and gives the reply, or None if it has replied itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gateway.inbound import smtp_replies as say
from gateway.inbound.smtp_paths import (
    judge_mail_parameters,
    judge_recipient,
    judge_sender,
    read_parameters,
    split_path,
)
from gateway.inbound.smtp_transfer import take_chunk, take_data
from gateway.inbound.smtp_wire import log

if TYPE_CHECKING:
    from gateway.inbound.smtp_session import SmtpSession

Command = Callable[["SmtpSession", str], Awaitable[str | None]]


async def say_helo(session: SmtpSession, argument: str) -> str:
    if not argument or not argument.isascii():
        return say.BAD_ARGUMENTS
    session.reset()
    session.helo = argument[:255]
    return f"250 {session.hostname}"


async def say_ehlo(session: SmtpSession, argument: str) -> str:
    if not argument or not argument.isascii():
        return say.BAD_ARGUMENTS
    session.reset()
    session.helo = argument[:255]
    offers = [session.hostname, "PIPELINING", f"SIZE {session.limits.size}"]
    if session.state.tls is not None and not session.is_encrypted:
        offers.append("STARTTLS")
    offers += ["ENHANCEDSTATUSCODES", "8BITMIME", "CHUNKING", "SMTPUTF8"]
    return "\r\n".join(f"250{' ' if offer is offers[-1] else '-'}{offer}" for offer in offers)


async def begin_tls(session: SmtpSession, argument: str) -> str | None:
    if argument:
        return say.BAD_ARGUMENTS
    if session.is_encrypted:
        return say.ALREADY_TLS
    if session.state.tls is None:
        return say.NO_TLS
    if session.has_unread:  # commands in the clear that want to run inside TLS (CVE-2011-0411)
        session.dismiss(say.TALKED_TOO_EARLY, at_once=True)
        return None
    await session.start_tls()
    return None


async def begin_mail(session: SmtpSession, argument: str) -> str:
    if not session.helo:
        return say.NEED_HELO
    if session.transaction.mail_from is not None:
        return say.NESTED_MAIL
    found = split_path(argument, "FROM:")
    if found is None:
        return say.BAD_MAIL_SYNTAX
    path, rest = found
    parameters = read_parameters(rest)
    if parameters is None:
        return say.BAD_ARGUMENTS
    smtputf8 = "SMTPUTF8" in parameters
    refusal = judge_mail_parameters(parameters, session.limits.size) or judge_sender(path, smtputf8=smtputf8)
    if refusal is not None:
        return refusal
    if session.client is not None and not session.state.clients.may_send(session.client):
        return say.TOO_MANY_MAILS
    session.transaction.mail_from = path
    session.transaction.smtputf8 = smtputf8
    return say.SENDER_OK


async def add_recipient(session: SmtpSession, argument: str) -> str | None:
    transaction = session.transaction
    if transaction.mail_from is None:
        return say.NEED_MAIL if session.helo else say.NEED_HELO
    if transaction.chunks is not None:
        return say.IN_CHUNKS
    found = split_path(argument, "TO:")
    if found is None:
        return say.BAD_RCPT_SYNTAX
    path, rest = found
    if rest:
        return say.BAD_PARAMETER
    if transaction.recipients >= session.limits.recipients:
        return say.TOO_MANY_RECIPIENTS
    answer = judge_recipient(path) or await _ask(session, path)
    if answer.code >= 500:
        return await _refuse_recipient(session, answer)
    if 200 <= answer.code < 300:
        transaction.recipients += 1
        if path not in transaction.rcpt_tos:
            transaction.rcpt_tos.append(path)
    return answer.line


async def _ask(session: SmtpSession, path: str) -> say.RcptAnswer:
    """Ask our own books, together with what other sessions ask. Whatever goes wrong there is our trouble, never the
    sender's.
    """
    state = session.state
    plain = "postmaster" if "@" not in path else path
    try:
        return await asyncio.wait_for(state.recipients.ask(plain), session.limits.recipient_timeout)
    except Exception as error:
        log.error(
            "session %d: recipient check failed: %s",
            session.serial,
            type(error).__name__,
        )
        return say.TRY_LATER


async def _refuse_recipient(session: SmtpSession, answer: say.RcptAnswer) -> str | None:
    """Answer late to those who guess, and end the session of those who go on."""
    if session.is_exempt:
        return answer.line
    session.wrong_recipients += 1
    known = session.client is not None and session.state.clients.note_wrong_recipient(session.client)
    if session.wrong_recipients > session.limits.wrong_recipients or not known:
        session.dismiss(say.TOO_MANY_WRONG_RECIPIENTS, at_once=True)
        return None
    if session.wrong_recipients > session.limits.wrong_recipients_free:
        await asyncio.sleep(session.limits.tarpit)
    return answer.line


async def reset(session: SmtpSession, argument: str) -> str:
    if argument:
        return say.BAD_ARGUMENTS
    session.reset()
    return say.OK


async def do_nothing(session: SmtpSession, argument: str) -> str:
    return say.OK


async def verify(session: SmtpSession, argument: str) -> str:
    return say.CANNOT_VERIFY if argument else say.BAD_ARGUMENTS


async def decline(session: SmtpSession, argument: str) -> str:
    return say.NOT_IMPLEMENTED


async def quit_session(session: SmtpSession, argument: str) -> str | None:
    if argument:
        return say.BAD_ARGUMENTS
    session.dismiss(say.BYE, at_once=True)
    return None


COMMANDS: dict[str, Command] = {
    "HELO": say_helo,
    "EHLO": say_ehlo,
    "STARTTLS": begin_tls,
    "MAIL": begin_mail,
    "RCPT": add_recipient,
    "DATA": take_data,
    "BDAT": take_chunk,
    "RSET": reset,
    "NOOP": do_nothing,
    "QUIT": quit_session,
    "VRFY": verify,
    "EXPN": decline,
    "HELP": decline,
    "AUTH": decline,
    "ETRN": decline,
    "TURN": decline,
}
