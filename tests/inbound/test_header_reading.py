"""Only doubtful header lines cost a call to mail-parser or flanker; the answers stay the same (GW-5)."""

from __future__ import annotations

import re
from email.header import Header
from pathlib import Path

import mailparser
import pytest
from flanker.addresslib import address as flanker_address
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.dates import is_plain_address, read_date
from gateway.inbound.mail_limits import split_head
from gateway.inbound.mailboxes import _AS_WRITTEN, _read_spec, _split_items
from gateway.inbound.mime_tree import parse_tree

EMAILS = sorted((Path(__file__).parents[1] / "emails").glob("*.eml"))
ODD_SPECS = (
    '"kim, min"@a.example',
    "kim@[192.0.2.1]",
    '"a b"@c.example',
    "a b@c.example",
    "@x:y@z.example",
    "김@한국.kr",
    "a@",
)


def defects_of_all(head: bytes) -> list[str]:
    parsed = mailparser.parse_from_bytes(head + b"\r\n\r\n")
    dates = [f"date: {d['reason']}" for d in parsed.date_header_defects if d["header"] == "date"]
    asked = ("from", "to", "cc", "reply-to")
    return dates + [f"address: {d['reason']}" for d in parsed.address_header_defects if d["header"] in asked]


@pytest.mark.parametrize("path", EMAILS, ids=lambda path: path.stem)
def test_every_example_has_the_date_and_the_defects_that_mail_parser_finds_in_its_whole_head(path: Path) -> None:
    head, _ = split_head(path.read_bytes())
    date, defects = read_date(head)
    assert date == mailparser.parse_from_bytes(head + b"\r\n\r\n").date
    assert sorted(defects) == sorted(defects_of_all(head))


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["From", "to", "Cc", "Reply-To"]),
    st.one_of(
        st.from_regex(r"\A[A-Za-z0-9_-]{1,8}( [A-Za-z0-9_-]{1,8}){0,3}\Z"),
        st.from_regex(r'\A"[A-Za-z0-9 .,&-]{1,20}"\Z'),
        st.text('가나다라 Kimñé,"\\()<>.\t', min_size=1, max_size=12).map(lambda t: Header(t, "utf-8").encode()),
        st.from_regex(r"\A=\?utf-8\?b\?[A-Za-z0-9+/]{4,40}={0,2}\?=\Z"),
    ),
    st.from_regex(r"\A[a-z0-9_+=.-]{1,12}@[a-z0-9-]{1,8}(\.[a-z0-9-]{1,5}){1,2}\Z"),
)
def test_mail_parser_finds_no_fault_in_a_plain_address(name: str, phrase: str, spec: str) -> None:
    for line in (f"{name}: {phrase} <{spec}>".encode(), f"{name}: {spec}".encode(), f"{name}:<{spec}>".encode()):
        if is_plain_address(line):
            assert mailparser.parse_from_bytes(line + b"\r\n\r\n").address_header_defects == []


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        (b"From: a@b.example", True),
        (b'To: "Moa Labs" <moalabs+t1@reply.example>', True),
        (b"From: =?UTF-8?B?7ZWc7KeA7Jqw?= <a@b.example>", True),
        (b"From: =?UTF-8?B?IiI=?= <a@b.example>", False),
        (b"From: =?euc-kr?B?sMQ=?= <a@b.example>", False),
        (b"From: a@b.example, c@d.example", False),
        (b'From: "Kim \\" Min" <a@b.example>', False),
        (b"From: Kim (HR) <a@b.example>", False),
        (b"From : a@b.example", False),
        (b"From: a@b.example\r\n x", False),
    ],
)
def test_plain_is_one_address_without_anything_to_interpret(line: bytes, plain: bool) -> None:
    assert is_plain_address(line) is plain


def test_flanker_would_change_nothing_for_an_address_that_is_taken_as_written() -> None:
    specs = [*ODD_SPECS, "a@b.example", ".a..b.@docomo.example", "a@b.example."]
    for path in EMAILS:
        root = parse_tree(path.read_bytes())
        for name in ("from", "sender", "reply-to", "to", "cc"):
            specs += [spec for value in root.get_all(name, []) for _, spec in _split_items(str(value))]
    for spec in specs:
        if re.search(r"[\x00-\x20\x7f-\uffff:]", spec):
            continue
        known = isinstance(flanker_address.parse(spec, addr_spec_only=True), flanker_address.EmailAddress)
        assert bool(_read_spec(spec)) == (known or bool(_AS_WRITTEN.fullmatch(spec)))
