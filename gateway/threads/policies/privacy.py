"""In charge of: what must not travel from a recruiter's mail to the candidate.

Not in charge of: splitting quotes (`inbound.replies`).

A recruiter answers from their own client: their address may stand in the signature, and a quoted notice carries
their personal reply address and desk links. None of it reaches the candidate (SJ-13, GW-7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

REMOVED = "•••"
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


def is_private_file(
    content_type: str, content: bytes, *, addresses: Iterable[str], reply_domain: str, public_url: str
) -> bool:
    """Must a file of a recruiter's mail stay with the team? Enclosed mails, visiting cards, invitations and signatures
    name their sender; any other text does if it holds what `hide_private` would hide."""
    if content_type.startswith("message/") or content_type in NAMES_ITS_SENDER:
        return True
    if not content_type.startswith("text/"):
        return False
    return bool(_pattern(addresses, reply_domain, public_url).search(content.decode("utf-8", "replace")))


def _pattern(addresses: Iterable[str], reply_domain: str, public_url: str) -> re.Pattern[str]:
    private = [re.escape(a).replace("@", "(?:@|%40)") for a in addresses if a]
    private.append(rf"[\w.+%-]{{1,90}}(?:@|%40){re.escape(reply_domain)}")
    private.append(rf"(?:{re.escape(public_url)}/|{re.escape(quote(public_url, safe=''))}%2F)\S*")
    begin = r"(?:(?<![\w.+-])|(?<=%[0-9a-f]{2}))"
    return re.compile(rf"(?:mailto:)?{begin}(?:{'|'.join(private)})", re.IGNORECASE)


def _hide_in_line(line: str, pattern: re.Pattern[str]) -> str | None:
    if not pattern.search(line):
        return line
    rest = pattern.sub("", line)
    return pattern.sub(REMOVED, line) if re.search(r"\w{2}", rest) else None
