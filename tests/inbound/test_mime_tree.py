"""The quick reading of a mail gives what the standard parser gives, and quick looks never hide a limit (GW-5)."""

from __future__ import annotations

import email
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound import mail_limits
from gateway.inbound.mime_tree import RAW, Part, QuickPart, parse_tree

EMAILS = sorted((Path(__file__).parents[1] / "emails").glob("*.eml"))
MORE_MAILS = os.environ.get("TEST_MAILS")  # a folder of other mails, for those who have one
PIECES = (
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b'Content-Type: multipart/alternative; boundary="b-2"\r\n',
    b"Content-Type: multipart/digest; boundary=b\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: text/html;\r\n charset=utf-8\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Subject: \xea\xb0\x80\r\n",
    b"From someone Mon Nov 23\r\n",
    b": no name\r\n",
    b"no colon\r\n",
    b" folded\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"--b\r\n",
    b"--b \r\n",
    b"--b--\r\n",
    b"--b--",
    b"--b-2\r\n",
    b"--b-2--\r\n",
    b"--bc\r\n",
    b"text\r\n",
    b"text",
)


def shape(part: Part) -> tuple[Any, ...]:
    """All that a tree says, defects included."""
    payload: Any = part.get_payload() if part.is_multipart() else vars(part)["_payload"]
    asked = [answers(part, name) for name in ("content-type", "Content-Disposition", "subject")]
    below = [shape(child) for child in payload] if isinstance(payload, list) else payload
    defects = [type(defect).__name__ for defect in part.defects]
    return list(part.raw_items()), part.preamble, part.epilogue, part.get_unixfrom(), defects, asked, below


def answers(part: Part, header: str) -> list[Any]:
    """What a part says of one header, by every question that is put to parts."""
    parameters = [part.get_param(name, "", header) for name in ("charset", "BOUNDARY", "name", "filename", "format")]
    quoted = part.get_param("charset", None, header, unquote=False)
    values = part.get(header, "-"), part.get_all(header, []), part.get_content_type(), part.get_content_maintype()
    boundary = str(
        part.get_boundary("")
    ).rstrip()  # ours keeps the spaces of a quoted one, by which its parts are found
    return [*parameters, quoted, *values, boundary, part.get_content_charset()]


def assert_same_tree(raw: bytes) -> None:
    assert attempt(parse_tree, raw) == attempt(lambda raw: email.message_from_bytes(raw, policy=RAW), raw)


def attempt(parse: Callable[[bytes], Part], raw: bytes) -> object:
    """The shape of the tree, or the kind of error that asking its parts raises."""
    try:
        return shape(parse(raw))
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("path", EMAILS, ids=lambda path: path.stem)
def test_every_example_gives_the_standard_tree(path: Path) -> None:
    raw = path.read_bytes()
    for version in (raw, raw.replace(b"\r\n", b"\n"), raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
        assert_same_tree(version)
        for cut in range(1, len(version), max(1, len(version) // 15)):
            assert_same_tree(version[:cut])
            assert_same_tree(version[: cut - 1] + version[cut:])


def test_every_mail_at_hand_gives_the_standard_tree() -> None:
    paths = [path for path in Path(MORE_MAILS).rglob("*") if path.is_file()] if MORE_MAILS else EMAILS
    quick = 0
    for path in paths:
        raw = path.read_bytes()
        for version in (raw, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
            _, bounded, _ = mail_limits.bound_mail(version)
            assert_same_tree(bounded)
        quick += isinstance(parse_tree(bounded), QuickPart)
    print(f"{quick} of {len(paths)} mails were read quickly")
    assert quick


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_order_of_lines_gives_the_standard_tree(pieces: list[bytes]) -> None:
    assert_same_tree(b"".join(pieces))


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "text/plain",
                "MULTIPART/Mixed",
                "text",
                ";",
                "; ",
                ";\r\n ",
                "charset",
                "Charset=utf-8",
                "charset*=utf-8''%EA",
                "boundary=b",
                'boundary="b-2"',
                'name="a;b"',
                'name="a\\"b"',
                'filename="<a b>.pdf"',
                "filename=<a>",
                "filename*0=x",
                'filename=""',
                "format=flowed",
                "name=\udcea",
                "=",
                " ",
                '"',
                "'",
                "(comment)",
            ]
        ),
        max_size=10,
    )
)
def test_parameters_read_as_the_standard_parser_reads_them(pieces: list[str]) -> None:
    value = "".join(pieces).encode("ascii", "surrogateescape")
    assert_same_tree(b"Content-Type: " + value + b"\r\nContent-Disposition:" + value + b"\r\n\r\ntext")
    assert_same_tree(b"Content-Type: text/html; " + value + b"\nContent-Type: a/b\n\ntext")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"\r\n--b",
                b"\n",
                b"Content-Type: a/b",
                b"content-disposition:",
                b"CONTENT-TYPE: multipart/mixed",
                b"; x=y" * 150,
                b"; x=y" * 250,
                b"\n ",
                b"x" * 5000,
                b"x" * 9000,
                b"--",
            ]
        ),
        max_size=12,
    )
)
def test_what_looks_modest_is_cut_nowhere(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert mail_limits._is_modest(data) == mail_limits._is_modest_by_count(data)
    if mail_limits._is_modest(data):
        for field in mail_limits._PARAMETERS.finditer(b"\n" + data):
            assert len(field[0]) <= mail_limits._MAX_PARAMETER_BYTES
            assert field[0].count(b";") <= mail_limits._MAX_PARAMETERS


@pytest.mark.parametrize("delimiter", [b"\n--b\r\n", b"\r--b", b"\r\nCONTENT-type: MultiPart/mixed\r\n"])
def test_a_flood_of_parts_is_not_modest(delimiter: bytes) -> None:
    assert not mail_limits._is_modest(delimiter * (mail_limits._MAX_DELIMITERS + 1))
    assert mail_limits._is_modest(delimiter * 50)
