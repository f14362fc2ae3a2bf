"""What must hold for any bytes on the way raw → entry, and how bytes are made odd: for the suite and for `make fuzz`.

The structure of mail is known to the mutator (parts, headers, encodings), because blind changes of bytes rarely get
past the first header.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

from gateway.inbound.reading import read_mail
from gateway.threads.incoming import ReadMail

TESTS = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "corpus"  # small mails that once broke something, or reach code that others do not
SECONDS_PER_BLOCK = 1.0
BLOCK = 64 * 1024
_FAULTS = ("unreadable:", "a part could not be read:", "reply not split:", "html not shown:")

PIECES: Sequence[bytes] = (
    b"\0",
    b"\r\n\r\n",
    b"\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"\xff\xfe",
    b"\xa4\xa1\xc7\xd1",
    b"\x1b$)C\x0e",
    b"\x1b$B",
    b"\x1b(B",
    b"+AGE-",
    b"=?utf-8?b?",
    b"=?euc-kr?Q?=B0?=",
    b"?=",
    b"\r\nContent-Type: multipart/mixed; boundary=b\r\n",
    b"\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
    b"\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n",
    b"\r\nContent-Type: message/delivery-status\r\n\r\n",
    b"\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n",
    b"\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: manual-action/x; displayed\r\n",
    b"\r\nContent-Type: message/rfc822\r\n\r\n",
    b"\r\nContent-Type: text/html\r\n\r\n<div><blockquote>",
    b"\r\nContent-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n",
    b"DTSTART;TZID=Asia/Seoul:20261203T100000\r\n",
    b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example\r\n",
    b"END:VEVENT\r\nEND:VCALENDAR\r\n",
    b"\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+I",
    b"\r\nContent-Transfer-Encoding: base64\r\n",
    b"\r\nContent-Transfer-Encoding: quoted-printable\r\n",
    b"\r\nContent-Transfer-Encoding: x-uuencode\r\n",
    b"\r\nContent-Disposition: attachment; filename*0*=utf-8''%ff; filename*1=x\r\n",
    b"begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n",
    b"\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
    b"\r\nOn Mon, 1 Jan 2026 at 10:00 A <a@b.example> wrote:\r\n> ",
    b"\r\nFrom: =?utf-8?q?a?= <a@b.example>, (c\r\n",
    b"<table><tr><td style='display:none'>",
    b"&#x1F600;&nbsp",
)


def find_seeds() -> list[bytes]:
    """The suite's own mails and the kept corpus, and those in GATEWAY_CORPORA if it is set; none over 64 KiB."""
    files = [*TESTS.glob("emails/**/*.eml"), *CORPUS.glob("*")]
    if corpora := os.environ.get("GATEWAY_CORPORA"):
        files += [f for f in Path(corpora).rglob("*") if f.suffix in (".eml", ".msg")]
    return [f.read_bytes() for f in sorted(files) if f.is_file() and f.stat().st_size <= BLOCK]


def check_mail(raw: bytes, *, twice: bool = False) -> ReadMail:
    """Read a mail and raise AssertionError if anything that must hold of every mail does not hold."""
    started = time.process_time()
    read = read_mail(raw)
    took = time.process_time() - started
    allowed = SECONDS_PER_BLOCK * max(1.0, len(raw) / BLOCK)
    assert took <= allowed, f"{len(raw)} bytes took {took:.2f} s"
    mail = read.mail
    faults = [d for d in mail.defects if d.startswith(_FAULTS)]
    assert not faults, faults
    split = read.split
    shown = [mail.subject, mail.text, mail.html, read.html, split.reply, split.folded, split.signature, *mail.defects]
    shown += [text for header in mail.headers for text in header]
    shown += [text for a in mail.attachments for text in (a.filename, a.content_type, a.content_id)]
    for text in shown:
        text.encode()
        assert "\0" not in text
    assert len(mail.headers) <= 500
    assert len(mail.attachments) <= 1000
    assert all(a.content and "/" not in a.filename for a in mail.attachments)
    if twice:
        assert read_mail(raw) == read
    return read


def mutate(raw: bytes, others: Sequence[bytes], chance: random.Random, *, most: int = BLOCK) -> bytes:
    """The mail with a few changes: pieces of mail put in, lines moved or repeated, parts of another mail, odd bytes."""
    changed = bytearray(raw or b"\n")
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(9):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[at : at + chance.choice((1, 5, 40, 400))]
            case 2 | 3:
                changed[at:at] = chance.choice(PIECES)
            case 4:
                _move_lines(changed, chance)
            case 5:
                slice_ = bytes(changed[at : at + chance.choice((1, 2, 10, 60, 300))])
                changed[at:at] = (slice_ * chance.choice((2, 20, 500)))[: most // 2]
            case 6:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                changed[at:at] = other[start : start + chance.choice((20, 200, 2000))]
            case 7:
                start = max(0, bytes(changed).find(chance.choice((b":", b"=", b";", b"\r\n", b'"', b"<")), at))
                changed[start : start + 1] = chance.choice((b"", b"\r\n ", b"::", b'"', b"=\r\n", b"<<"))
            case _:
                changed = bytearray(bytes(changed).replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\n\r\n")), 3))
        changed = changed[:most] or bytearray(b"\n")
    return bytes(changed)


def _move_lines(data: bytearray, chance: random.Random) -> None:
    lines = bytes(data).split(b"\n")
    start = chance.randrange(len(lines))
    some = lines[start : start + chance.choice((1, 1, 3, 10))]
    del lines[start : start + len(some)]
    at = chance.randrange(len(lines) + 1)
    lines[at:at] = some if chance.random() < 0.6 else some * 2
    data[:] = b"\n".join(lines)
