"""In charge of: header fields of our mails as finished lines (RFC 5322, RFC 2047, RFC 6532).

Not in charge of: which fields a mail has (`compose`). The standard library's own folding is not used for these: it
decodes an encoded word inside a value and writes what comes out, line breaks included (`=?utf-8?q?a=0D=0ABcc:?=`
becomes a Bcc field), and turns long message ids into encoded words. Here every line is checked when it is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import base64mime, quoprimime
from email.header import Header
from functools import lru_cache

from gateway.errors import Invalid

LINE = 76  # characters; RFC 5322 §2.1.1 asks for at most 78
LONGEST_LINE = 998  # octets without CRLF; RFC 5322 §2.1.1 forbids more
_LONGEST_TEXT = 400  # characters of a subject or name
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # categories Cc, Zl, Zp
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # category Cs: no UTF-8 can hold it
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
_MESSAGE_ID = re.compile(r"[!-;=?-~]{3,900}\Z")  # printable ASCII without < and >
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f-\x9f\u2028\u2029<>()\[\]:;,\\\"@]")
_QUOTED_LOCAL = re.compile(r'"[\x21\x23-\x5b\x5d-\x7e ]+"\Z')
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_FINISHED = re.compile(r"[!-9;-~]+: [^\r\n\x00]*(?:\r\n [^\r\n\x00]+)*\Z")


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address as it goes on the wire. `needs_utf8`: only a server with SMTPUTF8 can take it (RFC 6531)."""

    wire: str
    needs_utf8: bool


def one_line(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Text without line breaks, controls, lone surrogates or characters that turn the reading direction."""
    kept = _BIDI.sub("", _BREAKING.sub(" ", text)).encode("utf-8", "replace").decode()
    return " ".join(kept.split())[:longest].rstrip()


def read_address(address: str, field: str) -> MailAddress:
    """An address checked for the wire; its domain in ASCII (IDNA) where its local part is.

    Raises Invalid for anything that could be more than one plain address. Local parts that RFC 5322 forbids but
    mobile carriers gave out (`.a..b.@docomo.ne.jp`) are taken.
    """
    found = _read_address(address)
    if isinstance(found, str):
        raise Invalid(field, found)
    return found


@lru_cache(1024)  # each is asked for several times while its mail is written
def _read_address(address: str) -> MailAddress | str:
    """The address, or what is wrong with it."""
    local, at, host = address.rpartition("@")
    if not at or not local or len(local.encode("utf-8", "replace")) > 64 or len(address) > 254:
        return "This is no e-mail address: correct it and send again."
    if _FORBIDDEN.search(local) and not _QUOTED_LOCAL.match(local):
        return "The e-mail address holds characters that no address may have: correct it and send again."
    ascii_host = _write_host(host)
    if not ascii_host or _SURROGATE.search(local):
        return "The domain of the e-mail address is not valid: correct it and send again."
    return MailAddress(f"{local}@{ascii_host}", needs_utf8=not local.isascii())


@lru_cache(1024)  # many addresses have few domains, and IDNA is slow
def _write_host(host: str) -> str:
    """A domain in ASCII; "" if it is none."""
    try:
        ascii_host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return ascii_host if _HOST.match(ascii_host) else ""


def text_field(name: str, value: str) -> str:
    """A field of words (RFC 5322 §2.2.1), encoded by RFC 2047 unless it is plain ASCII that cannot be misread."""
    return _finish(name, _encode(one_line(value), name))


def address_field(name: str, display: str, address: MailAddress) -> str:
    """`Name: display <address>`, the display name quoted or encoded (RFC 5322 §3.4, RFC 2047 §5)."""
    shown = one_line(display, 150)
    if not shown:
        return _finish(name, f"<{address.wire}>")
    if not _is_plain(shown):
        phrase = _encode(shown, name)
    elif _ATOMS.match(shown):
        phrase = shown
    else:
        phrase = '"' + re.sub(r'(["\\])', r"\\\1", shown) + '"'
    last = phrase.rpartition("\r\n")[2]
    gap = " " if len(name) + len(last) + len(address.wire) + 5 <= LINE else "\r\n "
    return _finish(name, f"{phrase}{gap}<{address.wire}>")


def ids_field(name: str, ids: Sequence[str]) -> str:
    """A field of message ids, one a line: never encoded, never broken inside (RFC 5322 §3.6.4)."""
    return _finish(name, "\r\n ".join(f"<{one}>" for one in ids))


def is_message_id(value: str) -> bool:
    """Whether it can stand between angle brackets as it is."""
    return bool(_MESSAGE_ID.match(value))


def plain_field(name: str, value: str) -> str:
    """A field whose value is ours and ASCII."""
    return _finish(name, value)


def _is_plain(value: str) -> bool:
    return value.isascii() and "=?" not in value and all(len(word) < LONGEST_LINE - 100 for word in value.split(" "))


def _encode(value: str, name: str) -> str:
    plain = _is_plain(value)
    if plain and len(name) + len(value) + 2 <= LINE:
        return value
    return _fold(value, "us-ascii" if plain else "utf-8", name)


@lru_cache(1024)  # a subject and a sender's name go to many
def _fold(value: str, charset: str, name: str) -> str:
    return _one_word(value, name) or Header(value, charset, maxlinelen=LINE, header_name=name).encode(
        splitchars=" ", linesep="\r\n"
    )


def _one_word(value: str, name: str) -> str:
    """A short value that is mostly not ASCII, as most names of people are, as `Header` writes it in many more steps;
    "" if it is not that.
    """
    octets = value.encode()
    word = base64mime.header_encode(octets, "utf-8")
    fits = len(name) + len(word) + 2 <= LINE
    return word if fits and base64mime.header_length(octets) < quoprimime.header_length(octets) else ""


def _finish(name: str, value: str) -> str:
    line = f"{name}: {value}"
    if not _FINISHED.match(line) or _is_too_long(line):
        raise Invalid(name.lower(), f"The field {name} cannot be written as one header field.")
    return f"{line}\r\n"


def _is_too_long(field: str) -> bool:
    """Whether one of its lines is."""
    octets = field.encode()
    return len(octets) > LONGEST_LINE and any(len(line) > LONGEST_LINE for line in octets.split(b"\r\n"))
