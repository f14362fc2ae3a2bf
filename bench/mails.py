"""In charge of: the mails that are sent, each different, the same bytes for every server.

Not in charge of: sending them.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

PDF_OCTETS = 143_000
DATE = "Mon, 23 Nov 2026 09:00:00 +0900"

_SENTENCES = (
    "안녕하세요, 면접 제안 감사합니다.",
    "말씀하신 일정 가운데 화요일 오후 두 시가 가장 좋습니다.",
    "화상으로 진행해 주시면 이동 시간을 줄일 수 있어 더 편할 것 같습니다.",
    "포트폴리오의 두 번째 과제에 대해 자세히 설명드릴 수 있도록 준비하겠습니다.",
    "혹시 면접에 들어오시는 분들이 누구신지 미리 알 수 있을까요?",
    "연봉과 입사 가능일에 대해서도 그때 함께 이야기 나누면 좋겠습니다.",
    "지난주에 보내 드린 추천서는 잘 받으셨는지 궁금합니다.",
    "필요한 서류가 더 있으면 언제든지 편하게 말씀해 주세요.",
)
_QUOTED = (
    "지우 님, 안녕하세요. 포트폴리오 잘 보았습니다. 2차 면접을 제안드리고 싶습니다.",
    "24일 화요일 오후 2시와 4시 중 언제가 편하신가요?",
    "면접은 성수동 사무실과 화상 중 선택하실 수 있습니다.",
    "면접관은 디자인 팀장과 프로덕트 매니저이며, 약 한 시간 정도 진행될 예정입니다.",
)


@dataclass(frozen=True, slots=True)
class Author:
    """An applicant as the load generator knows them."""

    name: str
    email: str
    reply_address: str
    thread_id: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: `wire` is what follows DATA, final dot included. `file_digest`: SHA-256 of its file, "" if none."""

    message_id: str
    mail_from: str
    rcpt_to: str
    thread_id: str
    wire: bytes
    file_digest: str


def make_small(authors: Sequence[Author], *, count: int, label: str) -> list[Mail]:
    """Replies of about 4 kB: multipart/alternative, Korean, the company's message quoted. `label` makes them unique."""
    return [_make_mail(authors[n % len(authors)], label=label, number=n, octets=0) for n in range(count)]


def make_large(authors: Sequence[Author], *, count: int, label: str) -> list[Mail]:
    """The same with a file of 143 kB that looks like a PDF: about 200 kB on the wire."""
    return [_make_mail(authors[n % len(authors)], label=label, number=n, octets=PDF_OCTETS) for n in range(count)]


def _make_mail(author: Author, *, label: str, number: int, octets: int) -> Mail:
    chance = random.Random(f"{label}:{number}")
    message_id = f"{label}.{number}@mail.example"
    head = _header(author, message_id=message_id)
    body = _alternative(chance, boundary=f"alt-{label}-{number}")
    digest = ""
    if octets:
        file = b"%PDF-1.7\n" + chance.randbytes(octets - 15) + b"\n%%EOF"
        digest = hashlib.sha256(file).hexdigest()
        body = _with_file(body, file, boundary=f"mix-{label}-{number}")
    wire = (head + body).encode("ascii") + b".\r\n"
    return Mail(message_id, author.email, author.reply_address, author.thread_id, wire, digest)


def _header(author: Author, *, message_id: str) -> str:
    subject = base64.b64encode("Re: 2차 면접 제안드립니다".encode()).decode()
    name = base64.b64encode(author.name.encode()).decode()
    lines = (
        f"Message-ID: <{message_id}>",
        f"Date: {DATE}",
        f"From: =?UTF-8?B?{name}?= <{author.email}>",
        f'To: "Moa Labs" <{author.reply_address}>',
        f"Subject: =?UTF-8?B?{subject}?=",
        "MIME-Version: 1.0",
        "X-Mailer: Bench 1.0",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _alternative(chance: random.Random, *, boundary: str) -> str:
    said = [*chance.sample(_SENTENCES, 7), f"확인 번호는 {chance.getrandbits(64):016x} 입니다."]
    intro = "2026년 11월 20일 (금) 오후 3:12, Moa Labs <moalabs@reply.example.test>님이 작성:"
    plain = "\n".join([*said, "", "감사합니다.", "한지우 드림", "", intro, *(f"> {q}" for q in _QUOTED), ""])
    html = (
        '<div dir="ltr">'
        + "".join(f"<div>{s}</div>" for s in said)
        + "<div><br></div><div>감사합니다.</div><div>한지우 드림</div></div><br>"
        + f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{intro}<br></div>'
        + '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204)">'
        + "".join(f"<p>{q}</p>" for q in _QUOTED)
        + "</blockquote></div>\n"
    )
    parts = "".join(
        f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{_base64(text.encode())}"
        for kind, text in (("plain", plain), ("html", html))
    )
    return f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n{parts}--{boundary}--\r\n'


def _with_file(body: str, file: bytes, *, boundary: str) -> str:
    return (
        f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n--{boundary}\r\n{body}'
        f'--{boundary}\r\nContent-Type: application/pdf; name="portfolio.pdf"\r\n'
        'Content-Disposition: attachment; filename="portfolio.pdf"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{_base64(file)}--{boundary}--\r\n"
    )


def _base64(data: bytes) -> str:
    return base64.encodebytes(data).decode("ascii").replace("\n", "\r\n")
