"""In charge of: the commands that carry a mail (DATA, BDAT), and handing the mail over so that 250 means committed.
Not in charge of: finding its end and its faults (`smtp_data`), or the commit itself (the front's `accept`).
"""

from __future__ import annotations

import asyncio
import errno
import math
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from gateway.crashpoints import reach
from gateway.inbound import smtp_replies as say
from gateway.inbound.smtp_data import Intake
from gateway.inbound.smtp_state import FrontState
from gateway.inbound.smtp_wire import log
from gateway.threads.incoming import Envelope

if TYPE_CHECKING:
    from gateway.inbound.smtp_session import SmtpSession

_HOPELESS_CHUNK = 64  # times the size limit: no use in waiting for the rest


async def take_data(session: SmtpSession, argument: str) -> str | None:
    """DATA (RFC 5321 §4.1.1.4). What was sent before our 354 is neither mail nor command: the session ends."""
    if argument:
        return say.BAD_ARGUMENTS
    refusal = say.IN_CHUNKS if session.transaction.chunks is not None else _find_missing(session)
    if refusal is not None:
        return refusal
    if session.has_unread:
        session.dismiss(say.TALKED_TOO_EARLY, at_once=True)
        return None
    if session.state.room.spool_is_full:
        return say.DISK_FULL
    intake = Intake(session.state.room, limit=session.limits.size, chunked=False)
    session.reply(say.SEND_DATA)
    try:
        await session.receive(intake)
        return await _finish(session, intake)
    finally:
        intake.discard()
        session.reset()


async def take_chunk(session: SmtpSession, argument: str) -> str | None:
    """BDAT (RFC 3030). The announced octets are always read before an error is answered; chunks join into one mail."""
    words = argument.upper().split()
    last = len(words) == 2 and words[1] == "LAST"
    if not (len(words) == 1 or last) or not (words[0].isascii() and words[0].isdigit() and len(words[0]) < 20):
        session.dismiss(say.BAD_ARGUMENTS, at_once=True)  # where the next command begins is not known
        return None
    octets = int(words[0])
    if octets > _HOPELESS_CHUNK * session.limits.size:
        session.dismiss(say.TOO_BIG, at_once=True)
        return None
    refusal = _find_missing(session)
    if refusal is not None:
        await _drop_chunk(session, octets)
        return refusal
    if session.transaction.chunks is None:
        session.transaction.chunks = Intake(session.state.room, limit=session.limits.size, chunked=True)
    chunks = session.transaction.chunks
    chunks.failed = chunks.failed or session.state.room.spool_is_full
    chunks.expect(octets)
    await session.receive(chunks)
    if last:
        try:
            return await _finish(session, chunks)
        finally:
            session.reset()
    return _find_loss(chunks) or say.CHUNK_OK


def _find_missing(session: SmtpSession) -> str | None:
    if not session.helo:
        return say.NEED_HELO
    if session.transaction.mail_from is None:
        return say.NEED_MAIL
    return None if session.transaction.rcpt_tos else say.NEED_RCPT


def _find_loss(intake: Intake) -> str | None:
    if intake.failed:
        return say.DISK_FULL
    return say.TOO_BIG if intake.over else None


async def _drop_chunk(session: SmtpSession, octets: int) -> None:
    dropped = Intake(session.state.room, limit=0, chunked=True)
    dropped.over = True
    dropped.expect(octets)
    await session.receive(dropped)


async def _finish(session: SmtpSession, intake: Intake) -> str:
    """The reply to a mail that has come in full."""
    refusal = _find_loss(intake)
    if refusal is not None:
        return refusal
    session.set_deadline(math.inf)
    room = session.state.room
    reserved = intake.received if intake.is_spooled else 0
    if reserved and not await room.take(reserved, session.limits.room_timeout):
        return say.DISK_FULL
    try:
        raw, fault = await intake.collect(session.state.disk, session.limits)
        intake.discard()
        reach("smtp.mail_read")
        commit = None if fault else _begin_commit(session, raw)
    except (OSError, MemoryError) as error:
        room.give(reserved)
        return _answer_failure(session, error)
    except BaseException:
        room.give(reserved)
        raise
    if commit is None:
        room.give(reserved)
        return fault or say.COMMIT_FAILED
    commit.add_done_callback(partial(_end_commit, session.state, reserved))
    return await _await_commit(session, commit, len(raw))


def _begin_commit(session: SmtpSession, raw: bytes) -> asyncio.Future[str] | None:
    """Hand the mail over. From here on the commit is no longer tied to the connection."""
    transaction = session.transaction
    envelope = Envelope(
        mail_from=transaction.mail_from or "",
        rcpt_tos=tuple(transaction.rcpt_tos),
        peer=session.peer,
        helo=session.helo,
        tls=session.is_encrypted,
        smtputf8=transaction.smtputf8,
        received_at=datetime.now(UTC),
    )
    try:
        handed_over: Future[str] = session.state.accept(envelope, raw)
    except OSError:
        raise
    except Exception as error:
        log.error("session %d: commit refused: %s", session.serial, type(error).__name__)
        return None
    commit = session.state.relay.follow(handed_over)
    session.state.commits.add(commit)
    return commit


def _end_commit(state: FrontState, reserved: int, commit: asyncio.Future[str]) -> None:
    if not commit.cancelled():
        commit.exception()  # looked at, so that asyncio does not print it when the session is gone
    state.room.give(reserved)
    state.commits.discard(commit)
    state.note_change()


async def _await_commit(session: SmtpSession, commit: asyncio.Future[str], octets: int) -> str:
    """Wait for the commit without ever cancelling it: a peer that goes away, or our patience, does not undo a mail."""
    await asyncio.wait((commit,), timeout=session.limits.commit_timeout)
    if not commit.done():
        log.error(
            "session %d: commit still runs after %g s",
            session.serial,
            session.limits.commit_timeout,
        )
        return say.COMMIT_FAILED
    if commit.cancelled():
        return say.COMMIT_FAILED
    error = commit.exception()
    if error is not None:
        return _answer_failure(session, error)
    session.commands_since_mail = 0
    log.info("session %d: %s accepted, %d octets", session.serial, commit.result(), octets)
    reach("smtp.before_250")
    session.state.loop.call_soon(lambda: reach("smtp.after_250"))  # the loop's next turn: the reply has left by then
    return say.accepted(commit.result())


def _answer_failure(session: SmtpSession, error: BaseException) -> str:
    log.error("session %d: commit failed: %s", session.serial, type(error).__name__)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return say.DISK_FULL if full else say.COMMIT_FAILED
