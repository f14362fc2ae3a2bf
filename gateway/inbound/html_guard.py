"""In charge of: deciding in one linear pass whether HTML may go to a parser, and reading it roughly if it may not.

Not in charge of: what is safe to show (`html`). Lexbor and html5ever are quadratic in open tags and in attributes,
html5ever in entities too.
"""

from __future__ import annotations

import html as entities
import re
from functools import lru_cache

MAX_HTML_CHARS = 1_000_000
_MAX_OPEN_TAGS = 2000
_MAX_ENTITIES = 50_000  # html5ever moves a text for each of them
_MAX_TAG_CHARS = 8000  # outside quoted values: about 2,000 attributes

_DATA_URI = re.compile(r"data:[a-z0-9/+.;=_-]{1,100},[A-Za-z0-9+/=%_-]{200,}", re.IGNORECASE)
_TAG_START = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,60})")
_TAG_STEP = re.compile(r"=[\t\n\f\r ]*([\"'])|>")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
# These close themselves when the next one opens, so that leaving them open does not nest.
_IMPLIED = frozenset(
    ["p", "li", "td", "th", "tr", "dd", "dt", "option", "thead", "tbody", "tfoot", "html", "head", "body"]
)


@lru_cache(maxsize=1)
def prepare_html(html: str) -> str | None:
    """The HTML as a parser may have it (well-formed Unicode, without embedded files), or None if it is hostile.

    The last answer is kept: one body is first read for its words and then made safe.
    """
    html = html.replace("\0", "")
    try:
        data = html.encode()
    except UnicodeEncodeError:
        data = html.encode("utf-8", "replace")
        html = data.decode()
    if b"data:" in data.lower():  # a fraction of what it costs to find it in the text
        html = _DATA_URI.sub("data:,", html)
    if len(html) > MAX_HTML_CHARS or html.count("&") > _MAX_ENTITIES or not _is_bounded(html):
        return None
    return html


def _is_bounded(html: str) -> bool:
    if len(html) <= _MAX_TAG_CHARS and html.count("<") <= _MAX_OPEN_TAGS:
        return True
    opened: dict[str, int] = {}
    depth = 0
    at = 0
    while match := _TAG_START.search(html, at):
        closing, name = match[1], match[2].lower()
        end, outside = _find_tag_end(html, match.end())
        if outside > _MAX_TAG_CHARS:
            return False
        if closing:
            if opened.get(name, 0):
                opened[name] -= 1
                depth -= 1
        elif name not in _VOID and name not in _IMPLIED:
            opened[name] = opened.get(name, 0) + 1
            depth += 1
            if depth > _MAX_OPEN_TAGS:
                return False
        at = max(end, match.end())
    return True


def _find_tag_end(html: str, at: int) -> tuple[int, int]:
    """(position after the tag, characters of it outside quoted values)."""
    outside = 0
    while step := _TAG_STEP.search(html, at, at + _MAX_TAG_CHARS + 2):
        outside += step.end() - at
        if outside > _MAX_TAG_CHARS or not step[1]:
            return step.end(), outside
        at = html.find(step[1], step.end()) + 1
        if not at:
            return len(html), outside
    return len(html), outside + min(len(html) - at, _MAX_TAG_CHARS + 1)


def strip_tags(html: str) -> str:
    """The words of HTML that no parser may see: tags away, entities read. Rough, linear, loses no text."""
    html = re.sub(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,2000}>", "\n", html, flags=re.IGNORECASE)
    text = entities.unescape(re.sub(r"<[/!?a-zA-Z][^<>]{0,4000}>", "", html))
    text = re.sub(r" ?\n ?", "\n", re.sub(r"[ \t\f\v\xa0]+", " ", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()
