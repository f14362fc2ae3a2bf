"""In charge of: what of a hostile mail reaches the parsers, decided in one linear pass over its bytes.

Not in charge of: time and memory of the parsing process (`sandbox`). The raw mail itself is kept whole elsewhere.

The standard parser is quadratic in header parameters and in nesting, and slow in parts and headers: 80 kB of
Content-Type parameters cost it 40 s. No honest mail comes near these limits.
"""

from __future__ import annotations

import re

MAX_HEADERS = 1000
MAX_HEADER_BYTES = 256 * 1024
MAX_PARTS = 500
MAX_DEPTH = 30
_MAX_DELIMITERS = 5000
_MAX_CONTAINERS = 100
_MAX_PARAMETER_BYTES = 8192
_MAX_PARAMETERS = 200

# Every pattern starts with a line end, so that a search runs at the speed of finding one; an optional sign at the start
# would cost ten times as much.
_BLANK_LINE = re.compile(rb"\n\r?\n|\r(?:\n\r?\n|\r)")
_LINE_ENDS = (b"\n\r\n", b"\r\r", b"\n\n")  # every blank line holds one of these
_DELIMITER = re.compile(rb"[\r\n]--")
_CONTAINER = re.compile(rb"[\r\n]content-type[ \t]*:\s*(?:multipart|message)/", re.IGNORECASE)
_PARAMETERS = re.compile(rb"[\r\n]content-(?:type|disposition)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE)
_LINE = re.compile(rb"\r?\n(?![ \t])")
_SPACED_COLON = re.compile(rb"^([!-9;-~]{1,100}+)[ \t]++:", re.MULTILINE)  # RFC 5322 §4.5.8 still allows it
_ONE_FIELD = re.compile(rb"[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")


def split_head(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and all that follows the first empty line."""
    if raw[:1] in (b"\r", b"\n"):
        return b"", raw.lstrip(b"\r\n")
    blank = _BLANK_LINE.search(raw, _near_blank_line(raw))
    if blank is None:
        return raw, b""
    return raw[: blank.start()], raw[blank.end() :]


def _near_blank_line(raw: bytes) -> int:
    """Where the pattern may start: before the first two line ends in a row. It needs 80 times as long for a byte."""
    nearest = len(raw)
    for ends in _LINE_ENDS if b"\r\n" in raw[:1000] else reversed(_LINE_ENDS):  # of this mail first
        at = raw.find(ends, 0, nearest + len(ends) - 1)
        nearest = at if at >= 0 else nearest
    return max(0, nearest - 1)


def bound_mail(raw: bytes) -> tuple[bytes, bytes, tuple[str, ...]]:
    """(header block, whole mail, defects), both as far as it is safe to parse them."""
    defects: list[str] = []
    head, body = split_head(raw)
    if b" :" in head or b"\t:" in head:
        head = _SPACED_COLON.sub(rb"\1:", head)
    head = _bound_head(head, defects)
    body = _bound_body(body, defects)
    separator = b"\r\n\r\n" if body or len(head) < len(raw) else b""
    return head, head + separator + body, tuple(dict.fromkeys(defects))


def _bound_head(head: bytes, defects: list[str]) -> bytes:
    stop = _nth(_LINE, head, MAX_HEADERS) if head.count(b"\n") > MAX_HEADERS else None
    if stop is not None or len(head) > MAX_HEADER_BYTES:
        defects.append(f"too many headers: read the first {MAX_HEADERS} or {MAX_HEADER_BYTES // 1024} kB")
        cut = min(stop or len(head), MAX_HEADER_BYTES)
        essential = [m[0].strip() for m in _PARAMETERS.finditer(head, cut)][:2]
        head = b"\r\n".join([head[:cut], *essential])
    return _bound_parameters(head, defects)


def _bound_body(body: bytes, defects: list[str]) -> bytes:
    if _is_modest(body):
        return body
    stops = []
    for pattern, limit, what in (
        (_DELIMITER, _MAX_DELIMITERS, "too many parts"),
        (_CONTAINER, _MAX_CONTAINERS, "nested too deeply"),
    ):
        stop = _nth(pattern, body, limit)
        if stop is not None:
            defects.append(f"{what}: read the first {limit}")
            stops.append(stop)
    return _bound_parameters(body[: min(stops)] if stops else body, defects)


def _is_modest(data: bytes) -> bool:
    """Whether a look at the dashes shows that no limit is near: a small part of the time that the patterns need."""
    if len(data) < _MAX_PARAMETER_BYTES and data.count(b";") <= _MAX_PARAMETERS and data.count(b"-") <= _MAX_CONTAINERS:
        return True
    at = data.find(b"-")
    for _ in range(_MAX_CONTAINERS):
        if at < 0:
            return True
        if data[at - 7 : at].lower() == b"content" and not _is_short_field(data, at - 7):
            return False
        at = data.find(b"-", at + 1)
    return _is_modest_by_count(data)


def _is_modest_by_count(data: bytes) -> bool:
    if data.count(b"\n--") + data.count(b"\r--") > _MAX_DELIMITERS:
        return False
    lowered = data.lower()
    if lowered.count(b"content-") > _MAX_CONTAINERS:
        return False
    at = lowered.find(b"content-")
    while at >= 0:
        if not _is_short_field(data, at):
            return False
        at = lowered.find(b"content-", at + 1)
    return True


def _is_short_field(data: bytes, at: int) -> bool:
    """False for a field that starts here and is longer than parameters may be."""
    if data[at - 1 : at] not in (b"\r", b"\n", b""):
        return True
    field = _ONE_FIELD.match(data, at)
    return field is None or (len(field[0]) < _MAX_PARAMETER_BYTES and field[0].count(b";") <= _MAX_PARAMETERS)


def _nth(pattern: re.Pattern[bytes], data: bytes, count: int) -> int | None:
    """Where the match after `count` matches begins, or None if there are not so many."""
    for number, match in enumerate(pattern.finditer(data)):
        if number == count:
            return match.start()
    return None


def _bound_parameters(data: bytes, defects: list[str]) -> bytes:
    if _is_modest(data):
        return data

    def shorten(match: re.Match[bytes]) -> bytes:
        value = match[0]
        if len(value) <= _MAX_PARAMETER_BYTES and value.count(b";") <= _MAX_PARAMETERS:
            return value
        defects.append(f"too many parameters: read the first {_MAX_PARAMETERS}")
        return b";".join(value[:_MAX_PARAMETER_BYTES].split(b";")[: _MAX_PARAMETERS + 1]).rstrip(b"\r\n \t")

    return _PARAMETERS.sub(shorten, b"\n" + data)[1:]
