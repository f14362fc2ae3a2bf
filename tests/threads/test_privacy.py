"""What of a recruiter's mail must not reach the candidate (SJ-13, GW-7); the gate after the ATS's stages (SJ-15)."""

from __future__ import annotations

import time

import pytest

from gateway.threads.model import ThreadState
from gateway.threads.policies.privacy import hide_private, is_private_file, mask_links
from gateway.threads.policies.rejection import state_after_stage

PRIVATE = {
    "addresses": ["minho@moalabs.example", ""],
    "reply_domain": "reply.moalabs.example",
    "public_url": "https://jobs.moalabs.example",
}
TOKEN = "r+" + "a" * 52


@pytest.mark.parametrize(
    "line",
    [
        "제 주소는minho@moalabs.example로 보내주세요",
        "write to _minho@moalabs.example_ please",
        "that is me...minho@moalabs.example as ever",
        "write to\u200b minho\u200b@moalabs.example please",
        "write to minho＠moalabs.example please",
        "see https://safe.example/?to=x%253Aminho%2540moalabs.example please",
        "see jobs.moalabs.example/desk/t/1 please",
        f"답장은{TOKEN}@reply.moalabs.example로 주세요",
        f"answer to {TOKEN}@ reply.moalabs.example please",
    ],
)
def test_a_private_address_is_found_whatever_touches_it(line: str) -> None:
    """SJ-13, GW-7: Korean sets no blank before or after an address; plain text made of HTML sets marks around it."""
    hidden = hide_private(f"a\n{line}\nb", **PRIVATE)  # type: ignore[arg-type]
    assert "•••" in hidden
    assert not any(secret in hidden for secret in ("minho", "desk/t", TOKEN))


@pytest.mark.parametrize("line", ["x-minho@moalabs.example", "seeminho@moalabs.example", "5 @ 3 a@b.example", "a%40b"])
def test_other_addresses_stay(line: str) -> None:
    assert hide_private(line, **PRIVATE) == line  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content_type", "content", "private"),
    [
        ("application/octet-stream", b"BEGIN:VCARD\r\nEMAIL:minho@moalabs.example\r\n", True),
        ("text/plain", "minho@moalabs.example".encode("utf-16"), True),
        ("application/octet-stream", b"a plan", False),
        ("application/pdf", b"%PDF \xff\xfe\x00", False),
    ],
)
def test_a_file_that_names_its_sender_is_private_whatever_its_type(
    content_type: str, content: bytes, *, private: bool
) -> None:
    """GW-7: clients send cards as application/octet-stream, and Windows writes UTF-16."""
    assert is_private_file(content_type, content, **PRIVATE) is private  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", ["%40", "a", ".", "r+a", "http://"])
def test_a_large_file_is_searched_in_bounded_time(piece: str) -> None:
    began = time.perf_counter()
    is_private_file("text/plain", (piece * 100_000).encode(), **PRIVATE)  # type: ignore[arg-type]
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("stage", ["archived", "talent pool", "application"])
def test_only_restored_opens_a_closed_gate(stage: str) -> None:
    """SJ-15: an ATS that files a rejected applicant elsewhere has not restored them."""
    assert state_after_stage(ThreadState.BLOCKED, stage) is ThreadState.BLOCKED
    assert state_after_stage(ThreadState.OPEN, stage) is ThreadState.OPEN
    assert state_after_stage(ThreadState.BLOCKED, "restored") is ThreadState.OPEN


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"see https://jobs.moa.example/c/{'a2' * 26}#latest", "see https://jobs.moa.example/c/•••#latest"),
        (
            f'<a href="https://jobs.moa.example/c/{"a2" * 26}/files/01k/x.pdf">',
            '<a href="https://jobs.moa.example/c/•••/files/01k/x.pdf">',
        ),
        (f"여기 http://g.test/c/{'a2' * 26}에서 읽으세요", "여기 http://g.test/c/•••에서 읽으세요"),
        (f"<http://g.test/u/{'a2' * 26}>", "<http://g.test/u/•••>"),
        (f"http://g.test/c/confirm/{'aB-_' * 10}xyz", "http://g.test/c/confirm/•••"),
        (f"http://g.test/sign-in/link/{'aB-_' * 10}xyz", "http://g.test/sign-in/link/•••"),
        (
            f"https://safe.example/?url=https%3A%2F%2Fg.test%2Fc%2F{'A2' * 26}%23m1",
            "https://safe.example/?url=https%3A%2F%2Fg.test%2Fc%2F•••%23m1",
        ),
        (
            "http://g.test/c/lost and http://g.test/desk/t/01kabc",
            "http://g.test/c/lost and http://g.test/desk/t/01kabc",
        ),
    ],
)
def test_a_personal_link_is_masked_and_still_seen_to_be_one(text: str, masked: str) -> None:
    assert mask_links(text) == masked
