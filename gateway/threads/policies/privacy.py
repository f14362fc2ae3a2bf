"""In charge of: what must not travel from a recruiter's mail to the candidate, and links that let somebody in as the
candidate.

Not in charge of: splitting quotes (`inbound.replies`), or who may see such links (`visibility.may_see_links`).

A recruiter answers from their own client: their address may stand in the signature, and a quoted notice carries
their personal reply address and desk links. None of it reaches the candidate (SJ-13, GW-7).
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from urllib.parse import quote

REMOVED = "•••"
_UNSEEN = "[\u00ad\u200b-\u200d\u2060\ufeff]*"  # characters of no width, by which pages let a long address break
_AT = f"{_UNSEEN}(?:@|\uff20|%(?:25)?40){_UNSEEN}"
_TOKEN_LOCAL = r"[rb](?:[+-]|%2B)[a-z2-7]{52}"  # of a reply address, also without its domain (`addresses`)
_AFTER_ESCAPE = r"(?:(?<=%[0-9a-f]{2})|(?<=%25[0-9a-f]{2}))"
# /c/TOKEN, /u/TOKEN, /c/confirm/TOKEN, /sign-in/link/TOKEN, also percent-encoded, as Safe Links carry what they wrap
_PERSONAL_LINK = re.compile(r"(/(?:c|u|confirm|link)/)[0-9A-Za-z_-]{43,52}")
_WRAPPED_LINK = re.compile(r"(%(?:25)?2F(?:c|u|confirm|link)%(?:25)?2F)[0-9A-Za-z_-]{43,52}", re.IGNORECASE)
NAMES_ITS_SENDER = frozenset(
    {
        "text/vcard",
        "text/x-vcard",
        "text/directory",
        "text/calendar",
        "application/ics",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-keys",
        "application/ms-tnef",
    }
)


def hide_private(text: str, *, addresses: Iterable[str], reply_domain: str, public_url: str) -> str:
    """`text` without these addresses, without any address at the reply domain, and without links to our own pages.

    A line that held nothing else is dropped; inside a sentence the place is marked with three dots. All are found in
    their percent-encoded form too: Outlook's Safe Links carry the link that they wrap, and whose mailbox they came to.
    """
    pattern = _pattern(addresses, reply_domain, public_url)
    lines = [_hide_in_line(line, pattern) for line in text.split("\n")]
    return "\n".join(line for line in lines if line is not None)


def mask_links(text: str) -> str:
    """`text` with three dots in the place of what makes a link of ours personal; where it stood remains to be seen."""
    masked = _PERSONAL_LINK.sub(rf"\1{REMOVED}", text)
    return _WRAPPED_LINK.sub(rf"\1{REMOVED}", masked) if "%2" in masked else masked


def is_private_file(
    content_type: str, content: bytes, *, addresses: Iterable[str], reply_domain: str, public_url: str
) -> bool:
    """Must a file of a recruiter's mail stay with the team? Enclosed mails, visiting cards, invitations and signatures
    name their sender; any other text does if it holds what `hide_private` would hide, whatever type it claims."""
    if content_type.startswith("message/") or content_type in NAMES_ITS_SENDER:
        return True
    return bool(_pattern(addresses, reply_domain, public_url).search(_as_text(content_type, content)))


def _as_text(content_type: str, content: bytes) -> str:
    """The file's words; "" for what is no text. Mail clients send cards and mails as application/octet-stream too."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8", "replace" if content_type.startswith("text/") else "strict")
    except UnicodeDecodeError:
        return ""


def _pattern(addresses: Iterable[str], reply_domain: str, public_url: str) -> re.Pattern[str]:
    """A letter of another script may touch an address: in Korean the particle follows and the noun precedes it
    without a blank. `[a-z0-9]` before it makes it another address."""
    parted = [a.rpartition("@") for a in addresses if "@" in a]
    mailboxes = [f"{re.escape(local)}{_AT}{re.escape(host)}" for local, _, host in parted]
    ours = re.escape(public_url.partition("://")[2])
    found = [
        _TOKEN_LOCAL,
        rf"(?<![a-z0-9_.+%-])[a-z0-9_.+%-]{{1,90}}{_AT}{re.escape(reply_domain)}",
        rf"(?<![a-z0-9.-])(?:https?://)?{ours}/\S*",
        rf"{re.escape(quote(public_url, safe=''))}%2F\S*",
    ]
    if mailboxes:
        begin = rf"(?:(?<![a-z0-9])(?<![a-z0-9][+_-])|{_AFTER_ESCAPE})"
        found.insert(0, rf"{begin}(?:{'|'.join(mailboxes)})")
    return re.compile(rf"(?:mailto:)?(?:{'|'.join(found)})", re.IGNORECASE)


def _hide_in_line(line: str, pattern: re.Pattern[str]) -> str | None:
    if not pattern.search(line):
        return line
    rest = pattern.sub("", line)
    return pattern.sub(REMOVED, line) if re.search(r"\w{2}", rest) else None
