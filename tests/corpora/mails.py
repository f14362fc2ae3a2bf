"""Where public mail corpora lie, and what those with expected results expect.

In charge of: finding and reading them. Not in charge of: checks.

The corpora are no part of the project (their licences differ, and rules are not written from them): the folder named by
GATEWAY_CORPORA, else `corpora` beside the checkout, holds `mime/` and `replies/`.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.inbound.charsets import decode_text

ROOT = Path(__file__).parent.parent.parent


def find_corpora() -> Path | None:
    """The folder with the corpora, or None."""
    named = os.environ.get("GATEWAY_CORPORA")
    folder = Path(named) if named else ROOT.parent / "corpora"
    return folder if folder.is_dir() else None


def list_mails() -> list[Path]:
    """Every mail of the MIME corpora; [] if they are not there."""
    folder = find_corpora()
    if folder is None:
        return []
    folder = folder / "mime" if (folder / "mime").is_dir() else folder
    return sorted(p for p in folder.rglob("*") if p.suffix in (".eml", ".msg") or re.match(r"email\.\d\d", p.name))


def need_corpora() -> list[Path]:
    """The mails, or the test is left out with a word about why."""
    mails = list_mails()
    if not mails:
        pytest.skip("left out: no mail corpora; name their folder in GATEWAY_CORPORA or put it beside the project")
    return mails


@dataclass(frozen=True, slots=True)
class ExpectedBody:
    """One leaf that james-mime4j decodes: its bytes, and its text by the charset it declares."""

    name: str
    content: bytes
    charset: str

    @property
    def text(self) -> str:
        return decode_text(self.content, self.charset).text


def expected_bodies(mail: Path) -> list[ExpectedBody]:
    """The decoded bodies of a james-mime4j message, in order, those of enclosed messages included."""
    events = mail.with_name(f"{mail.stem}_decoded.xml")
    if not events.exists():
        return []
    found = []
    for body, charset in _leaves(ElementTree.parse(events).getroot(), ""):
        path = mail.with_name(body)
        if path.exists():
            found.append(ExpectedBody(body, path.read_bytes(), charset))
    return found


def _leaves(element: ElementTree.Element, charset: str) -> Iterator[tuple[str, str]]:
    header = element.find("header")
    fields = [field.text or "" for field in header] if header is not None else []
    kind = next((f for f in fields if f.strip().lower().startswith("content-type:")), "")
    named = re.search(r"charset\s*=\s*\"?([^\s\";]+)", kind, re.IGNORECASE)
    charset = named[1] if named else charset
    for child in element:
        if child.tag in ("text-body", "binary-body"):
            yield child.get("name", ""), charset
        elif child.tag in ("message", "multipart", "body-part"):
            yield from _leaves(child, charset if child.tag == "multipart" else "")
