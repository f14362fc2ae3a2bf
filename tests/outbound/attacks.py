"""What an attacker may write into a name, subject, address or text, and what the mail must look like all the same."""

from __future__ import annotations

import email
import email.utils
import re

from hypothesis import strategies as st

EXPECTED = ["Date", "From", "To", "Reply-To", "Subject", "Message-ID", "Content-Language", "X-Gateway-Origin"]
MIME = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
NASTY = st.text(
    st.one_of(
        st.sampled_from(list("\r\n\x00\x0b\x0c\x1c\x85\u2028\u2029\u202e:<>,;\"'\\@()=?. ")),
        st.sampled_from(list("Bcc한지우ěřåя😀")),
        st.characters(codec="utf-8"),
    ),
    max_size=120,
)
ATTACKS = st.sampled_from(
    [
        "x\r\nBcc: victim@example.org",
        "x\nBcc: victim@example.org",
        "x\rBcc: victim@example.org",
        "x\u2028Bcc: victim@example.org",
        "=?utf-8?q?x=0D=0ABcc:_victim@example.org?=",
        "=?utf-8?b?eA0KQmNjOiB2aWN0aW1AZXhhbXBsZS5vcmc=?=",
        'a" <victim@example.org>, "b',
        "x\r\n\r\nbody",
        "\r\n.\r\nMAIL FROM:<a@b>\r\n",
        "a" * 2000,
        "가" * 500,
        "\x00\x01",
        "a\ud800b",
    ]
)
WORDS = NASTY | ATTACKS


def assert_only_one_mail_to_one_person(raw: bytes, extra: set[str] = frozenset()) -> None:
    """What a receiver would see: exactly the fields we mean, on lines that every server takes."""
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    head = raw.split(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.split(b":")[0].decode() for line in head if line[:1] not in b" \t"]
    assert set(names) - MIME - extra == set(EXPECTED)
    assert len(names) == len(set(names))
    mail = email.message_from_bytes(raw)
    assert [address for _, address in email.utils.getaddresses([mail["To"]])] == ["jiwoo@naver.example"]
    assert "victim" not in str(mail.get("Bcc", "")) + str(mail.get("Cc", ""))
