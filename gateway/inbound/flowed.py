"""In charge of: undoing soft line breaks of format=flowed text (RFC 3676).

Not in charge of: what is quoted.
"""

from __future__ import annotations


def unwrap_flowed(text: str, *, delsp: bool = False) -> str:
    """The text with soft breaks joined; quote marks are kept as `>` per level and a space. Linear."""
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        stripped = line.lstrip(">")
        level = len(line) - len(stripped)
        body = stripped.removeprefix(" ")
        if paragraph and level != depth:
            out.append(_quoted(paragraph, depth))
            paragraph = []
        depth = level
        if body.endswith(" ") and body != "-- ":
            paragraph.append(body[:-1] if delsp else body)
            continue
        paragraph.append(body)
        if body == "-- " and len(paragraph) > 1:
            paragraph.pop()
            out.append(_quoted(paragraph, depth))
            paragraph = [body]
        out.append(_quoted(paragraph, depth))
        paragraph = []
    if paragraph:
        out.append(_quoted(paragraph, depth))
    return "\n".join(out)


def _quoted(paragraph: list[str], depth: int) -> str:
    body = "".join(paragraph)
    return f"{'>' * depth} {body}" if depth else body
