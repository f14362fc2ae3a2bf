"""What mail systems report: Postfix's bounces, delays and receipts, and a reader's receipt (GW-5, seeds §6.2)."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest

from real.gateway import Gateway
from real.mail import read
from real.network import Post
from real.programs import wait_for

# A reading receipt as mail programs send it (RFC 8098).
RECEIPT = """\
From: receipt@mail.example\r
To: {to}\r
Subject: =?UTF-8?Q?Read=3A_Moa_Labs?=\r
Date: Mon, 23 Nov 2026 09:00:00 +0900\r
Message-ID: <receipt-1@mail.example>\r
References: <{original}>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
\r
Your message was displayed.\r
--b\r
Content-Type: message/disposition-notification\r
\r
Reporting-UA: laptop.example; Thunderbird\r
Final-Recipient: rfc822;receipt@mail.example\r
Original-Message-ID: <{original}>\r
Disposition: manual-action/MDN-sent-manually; displayed\r
\r
--b--\r
"""


def post_to(gateway: Gateway, key: str, email: str) -> tuple[str, Any]:
    """A message to a new applicant: its thread and its one delivery."""
    thread = gateway.add_applicant(key, email)["thread_id"]
    return thread, gateway.post(thread, "When could you come?")["deliveries"][0]


@pytest.mark.parametrize(("key", "email"), [("ghost", "ghost@mail.example"), ("ghost-utf8", "없는사람@mail.example")])
def test_unknown_user_comes_back_to_its_delivery(gateway: Gateway, post: Post, key: str, email: str) -> None:
    """The smarthost took the mail and finds out later: the delivery is bounced, with its code."""
    thread, delivery = post_to(gateway, key, email)
    bounced = gateway.wait_delivery(delivery["id"], "bounced")
    assert bounced["code"] == "5.1.1"
    assert bounced["attempts"][0]["outcome"] == "accepted"
    assert "unknown user" in str(bounced["attempts"])
    assert len(gateway.messages(thread)) == 1
    assert gateway.post(thread, "Once more")["deliveries"][0]["state"] == "skipped"


def test_delay_is_no_failure(gateway: Gateway, post: Post) -> None:
    """Postfix tells that it is still trying; the delivery stays as it was."""
    thread, delivery = post_to(gateway, "busy", "busy@busy.example")

    def is_delay(entry: Any) -> bool:
        return b"Action: delayed" in gateway.raw(entry)

    gateway.wait_delivery(delivery["id"], "accepted")
    entry = wait_for_report(gateway, thread)
    assert is_delay(entry)
    assert gateway.api("GET", f"/deliveries/{delivery['id']}")["state"] == "accepted"
    assert len(gateway.messages(thread)) == 1


def wait_for_report(gateway: Gateway, thread: str) -> Any:
    """The newest report on a delivery of this thread."""

    def there() -> Any:
        entries = gateway.api("GET", "/inbox?state=ignored&limit=100")["items"]
        return next((e for e in entries if e["thread_id"] == thread and e["reason"] == "bounce"), None)

    return wait_for(there, f"a report; the inbox: {gateway.describe_inbox()}")


def test_success_report_marks_the_delivery_delivered(gateway: Gateway, post: Post) -> None:
    """A next hop asks Postfix to confirm (NOTIFY=SUCCESS, RFC 3461); a reading receipt says nothing more."""
    box = post.box("receipt")
    thread, delivery = post_to(gateway, "receipt", box.address)
    raw = box.wait(1)
    returned = read(raw)["Return-Path"].strip("<>")
    with smtplib.SMTP("127.0.0.1", post.provider.port, timeout=20) as client:
        options = {"mail_options": ["RET=HDRS"], "rcpt_options": ["NOTIFY=SUCCESS"]}
        client.sendmail(returned, [box.address], raw, **options)
    gateway.wait_delivery(delivery["id"], "delivered")

    address = gateway.reply_address(thread, box.address)
    receipt = RECEIPT.format(to=address, original=str(read(raw)["Message-ID"]).strip("<> "))
    with smtplib.SMTP("127.0.0.1", post.provider.port, timeout=20) as client:
        client.sendmail(box.address, [address], receipt.encode())
    gateway.wait_entry(address, "ignored")
    assert len(gateway.messages(thread)) == 1
    assert len(box.raws()) == 2
