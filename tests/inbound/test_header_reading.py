"""Only doubtful header lines cost a call to mail-parser or flanker; the answers stay the same (GW-5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.header import Header
from pathlib import Path

import mailparser
import pytest
from flanker.addresslib import address as flanker_address
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound import dates, mailboxes
from gateway.inbound.dates import is_plain_address, read_date
from gateway.inbound.mail_limits import split_head
from gateway.inbound.mailboxes import _AS_WRITTEN, _read_spec, _split_items, read_mailboxes
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

MAILBOX_PIECES = (
    *("Kim", " ", "\t", '"', '"Kim, Min"', "'", "\\", "(x)", ",", ":", ";", "<", ">", "=?utf-8?b?6rmA?=", "\udcea"),
    *("\x01", "\r\n ", "a@b.example", "<kim@A.example>", "<.k..@a.example.>", "<@x:y@z.example>"),
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


@settings(max_examples=1000, deadline=None)
@given(
    st.sampled_from(["Date", "date", "DATE"]),
    st.sampled_from(["Mon, ", "Tue, ", "Sat, ", "sun, ", "Xyz, ", "", "Mon,"]),
    st.sampled_from(["1", "01", "23", "29", "30", "31", "32", "0"]),
    st.sampled_from(["Nov", "Feb", "dec", "Foo", "JAN"]),
    st.sampled_from(["2026", "2024", "26", "1900", "1899", "0001", "9999", "20261"]),
    st.sampled_from(["09:00:00", "23:59:60", "24:00:00", "9:00:00", "00:60:00", "12:34", "23:59:59"]),
    st.sampled_from(
        ["+0900", "-0330", "+0060", "-0000", "+9959", "GMT", "+09:00", "-1200 (NST)", "+0900 (\ud55c)", ""]
    ),
)
def test_a_date_is_what_mail_parser_says(
    name: str, weekday: str, day: str, month: str, year: str, time: str, zone: str
) -> None:
    head = f"{name}: {weekday}{day} {month} {year} {time} {zone}".encode()
    date, defects = read_date(head)
    theirs = mailparser.parse_from_bytes(head + b"\r\n\r\n").date
    assert defects == defects_of_all(head)
    assert date == theirs or (theirs is None and defects)  # what they give up we may still read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Tue, 24 Nov 2026 09:14:10", "2026-11-24T09:14:10+00:00"),
        ("24 Nov 2026 9:14 +0900", "2026-11-24T00:14:00+00:00"),
        ("Tue, 24 Nov 2026 09:14:10 +09:00", "2026-11-24T00:14:10+00:00"),
        ("Tue, 24 Nov 2026 09:14:10 GMT+0900", "2026-11-24T00:14:10+00:00"),
        ("Tue, 24 Nov 2026 09.14.10 +0100", "2026-11-24T08:14:10+00:00"),
        ("Tue Nov 24 09:14:10 2026", "2026-11-24T09:14:10+00:00"),
        ("2026-11-24T09:14:10+09:00", "2026-11-24T00:14:10+00:00"),
        ("2026-11-24 09:14:10", "2026-11-24T09:14:10+00:00"),
        ("Tue, 24 Nov 2026 9:14:10 PM +0900", ""),
        ("9999-12-31T23:59:59-23:59", ""),
        ("24/11/2026 09:14", ""),
        ("today, or rather tomorrow", ""),
    ],
)
def test_dates_that_programs_write_otherwise(written: str, read: str) -> None:
    date, defects = read_date(f"Date: {written}".encode())
    assert (date.isoformat() if date else "") == read
    assert defects


def test_of_a_plain_date_mail_parser_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "_ask", None)
    head = b"From: Kim <kim@a.example>\r\nDate: Mon, 23 Nov 2026 09:00:00 +0930 (KST)"
    assert read_date(head) == (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), [])
    assert read_date(head.replace(b"+0930", b"-0330"))[0] == datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(
        st.sampled_from(MAILBOX_PIECES),
        max_size=6,
    ).map("".join)
)
def test_a_plain_mailbox_is_read_as_any_other(value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mailboxes, "_PLAIN", re.compile(r"(?!)"))
        slow = read_mailboxes(value)
    assert read_mailboxes(value) == slow


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


@pytest.mark.parametrize("written", ["Mina <<mina@mail.example>>", "Mina <mailto:mina@mail.example>"])
def test_address_that_a_program_wrapped_once_more(written: str) -> None:
    assert [(a.name, a.address) for a in read_mailboxes(written)] == [("Mina", "mina@mail.example")]
