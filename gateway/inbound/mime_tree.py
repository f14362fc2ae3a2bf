"""In charge of: the MIME tree of a bounded mail, read at the speed of finding its boundaries where it is well-formed.

Not in charge of: what the parts hold (`parts`), nor limits (`mail_limits`).

The standard parser looks at every line, which is most of the time that a mail with a file costs. A mail without any
fault gives the same tree here, part for part; at the first doubt, and for enclosed mails, the standard parser reads it.
"""

from __future__ import annotations

import email
import re
from email._policybase import Compat32
from email.message import Message
from typing import TYPE_CHECKING, Any, TypeAlias

Part: TypeAlias = "Message[str, str]"
if TYPE_CHECKING:
    _Message = Message[str, str]
else:
    _Message = Message  # generic for type checkers only

_MAX_QUICK_DEPTH = 10
_FIELD = re.compile(r"[!-9;-~]++:[^\n]*+\n(?:[ \t][^\n]*+\n)*+")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_EMPTY_LINE = re.compile(r"\r?\n")
_AFTER_BOUNDARY = re.compile(r"(--)?[ \t]*(?:\r?\n|\Z)")
# Parameters that read the same whoever reads them: no escapes, no RFC 2231, no semicolon in quotes.
_PLAIN_PARAMETER = r"""; *(?:\r?\n)?[ \t]*([A-Za-z0-9-]{1,40})=("[ !#-:<-\[\]-~]*"|[A-Za-z0-9+./:=_-]+)"""
_PARAMETER = re.compile(_PLAIN_PARAMETER)
_PLAIN_VALUE = re.compile(rf"[A-Za-z0-9!#$&^_.+/-]+(?:{_PLAIN_PARAMETER})*+;?\Z")


class RawPolicy(Compat32):
    """Header values as they came: bytes above 127 stay surrogates, where the standard policy would lose them."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


RAW = RawPolicy()


class ExactPart(_Message):
    """A part whose boundary is the one that it declares: `Message` cuts the spaces that may end a quoted one."""

    def get_boundary(self, failobj: Any = None) -> Any:
        declared = self.get_param("boundary", failobj)
        return declared if isinstance(declared, str) and declared.endswith(" ") else super().get_boundary(failobj)


class QuickPart(ExactPart):
    """A part that is only read: its fields are found by name, and its parameters are taken apart once.

    Every answer is that of `Message`, which looks at all fields and all parameters for each question.
    """

    def __init__(self) -> None:
        super().__init__(policy=RAW)
        self._values: dict[str, list[str]] = {}
        self._parameters: dict[str, dict[str, str] | None] = {}
        self._type = ""

    def add_field(self, source: str) -> None:
        """The next field, as it stands in the mail: name, colon, value, line end; it may be folded."""
        name, value = RAW.header_source_parse([source])
        self.set_raw(name, value)
        self._values.setdefault(name.lower(), []).append(value)

    def get(self, name: str, failobj: Any = None) -> Any:
        values = self._values.get(name.lower())
        return values[0] if values else failobj

    def get_all(self, name: str, failobj: Any = None) -> Any:
        return self._values.get(name.lower(), failobj)

    def get_content_type(self) -> str:
        self._type = self._type or super().get_content_type()
        return self._type

    def get_content_maintype(self) -> str:
        return self.get_content_type().partition("/")[0]

    def get_param(self, param: str, failobj: Any = None, header: str = "content-type", unquote: bool = True) -> Any:
        if header not in self._parameters:
            self._parameters[header] = _read_parameters(self.get(header, ""))
        found = self._parameters[header]
        if found is None or not unquote:
            return super().get_param(param, failobj, header, unquote)
        return found.get(param.lower(), failobj)


def _read_parameters(value: str) -> dict[str, str] | None:
    """The parameters of a field by their names in lower case, the first of each; None if one is not plain."""
    if not value:
        return {}
    if not _PLAIN_VALUE.match(value):
        return None
    found = {value.partition(";")[0].strip().lower(): ""}  # the value itself counts as a parameter there
    for name, text in _PARAMETER.findall(value):
        found.setdefault(name.lower(), text.strip('"'))
    return found


def parse_tree(raw: bytes) -> Part:
    """The MIME tree of a bounded mail, headers untouched: what `email.message_from_bytes` gives (see `ExactPart`)."""
    text = raw.decode("ascii", "surrogateescape")
    quick = None if _LONE_RETURN.search(text) else _read_entity(text, 0, len(text))
    return email.message_from_bytes(raw, ExactPart, policy=RAW) if quick is None else quick


def _read_entity(text: str, start: int, end: int, *, depth: int = 0) -> QuickPart | None:
    """The part between two positions; None where the standard parser has something to mend or to complain of."""
    part = QuickPart()
    at = start
    while field := _FIELD.match(text, at, end):
        part.add_field(field[0])
        at = field.end()
    blank = _EMPTY_LINE.match(text, at, end)
    if blank is None:
        return None
    kind = part.get_content_type()
    if kind.startswith("message/") or kind == "multipart/digest" or depth > _MAX_QUICK_DEPTH:
        return None
    if kind.startswith("multipart/"):
        return part if _read_children(part, text, blank.end(), end, depth=depth) else None
    body = text[blank.end() : end]
    part.set_payload(_chop(body) if depth else body)
    return part


def _read_children(part: Part, text: str, start: int, end: int, *, depth: int) -> bool:
    """Attach the parts of a multipart (RFC 2046 §5.1.1); False if it has any fault."""
    boundary = part.get_boundary()
    if not boundary or "\n" in boundary:
        return False
    if str(part.get("content-transfer-encoding", "8bit")).lower() not in ("7bit", "8bit", "binary"):
        return False
    mark = "--" + boundary
    line = start if text.startswith(mark, start, end) else text.find("\n" + mark, start, end) + 1
    if not line:
        return False
    if line > start:
        part.preamble = _chop(text[start:line])
    while (after := _AFTER_BOUNDARY.match(text, line + len(mark), end)) and not after[1]:
        begin = after.end()
        line = text.find("\n" + mark, begin, end) + 1
        child = None
        if line and not text.startswith(mark, begin, end):
            child = _read_entity(text, begin, line, depth=depth + 1)
        if child is None:
            return False
        if child.is_multipart():
            child.epilogue = _chop(child.epilogue) if child.epilogue else None
        part.attach(child)
    if after is None or not part.is_multipart():
        return False
    part.epilogue = text[after.end() : end]
    return True


def _chop(text: str) -> str:
    """Without its last line end: the one above a boundary belongs to the boundary."""
    return text[: -2 if text.endswith("\r\n") else -1] if text.endswith("\n") else text
