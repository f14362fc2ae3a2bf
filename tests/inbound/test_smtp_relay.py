"""In charge of: nothing is relayed, whatever shape the address has. Not in charge of: which tokens are good.

Requirement GW-4 rests on it: only addresses that we issued reach a thread.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_kit import ISSUED, OURS, Books, Peer, serving

from gateway.inbound.smtp_paths import judge_recipient, split_path

LOCAL = ISSUED.partition("@")[0]
SENDERS = ["", "a@other.test", f"a@{OURS}", ISSUED, f"postmaster@{OURS}", "a@[127.0.0.1]"]
OTHERS = [
    "user@other.test", f"user%other.test@{OURS}", f'"user@other.test"@{OURS}', f'"user%other.test"@{OURS}',
    f"user@other.test@{OURS}", '"user@other.test"', "user%other.test", "other.test!user", f"other.test!user@{OURS}",
    f"@{OURS}:user@other.test", "@a,@b:user@other.test", f"@{OURS}:{ISSUED}", "user@[192.0.2.1]", "user@[127.0.0.1]",
    f"{LOCAL}@[127.0.0.1]", ISSUED + ".", ISSUED + " ", ISSUED + "\t", " " + ISSUED, f"{ISSUED}%00.other.test",
    f"{ISSUED} other.test", "", f'"{LOCAL}"@{OURS}', f"{LOCAL}(x)@{OURS}", f"{LOCAL}@{OURS}@{OURS}", LOCAL,
    f"{LOCAL}@ours.test", f"x{ISSUED}", f"{ISSUED}x", f"{ISSUED}\0", f"=?utf-8?q?{LOCAL}=40x?=@{OURS}",
    f"{LOCAL}\uff20{OURS}", f"{LOCAL}@reply\u2025ours.test", "pos\u0442master", f"<{ISSUED}>", "postmaster@other.test",
]  # fmt: skip
GOOD = [ISSUED, ISSUED.upper(), f"{LOCAL}@{OURS.upper()}", "postmaster", "Postmaster", f"postmaster@{OURS}"]


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with serving() as front, front.peer() as peer:
        yield peer


@pytest.mark.parametrize("sender", SENDERS)
def test_only_issued_addresses_are_taken(peer: Peer, sender: str) -> None:
    """Reliability 21: every form of relaying, by every kind of sender."""
    assert peer.say("RSET").startswith("250")
    assert peer.say(f"MAIL FROM:<{sender}>").startswith("250")
    for address in GOOD:
        assert peer.say(f"RCPT TO:<{address}>").startswith("250 2.1.5"), address
    for address in OTHERS:
        reply = peer.say(f"RCPT TO:<{address}>")
        assert reply[:3] in ("500", "501", "550"), (address, reply)


@pytest.mark.parametrize("address", [a for a in OTHERS if "other.test" in a and not set(a) & set(" \t\0")])
def test_elsewhere_is_called_relaying_where_its_shape_tells(peer: Peer, address: str) -> None:
    peer.say("RSET")
    peer.say("MAIL FROM:<>")
    reply = peer.say(f"RCPT TO:<{address}>")
    assert reply.startswith("550 5.7.1" if set(address) & set('%!"') or address[0] == "@" else "550 5."), reply


def test_check_sees_the_address_as_written_and_postmaster_plain() -> None:
    books = Books()
    with serving(books) as front, front.peer() as peer:
        peer.begin(ISSUED.upper(), "PostMaster")
    assert books.asked == [ISSUED.upper(), "postmaster"]


def test_unknown_looks_the_same_whatever_it_is(front_replies: set[str]) -> None:
    assert len(front_replies) == 1


@pytest.fixture
def front_replies() -> Iterator[set[str]]:
    with serving() as front, front.peer() as peer:
        peer.say("MAIL FROM:<>")
        yield {peer.say(f"RCPT TO:<{a}>") for a in (f"reply+gone@{OURS}", f"never@{OURS}", "user@other.test")}


@settings(max_examples=300)
@given(st.text(st.sampled_from('ab.@%!:,"\\[]<>+- \u212a\0\r'), max_size=30))
def test_what_passes_the_shape_test_is_plain(path: str) -> None:
    """Reliability 22."""
    if judge_recipient(path) is None and path != "postmaster":
        local, at, domain = path.partition("@")
        assert local
        assert at
        assert domain
        assert path.isascii()
        assert not set(path) & set('%!"[]<>:, \\\0\r')
        assert path.count("@") == 1
        assert not domain.endswith(".")
        assert split_path(f"TO:<{path}>", "TO:") == (path, "")
