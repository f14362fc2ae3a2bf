"""Which files are dangerous, how many are taken, what a scan means (GW-10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.decisions import Reason, Verdict
from gateway.threads.incoming import IncomingAttachment, Scan, ScanResult
from gateway.threads.policies.attachments import Danger, check_scan, judge_file, judge_mail_file, split_files

EXE = "application/vnd.microsoft.portable-executable"


@pytest.mark.parametrize(
    ("name", "declared", "found", "expected"),
    [
        ("cv.pdf", "application/pdf", "application/pdf", None),
        ("cv.pdf", "application/pdf", EXE, Danger.PROGRAM),
        ("cv.pdf.EXE", "application/pdf", "", Danger.PROGRAM),
        ("cv.exe. ", "application/pdf", "", Danger.PROGRAM),
        ("cv.lnk", "", "", Danger.PROGRAM),
        ("이력서.scr", "", "", Danger.PROGRAM),
        ("photo.jpg", "image/jpeg", "text/html", Danger.DISGUISED),
        ("photo.png", "image/png", "image/svg+xml", Danger.DISGUISED),
        ("portfolio.html", "text/html", "text/html", None),  # says what it is, and is only ever saved
        ("drawing.svg", "image/svg+xml", "image/svg+xml", None),
        ("cv.docm", "", "application/zip", Danger.MACROS),
        ("cv.docx", "", "application/vnd.ms-office.vbaproject", Danger.MACROS),
        ("cv.pdf", "application/pdf", "application/zip", Danger.DISGUISED),
        ("photo.jpg", "image/jpeg", "application/pdf", Danger.DISGUISED),
        ("photo.jpg", "image/jpeg", "image/png", None),  # renamed, and harmless
        ("cv.docx", "", "application/zip", None),
        ("cv.docx", "", "application/x-ole-storage", None),  # with a password
        ("이력서.hwp", "", "application/x-ole-storage", None),
        ("work.zip", "application/zip", "application/zip", None),  # archives are the scanner's work
        ("notes.txt", "text/plain", "", None),
        ("", "application/octet-stream", "", None),
        ("exe", "application/octet-stream", "", None),  # a name without an ending
    ],
)
def test_what_is_dangerous(name: str, declared: str, found: str, expected: Danger | None) -> None:
    """Reliability 38."""
    assert judge_file(name, declared, found) is expected


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_every_file_gets_an_answer(name: str, declared: str, found: str) -> None:
    assert judge_file(name, declared, found) in (None, *Danger)
    assert judge_file(f"{name}.exe", declared, found) is Danger.PROGRAM


@pytest.mark.parametrize(
    ("scan", "reason", "danger"),
    [
        (Scan.NOT_ASKED, Reason.OK, None),
        (Scan.CLEAN, Reason.OK, None),
        (Scan.INFECTED, Reason.INFECTED, Danger.INFECTED),
        (Scan.FAILED, Reason.NOT_SCANNED, Danger.NOT_SCANNED),
    ],
)
def test_the_scanner_fails_closed(scan: Scan, reason: Reason, danger: Danger | None) -> None:
    result = ScanResult(scan, "why")
    decision = check_scan(result)
    assert decision.reason is reason
    assert decision.verdict is (Verdict.ALLOW if reason is Reason.OK else Verdict.HOLD)
    assert judge_mail_file(IncomingAttachment("a.txt", "text/plain", "", b"x"), result) is danger


def test_too_many_and_too_big_files_are_left_in_the_raw_mail() -> None:
    files = [IncomingAttachment(f"{n}.txt", "text/plain", "", b"x" * n) for n in range(6)]
    taken, left = split_files(files, most=3, most_bytes=3)
    assert [f.filename for f in taken] == ["0.txt", "1.txt", "2.txt"]
    assert [f.filename for f in left] == ["3.txt", "4.txt", "5.txt"]
    assert split_files(files, most=9, most_bytes=3)[1] == files[4:]
