"""The virus scanner's protocol, and that whatever is not a plain answer fails closed (GW-10)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clamd_kit import EICAR, FakeClamd, run_clamd

from gateway.errors import SettingsError
from gateway.inbound.scanner import CHUNK, Clamd
from gateway.threads.incoming import Scan, ScanResult


@pytest.fixture
def clamd() -> Iterator[FakeClamd]:
    with run_clamd() as clamd:
        yield clamd


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK * 2 + 7])
def test_clean_bytes_arrive_whole(clamd: FakeClamd, size: int) -> None:
    content = b"x" * size
    assert Clamd(clamd.url)(content) == ScanResult(Scan.CLEAN)
    assert clamd.seen == [content]


def test_a_find_is_named(clamd: FakeClamd) -> None:
    assert Clamd(clamd.url)(b"Subject: x\r\n\r\n" + EICAR) == ScanResult(Scan.INFECTED, "Eicar-Test-Signature")


def test_a_socket_file_will_do(tmp_path: Path) -> None:
    with run_clamd(str(tmp_path / "clamd.ctl")) as clamd:
        assert Clamd(clamd.url)(b"hello").scan is Scan.CLEAN


@pytest.mark.parametrize(
    ("mode", "said"), [("garbage", "OK"), ("close", "nothing"), ("error", "Can't allocate memory")]
)
def test_an_odd_answer_is_no_answer(clamd: FakeClamd, mode: str, said: str) -> None:
    clamd.mode = mode
    result = Clamd(clamd.url)(b"hello")
    assert result.scan is Scan.FAILED
    assert said in result.detail


def test_too_big_for_the_scanner_is_not_scanned(clamd: FakeClamd) -> None:
    clamd.limit = 1000
    result = Clamd(clamd.url)(b"x" * 10_000_000)
    assert result.scan is Scan.FAILED


def test_silence_ends_in_time(clamd: FakeClamd) -> None:
    clamd.mode = "hang"
    assert Clamd(clamd.url, seconds=0.3)(b"hello") == ScanResult(
        Scan.FAILED, "the virus scanner did not answer in time"
    )


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    assert Clamd(f"unix://{tmp_path}/nobody")(b"hello").scan is Scan.FAILED


@pytest.mark.parametrize("url", ["clamd:3310", "http://x:1", "unix:", "tcp://"])
def test_a_wrong_address_is_named_at_start(url: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_CLAMD_URL"):
        Clamd(url)
