"""In charge of: a mail to many, rendered once — marks where each person's own words stand, and putting those in.

Not in charge of: rendering (`gateway.rendering`) or which words are a person's own (`usecases.outgoing`).

A mark holds a secret of this process, so nothing that people write can look like one; all are exchanged in one pass, so
nothing that is put in is looked at again.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Hashable, Mapping

from markupsafe import Markup, escape

from gateway.rendering import filters
from gateway.usecases.context import Rendered

_SECRET = secrets.token_hex(12)
_MARK = re.compile(rf"own-{_SECRET}-([a-z_]+)")
_MOST_OF_TEXT = 110  # characters that mail clients show beside the subject
_PARAGRAPH, _LINK = "margin:0 0 16px 0;", "color:#0D5C4B;"


def spell_out(variables: Mapping[str, object]) -> dict[str, object]:
    """With the forms in which a mail's `text` is shown: `message` as HTML and its beginning as `preheader`."""
    if "text" not in variables:
        return dict(variables)
    text, html = str(variables["text"]), variables.get("html_text")
    message = Markup(str(html)) if html else filters.paragraphs(text, _PARAGRAPH, _LINK)
    preheader = filters.one_line(text, _MOST_OF_TEXT)
    return {**variables, "text": text.strip(), "html_text": "", "message": message, "preheader": preheader}


def part(variables: Mapping[str, object], personal: Collection[str]) -> tuple[dict[str, object], dict[str, object]]:
    """(what is the same for many, with marks in place of the rest; the rest)."""
    own = {name: variables[name] for name in personal if variables.get(name)}
    return {**variables, **{name: f"own-{_SECRET}-{name}" for name in own}}, own


def freeze(variables: Mapping[str, object]) -> tuple[tuple[str, Hashable], ...]:
    """As something to look up. Raises TypeError for what changes."""
    found = tuple((name, tuple(v) if isinstance(v, list) else v) for name, v in sorted(variables.items()))
    hash(found)
    return found


def put_in(skeleton: Rendered, own: Mapping[str, object]) -> Rendered:
    """The mail of one person."""
    plain = {name: str(value) for name, value in own.items()}
    safe = {name: str(escape(value)) for name, value in own.items()}
    return Rendered(
        _MARK.sub(lambda found: filters.one_line(plain[found[1]]), skeleton.subject),
        _MARK.sub(lambda found: plain[found[1]], skeleton.text),
        _MARK.sub(lambda found: safe[found[1]], skeleton.html),
    )
