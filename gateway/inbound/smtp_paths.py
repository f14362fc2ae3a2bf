"""In charge of: reading the arguments of MAIL and RCPT (RFC 5321 §4.1.2), and refusing every shape of address that
could mean a relay. Not in charge of: which addresses are ours (the front's `check_recipients`).
"""

from __future__ import annotations

import re

from gateway.inbound.smtp_replies import (
    BAD_PARAMETER,
    BAD_RECIPIENT,
    BAD_SENDER,
    NEEDS_SMTPUTF8,
    NO_SUCH_ADDRESS,
    RELAY_DENIED,
    TOO_BIG,
    RcptAnswer,
)

# The alternatives begin with different characters, so matching is linear.
_BRACKETED = re.compile(r' *<((?:"(?:[^"\\]|\\.)*"|[^<>"\s])*)>(?: +(.*))?')
_BARE = re.compile(r' *([^<>"\s]+)(?: +(.*))?')
_PLAIN_MAILBOX = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_MAX_PATH = 1_000  # VERP and SRS senders exceed the 256 of RFC 5321 §4.5.3.1.3


def split_path(argument: str, keyword: str) -> tuple[str, str] | None:
    """`FROM:<a@b> SIZE=1` -> ("a@b", "SIZE=1"); None if it is no path. `keyword` is "FROM:" or "TO:"."""
    if argument[: len(keyword)].upper() != keyword:
        return None
    rest = argument[len(keyword) :]
    found = _BRACKETED.fullmatch(rest) or _BARE.fullmatch(rest)
    return (found[1], found[2] or "") if found else None


def read_parameters(text: str) -> dict[str, str | None] | None:
    """`SIZE=1 SMTPUTF8` -> {"SIZE": "1", "SMTPUTF8": None}; None if malformed or given twice (RFC 5321 §4.1.2)."""
    parameters: dict[str, str | None] = {}
    for word in text.split():
        found = _PARAMETER.fullmatch(word)
        if found is None or found[1].upper() in parameters:
            return None
        parameters[found[1].upper()] = found[2]
    return parameters


def judge_mail_parameters(parameters: dict[str, str | None], limit: int) -> str | None:
    """The refusal that the parameters of MAIL call for, or None (RFC 1870, 6152, 6531; BINARYMIME is not offered)."""
    if not parameters.keys() <= {"SIZE", "BODY", "SMTPUTF8"}:
        return BAD_PARAMETER
    if parameters.get("SMTPUTF8") is not None:
        return "501 5.5.4 SMTPUTF8 takes no value"
    if (parameters.get("BODY", "7BIT") or "").upper() not in ("7BIT", "8BITMIME"):
        return "501 5.5.4 BODY can be 7BIT or 8BITMIME"
    size = parameters.get("SIZE", "0") or ""
    if not (size.isascii() and size.isdigit() and len(size) <= 20):
        return "501 5.5.4 SIZE takes a number of octets"
    return TOO_BIG if int(size) > limit else None


def judge_sender(path: str, *, smtputf8: bool) -> str | None:
    """The refusal that a reverse-path calls for, or None. "" is the null path and always good (RFC 5321 §4.5.5)."""
    if not path.isascii() and not smtputf8:
        return NEEDS_SMTPUTF8
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", path)
    if len(path) > _MAX_PATH or unquoted.count("@") > 1 or path.startswith("@") or path.endswith("@"):
        return BAD_SENDER
    return None


def judge_recipient(path: str) -> RcptAnswer | None:
    """The refusal that the shape of a forward-path calls for, or None for `local@domain` and postmaster.

    We issue plain ASCII addresses only, so quoted, routed, %-hacked, UUCP, literal and dotted-end forms are never ours.
    """
    if path.casefold() == "postmaster" and path.isascii():
        return None
    if path.startswith("@") or path.count("@") > 1 or (any(c in path for c in '%!"[') and "@" in path):
        return RELAY_DENIED
    if "%" in path or "!" in path:
        return RELAY_DENIED
    if not path.isascii():
        return NO_SUCH_ADDRESS
    if len(path) > _MAX_PATH or not _PLAIN_MAILBOX.fullmatch(path):
        return BAD_RECIPIENT
    return None
