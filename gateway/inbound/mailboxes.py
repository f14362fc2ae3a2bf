"""In charge of: the addresses of From, To, Cc, Reply-To: names and addr-specs (RFC 5322 §3.4).

Not in charge of: who they are, or whether to believe them (`gateway.threads.policies.identity`).

We split the list ourselves, because flanker drops a whole list for one bad item. A plain `local@domain` is taken as
written, also what flanker does not know but real mail has (`.a..b.@docomo.example`, a trailing dot); flanker judges
every other addr-spec (quoted local parts, literals). We refuse control characters before it sees them, because it
lets a line break into a display name.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

from gateway.inbound.charsets import decode_header
from gateway.threads.incoming import Address

# flanker logs addresses and, on its first import, its grammar: neither belongs in our log.
_flanker_log = logging.getLogger("flanker")
_flanker_log.addHandler(logging.NullHandler())
_flanker_log.propagate = False

from flanker.addresslib import address as flanker_address  # noqa: E402

MAX_ADDRESSES = 500
_MAX_HEADER = 100_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[(),<>:;]|[^"\\(),<>:;]+|["\\]', re.DOTALL)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ESCAPED = re.compile(r"\\(.)")
_SPACES = re.compile(r"\s+")
_AROUND_DOTS = re.compile(r"\s*([@.])\s*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAILTO = "mailto:"
_AS_WRITTEN = re.compile(r"[^\s@<>,;:\"()\[\]]{1,64}@[^\s@<>,;:\"()\[\]]{1,255}")
# One mailbox in which nothing is to be interpreted: a phrase, quoted or not, and a plain addr-spec in angle brackets.
_PLAIN = re.compile(
    r"""((?:"[^"\\\x00-\x1f]*"|[^"\\(),<>:;\x00-\x1f]*) *)<([\w!#$%&'*+/=?^`{|}~.-]{1,64})@([\w.-]{1,255})>""", re.ASCII
)


def read_mailboxes(value: str, *, hint: str = "") -> tuple[Address, ...]:
    """Every mailbox of one header value, in order; groups are opened. An unreadable item keeps its text as the name.

    `value` is the raw header (raw bytes as surrogates, words still encoded: a comma that appears only after decoding
    must never divide a list). At most 500 addresses.
    """
    plain = _PLAIN.fullmatch(value.strip()[:1000])
    if plain:
        return (Address(name=_read_phrase(plain[1], hint), address=f"{plain[2]}@{plain[3].lower()}"),)
    found: list[Address] = []
    for phrase, spec in _split_items(value[:_MAX_HEADER]):
        if len(found) >= MAX_ADDRESSES:
            break
        address = _read_spec(spec)
        name = _read_phrase(phrase, hint)
        if address:
            found.append(Address(name=name, address=address))
        elif name or spec.strip():
            found.append(Address(name=name or _read_phrase(spec, hint), address=""))
    return tuple(found)


@dataclass(slots=True)
class _Splitter:
    """The state of one pass over an address list."""

    items: list[tuple[str, str]] = field(default_factory=list)  # (phrase, addr-spec)
    words: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    carried: str = ""  # an item without "@": half of an unquoted "Kim, Min <a@b>", or unreadable

    def close_angle(self, spec: str) -> None:
        """An item in angle brackets ends, with all words before it as its phrase."""
        self.items.append((self.carried + "".join(self.words), spec))
        self.carried, self.words, self.comment = "", [], []

    def close_item(self) -> None:
        """A comma ends an item without angle brackets."""
        text = "".join(self.words).strip()
        comment = "".join(self.comment).strip().removeprefix("(").removesuffix(")")
        self.words, self.comment = [], []
        if not text:
            return
        if "@" not in text:
            self.carried += text + ", "
            return
        self.flush()
        found = _AS_WRITTEN.search(text) if " " in text else None
        if found:
            self.items.append((text[: found.start()] + text[found.end() :], found[0]))
        else:
            self.items.append((comment, text))

    def flush(self) -> None:
        """What is still carried was no half of a name: it is kept as an unreadable item."""
        if self.carried:
            self.items.append((self.carried.rstrip(", "), ""))
            self.carried = ""


def _split_items(value: str) -> list[tuple[str, str]]:
    """(phrase, addr-spec) of each item. One pass; comments are passed over, nesting is counted, not recursed into."""
    state = _Splitter()
    spec: list[str] | None = None
    depth = 0
    for match in _TOKEN.finditer(_FOLD.sub("", value)):
        part = match[0]
        if depth or (part == "(" and spec is None):
            depth += (part == "(") - (part == ")")
            state.comment.append(part)
        elif spec is not None and part != ">":
            spec.append(part if part != "<" or spec else "")
        elif spec is not None:
            state.close_angle("".join(spec))
            spec = None
        elif part == "<":
            spec = []
        elif part == ">":
            continue  # of "<<kim@host>>"
        elif part in (",", ";"):
            state.close_item()
        elif part == ":" and not any("@" in word for word in state.words):
            state.words = []  # the name of a group
        else:
            state.words.append(part)
    if spec is not None:
        state.close_angle("".join(spec))
    state.close_item()
    state.flush()
    return state.items


def _read_phrase(phrase: str, hint: str) -> str:
    phrase = phrase.strip()
    if len(phrase) >= 2 and phrase[0] == phrase[-1] == '"':
        phrase = phrase[1:-1]
    if "\\" in phrase:
        phrase = _ESCAPED.sub(r"\1", phrase)
    name = decode_header(phrase.replace('"', ""), hint=hint)
    if "  " in name or not name.isprintable():  # a printable name has no white space but the plain one
        name = _SPACES.sub(" ", _CONTROL.sub(" ", name))
    return name.strip(" '\"")[:500]


def _read_spec(spec: str) -> str:
    """The addr-spec as written, domain in lower case; "" if it is none."""
    spec = spec.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()
    spec = spec[len(_MAILTO) :] if spec[: len(_MAILTO)].lower() == _MAILTO else spec
    if spec.startswith("@") and ":" in spec:
        spec = spec.rpartition(":")[2]  # RFC 5322 §4.4: an obsolete route is passed over
    spec = _AROUND_DOTS.sub(r"\1", spec) if len(spec) < 1024 else spec
    if not spec or _CONTROL.search(spec) or len(spec) > 1024:
        return ""
    if not _AS_WRITTEN.fullmatch(spec) and not _is_known_to_flanker(spec):
        return ""
    local, _, domain = spec.rpartition("@")
    return f"{local}@{domain.lower()}"


def _is_known_to_flanker(spec: str) -> bool:
    return isinstance(flanker_address.parse(spec, addr_spec_only=True), flanker_address.EmailAddress)
