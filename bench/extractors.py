"""In charge of: the extractors that `replies` compares: ours, and the peers that are installed.

Not in charge of: scoring. The peers are the dependency group `peers`; the gateway never needs them. Text-only peers get
the words of an HTML body as we read them; those that read HTML get the HTML, and the words of what they leave.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.inbound.html_text import html_to_text
from gateway.inbound.replies import split_reply

OURS = "gateway"
OURS_KNOWING = "gateway, knowing what was sent"
LANGUAGES = ["en", "cs", "da", "de", "es", "fi", "fr", "it", "ja", "ko", "nl", "pl", "pt", "sv", "zh"]


@dataclass(frozen=True, slots=True)
class Body:
    """What an extractor is given: one of text and html is empty."""

    text: str
    html: str
    known: tuple[str, ...] = ()
    forwarded: bool = False

    @property
    def words(self) -> str:
        """The text, or that of the HTML."""
        return self.text or html_to_text(self.html)


Extract = Callable[[Body], str]


def find_extractors() -> dict[str, Extract]:
    """Every extractor that can run here, by name; ours first."""
    found: dict[str, Extract] = {OURS: _split, OURS_KNOWING: _split_knowing}
    for name, make in _PEERS.items():
        try:
            found[name] = make()
        except Exception:  # not installed, or too old for this Python
            continue
    return found


def missing_peers(found: dict[str, Extract]) -> Iterator[str]:
    """Names of the peers that cannot run here."""
    return (name for name in _PEERS if name not in found)


def _split(body: Body) -> str:
    return split_reply(body.text or None, body.html or None, forwarded=body.forwarded).reply


def _split_knowing(body: Body) -> str:
    return split_reply(body.text or None, body.html or None, known=body.known, forwarded=body.forwarded).reply


def _make_mail_parser_reply() -> Extract:
    parser: Any = importlib.import_module("mailparser_reply").EmailReplyParser(languages=LANGUAGES)
    return lambda body: parser.parse_reply(body.words) or ""


def _make_email_reply_parser() -> Extract:
    parser: Any = importlib.import_module("email_reply_parser").EmailReplyParser
    return lambda body: parser.parse_reply(body.words) or ""


def _make_quotequail() -> Extract:
    quotequail: Any = importlib.import_module("quotequail")

    def extract(body: Body) -> str:
        if body.html:
            return html_to_text("".join(part for shown, part in quotequail.quote_html(body.html) if shown))
        return "\n".join(part for shown, part in quotequail.quote(body.text) if shown)

    return extract


def _make_talon() -> Extract:
    importlib.import_module("talon.quotations").register_xpath_extensions()
    quotations: Any = importlib.import_module("talon.quotations")

    def extract(body: Body) -> str:
        if body.html:
            return html_to_text(quotations.extract_from_html(body.html) or "")
        return str(quotations.extract_from_plain(body.text) or "")

    return extract


_PEERS: dict[str, Callable[[], Extract]] = {
    "mail-parser-reply": _make_mail_parser_reply,
    "email-reply-parser": _make_email_reply_parser,
    "quotequail": _make_quotequail,
    "talon (quotations)": _make_talon,
}
