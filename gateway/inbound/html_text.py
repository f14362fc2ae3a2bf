"""In charge of: the lines of an HTML body, with the marks that mail clients leave around quotes and signatures.

Not in charge of: what those lines mean (`replies`), nor safe HTML (`html`). One walk over Lexbor's tree, no recursion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.inbound.html_guard import prepare_html, strip_tags
from gateway.inbound.html_marks import picture_of, read_element
from gateway.inbound.reply.lines import MAX_LINES, PICTURE, Line, Mark, bare_text, lines_from_text

_SKIPPED = frozenset(
    [
        "script",
        "style",
        "title",
        "template",
        "head",
        "noscript",
        "object",
        "svg",
        "math",
        "iframe",
        "select",
        "textarea",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tr",
        "ul",
        "includetail",
    ]
)
_PARAGRAPHS = frozenset(["p", "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dl"])
_TEXT_TAGS = frozenset(["b", "strong", "pre", "ul", "ol", "li", "td", "th"])
_PLAIN_BLOCKS = _BLOCKS - _TEXT_TAGS - {"blockquote", "hr"}  # that say nothing but where a line ends
_SAID_BY_NAME = {tag: read_element(tag, {}) for tag in _BLOCKS}  # of elements without attributes
_NOTHING_SAID = read_element("", {})
_MAX_TAGS = 20_000  # opening and closing: more are read roughly, to bound the time of the walk
_SPACES = re.compile(r" {2,}")
_WHITE = re.compile(r"[ \t\n\r\f\v\u200b\ufeff]+")


def html_to_text(html: str) -> str:
    """The words of an HTML body as plain text; hidden text is left out. For a hostile body the rough text."""
    lines, rest = lines_from_html(html)
    text = "\n".join([*(line.raw for line in lines), *([rest] if rest else [])])
    return text.replace(PICTURE, "").strip("\n")


def lines_from_html(html: str) -> tuple[list[Line], str]:
    """The lines of an HTML body, and the text beyond `MAX_LINES`, as in `lines_from_text`."""
    prepared = prepare_html(html) if html.count("<") <= _MAX_TAGS else None
    if prepared is None:
        return lines_from_text(strip_tags(html))
    root = LexborHTMLParser(prepared).body
    if root is None:
        return [], ""
    walk = _Walk()
    walk.run(root)
    rest = [line.raw for line in walk.lines[MAX_LINES:]]
    return walk.lines[:MAX_LINES], "\n".join([*rest, walk.unread] if walk.unread else rest)


# An open element: its tag, whether an empty line ends it, and marks and depth of the lines in it.
_Open: TypeAlias = tuple[str, bool, int, int]


@dataclass(slots=True)
class _Walk:
    """The state of one walk: the line in the making, and what the open elements say."""

    lines: list[Line] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)  # of the line in the making
    open: list[_Open] = field(default_factory=lambda: [("", False, Mark.NONE, 0)])
    numbers: list[int] = field(default_factory=list)  # of open lists; -1 for an unordered one
    preformatted: int = 0
    bold: int = 0
    line_marks: int = Mark.NONE
    unread: str = ""  # the text below the last line that was read with care
    spaced: bool = False  # the line in the making holds a hard space and nothing else: an empty line on purpose

    def run(self, root: LexborNode) -> None:
        open_nodes: list[LexborNode] = []
        node: LexborNode | None = root
        while node is not None or open_nodes:
            if node is None:
                done = open_nodes.pop()
                self._leave()
                node = done.next if open_nodes else None
                continue
            if len(self.lines) > MAX_LINES:
                self._break()
                self.unread = _read_on(node, open_nodes)
                return
            if node.is_text_node:
                self._add_text(node.text_content or "")
            elif self._enter(node.tag or "", node):
                open_nodes.append(node)
                node = node.first_child
                continue
            node = node.next if open_nodes else None
        self._break()

    def _enter(self, tag: str, node: LexborNode) -> bool:
        """Note what an element says; False if its children are not to be read."""
        plain = tag in _PLAIN_BLOCKS
        if not plain and (tag in _SKIPPED or tag.startswith("-")):
            return False
        attributes = node.attributes
        if plain and not attributes and self._add_block(tag, node):
            return False
        said = read_element(tag, attributes) if attributes else _SAID_BY_NAME.get(tag, _NOTHING_SAID)
        if said.hidden:
            return False
        if tag == "br":
            self._break(always=True)
            return False
        if tag == "img":
            self._add_image(attributes)
            return False
        paragraph = tag in _PARAGRAPHS and not (attributes.get("class") or "").startswith("Mso")
        if tag in _BLOCKS:
            self._break()
            if paragraph:
                self._blank()
        _, _, marks, depth = self.open[-1]
        marks, depth = marks | said.marks, depth + said.deeper
        self.open.append((tag, paragraph, marks, depth))
        if tag == "hr":
            self.lines.append(Line("", "", depth, marks | Mark.RULE))
        if tag in _TEXT_TAGS:
            self._enter_text_tag(tag)
        return True

    def _add_block(self, tag: str, node: LexborNode) -> bool:
        """Read a block of words and nothing else, as clients write most lines; False if it has to be walked through."""
        child = node.first_child
        if child is None or not child.is_text_node or child.next is not None:
            return False
        text = (child.text_content or "").strip(" ")
        if self.bold or self.preformatted or len(self.lines) > MAX_LINES - 2 or not text:
            return False
        if "  " in text or PICTURE in text or not text.isprintable():  # it has more white space than the plain one
            return False
        if self.words or self.spaced:
            self._break()
        paragraph = tag in _PARAGRAPHS
        if paragraph:
            self._blank()
        self._add_line(text)
        if paragraph:
            self._blank()
        return True

    def _enter_text_tag(self, tag: str) -> None:
        if tag in ("b", "strong"):
            self.bold += 1
        elif tag == "pre":
            self.preformatted += 1
        elif tag in ("ul", "ol"):
            self.numbers.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._add_bullet()
        elif tag in ("td", "th") and self.words:
            self.words.append("\t")

    def _leave(self) -> None:
        tag, paragraph, _, _ = self.open[-1]
        if tag in _BLOCKS:
            self._break()
            if paragraph:
                self._blank()
        if tag in ("b", "strong"):
            self.bold -= 1
        elif tag == "pre":
            self.preformatted -= 1
        elif tag in ("ul", "ol") and self.numbers:
            self.numbers.pop()
        self.open.pop()

    def _add_bullet(self) -> None:
        if self.numbers and self.numbers[-1] >= 0:
            self.numbers[-1] += 1
            self.words.append(f"{self.numbers[-1]}. ")
        else:
            self.words.append("- ")

    def _add_image(self, attributes: dict[str, str | None]) -> None:
        if content_id := picture_of(attributes):
            self.words.append(PICTURE)
            self.pictures.append(content_id)
            return
        alt = attributes.get("alt") or ""
        if alt and len(alt) <= 16 and not re.search(r"[\w.]", alt):
            self.words.append(alt)  # an emoji shown as a picture

    def _add_text(self, text: str) -> None:
        if PICTURE in text:
            text = text.replace(PICTURE, "")  # some clients leave it where a file was
        if "\xa0" in text:
            text = text.replace("\xa0", " ")
            self.spaced = True
        if self.preformatted:
            first, *more = text.split("\n", MAX_LINES)
            self._append(first)
            for line in more:
                self._break(always=True)
                self._append(line)
            return
        if "  " in text or not text.isprintable():  # a printable text has no white space but the plain one
            text = _WHITE.sub(" ", text)
        if text.strip() or (self.words and not self.words[-1].endswith((" ", "\t"))):
            self._append(text)

    def _append(self, text: str) -> None:
        if not text:
            return
        if self.bold and text.strip() and not any(word.strip() for word in self.words):
            self.line_marks |= Mark.BOLD
        self.words.append(text)

    def _break(self, *, always: bool = False) -> None:
        """End the line in the making; an empty one only counts if a <br> made it."""
        if not (self.words or always or self.spaced):
            return
        text = ""
        if self.words:
            text = "".join(self.words)
            self.words.clear()
            text = text.rstrip() if self.preformatted else _join_spaces(text).strip(" ")
        if always or (text and not text.isspace()):
            self._add_line(text)
        elif self.spaced:
            self._blank()
        self.line_marks, self.spaced = Mark.NONE, False

    def _add_line(self, text: str) -> None:
        _, _, marks, depth = self.open[-1]
        marks |= self.line_marks
        pictures = tuple(self.pictures) if self.pictures else ()
        self.pictures.clear()
        plain = lines_from_text(text)[0][0] if text.startswith((">", " >")) else None
        if plain is not None and plain.depth:
            self.lines.append(Line(plain.text, text, depth + plain.depth, marks, pictures))
        else:
            raw = ("> " * depth) + text if depth else text
            self.lines.append(Line(bare_text(text), raw, depth, marks, pictures))

    def _blank(self) -> None:
        if self.lines and not self.lines[-1].blank:
            _, _, marks, depth = self.open[-1]
            self.lines.append(Line("", "", depth, marks))


def _join_spaces(text: str) -> str:
    return _SPACES.sub(" ", text) if "  " in text else text


def _read_on(node: LexborNode | None, open_nodes: list[LexborNode]) -> str:
    """The words from this node on to the end of the body, without a look at what they are."""
    out = []
    while node is not None or len(open_nodes) > 1:
        if node is None:
            node = open_nodes.pop().next
            continue
        if node.tag not in _SKIPPED:
            out.append(node.text(deep=True, separator="\n"))
        node = node.next
    return "\n".join(text for text in out if text.strip())
