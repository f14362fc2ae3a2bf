"""The upstream's verdict, and everything that only looks like it (forged Authentication-Results)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.authresults import read_headers, read_verdict, split_head
from gateway.threads.incoming import Proof

ME = "mx.upstream.example"
PASS = "dmarc=pass header.from=post.example"
FAIL = "dmarc=fail header.from=post.example"


def read(*values: str) -> Proof | None:
    raw = "".join(f"Authentication-Results: {value}\r\n" for value in values) + "From: jana@post.example\r\n"
    verdict = read_verdict(raw.encode(), authserv_id=ME)
    return verdict.proof if verdict else None


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (PASS, Proof.ALIGNED),
        ("DMARC=Pass Header.From=POST.example", Proof.ALIGNED),
        ("spf=pass smtp.mailfrom=post.example; dkim=pass header.d=post.example;\r\n\t" + PASS, Proof.ALIGNED),
        ("dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=post.example", Proof.ALIGNED),
        ("dmarc = pass action=none header.from=post.example;compauth=pass reason=100", Proof.ALIGNED),
        ("dmarc=pass (a (nested \\) one) comment; dmarc=fail) header.from=post.example", Proof.ALIGNED),
        (FAIL, Proof.FAIL),
        ("dmarc=fail (p=NONE dis=NONE) header.from=post.example", Proof.FAIL),
        ("dmarc=temperror header.from=post.example", Proof.TEMPERROR),
        ("dmarc=permerror header.from=post.example", Proof.NONE),
        ("dmarc=passed header.from=post.example", Proof.NONE),
        ("dmarc=none header.from=post.example", Proof.NONE),
        ("dmarc=none header.from=post.example; spf=pass smtp.mailfrom=b@post.example", Proof.UNPROTECTED),
        ("dmarc=none header.from=post.example; dkim=pass header.d=mail.post.example", Proof.UNPROTECTED),
        ("dmarc=none header.from=post.example; dkim=fail header.d=post.example", Proof.NONE),
        ("dmarc=none header.from=post.example; dkim=pass header.d=evil.example", Proof.NONE),
        ("dmarc=none header.from=post.example; spf=pass smtp.helo=post.example", Proof.NONE),
        (f"{PASS}; {PASS}", Proof.NONE),
        (f"{PASS}; {FAIL}", Proof.NONE),
        ("dmarc=pass header.from=post.example header.from=evil.example", Proof.NONE),
        ("dmarc=pass", Proof.NONE),
        ("dmarc=pass smtp.from=post.example", Proof.NONE),
        ("dmarc=pass header.from=[192.0.2.1]", None),
        ("none", None),
        ("spf=pass smtp.mailfrom=post.example", None),
        ("x-dmarc=pass header.from=post.example", None),
        ("(dmarc=pass header.from=post.example)", None),
        ("", None),
    ],
)
def test_what_the_upstream_found(results: str, expected: Proof | None) -> None:
    """Reliability 46."""
    assert read(f"{ME}; {results}") is expected


@pytest.mark.parametrize(
    ("server", "counts"),
    [
        (ME, True),
        (ME.upper(), True),
        (f"{ME} 1", True),
        (f"(comment) {ME} (comment)", True),
        (f"\r\n {ME}", True),
        (f"{ME} 2", False),
        (f"{ME}/1", False),
        (f"{ME}.evil.example", False),
        (f"evil.{ME}", False),
        (f"({ME}) evil.example", False),
        (f"evil.example ({ME})", False),
        (f"evil.example {ME}", False),
        (f"evil.example; x=y; {ME}", False),
        (f"{ME} evil.example", False),
        (f"<{ME}>", False),
        (f"=?utf-8?q?{ME}?=", False),
        (f"{ME}\x00", False),
        (f"{ME}\r", False),
        ("mx.upstreаm.example", False),  # a Cyrillic letter
        ("", False),
    ],
)
def test_only_the_very_name_of_the_upstream_counts(server: str, counts: bool) -> None:
    """Reliability 46."""
    assert (read(f"{server}; {PASS}") is Proof.ALIGNED) is counts


def test_only_the_topmost_header_counts() -> None:
    """Reliability 46."""
    assert read(f"{ME}; {FAIL}", f"{ME}; {PASS}") is Proof.FAIL
    assert read(f"other.example; {FAIL}", f"{ME}; {PASS}") is None
    assert read(f"{ME}; none", f"{ME}; {PASS}") is None


@pytest.mark.parametrize("name", ["authentication-results", "AUTHENTICATION-RESULTS"])
def test_the_header_name_has_no_case(name: str) -> None:
    verdict = read_verdict(f"{name}: {ME}; {PASS}\n".encode(), authserv_id=ME.upper())
    assert verdict is not None
    assert (verdict.proof, verdict.domain) == (Proof.ALIGNED, "post.example")


@pytest.mark.parametrize(
    "raw",
    [
        f"X-Authentication-Results: {ME}; {PASS}\r\n",
        f"ARC-Authentication-Results: i=1; {ME}; {PASS}\r\n",
        f"Subject: x\r\n Authentication-Results: {ME}; {PASS}\r\n",
        f"From: a@b.example\r\n\r\nAuthentication-Results: {ME}; {PASS}\r\n",
        f"\r\nAuthentication-Results: {ME}; {PASS}\r\n",
        f"Subject: x\rAuthentication-Results: {ME}; {PASS}\r\n",
        f"Authentication-Results: {ME}; {'(' * 5_000}{PASS}\r\n",
        f"Authentication-Results: {ME}; {PASS}{' ' * 20_000}x\r\n",
    ],
)
def test_other_places_do_not_count(raw: str) -> None:
    assert read_verdict(raw.encode(), authserv_id=ME) is None


def test_without_a_configured_name_nothing_counts() -> None:
    assert read_verdict(f"Authentication-Results: ; {PASS}\r\n".encode(), authserv_id="") is None


@given(st.binary(max_size=400), st.text(max_size=20))
def test_never_raises_and_never_believes_noise(noise: bytes, name: str) -> None:
    assert read_verdict(noise, authserv_id=name) is None
    verdict = read_verdict(f"Authentication-Results: {ME}; ".encode() + noise, authserv_id=ME)
    assert verdict is None or verdict.proof is not Proof.ALIGNED or b"pass" in noise.lower()


@given(st.binary(max_size=300))
def test_no_byte_of_a_mail_is_lost_by_splitting(raw: bytes) -> None:
    head, body = split_head(raw)
    assert raw.startswith(head)
    assert raw.endswith(body)
    assert raw[len(head) : len(raw) - len(body)] in (b"", b"\n", b"\r\n")
    assert list(read_headers(head)) is not None
