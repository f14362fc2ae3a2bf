"""The wire as Postfix, swaks and smtp-source use it: TLS, 8 bits, UTF-8 addresses, big, long and slow mail (GW-10)."""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from email import policy

import pytest

from real.gateway import RELAY_NAME, Gateway
from real.mail import read, write_mail
from real.network import Post
from real.postfix import Postfix
from real.programs import find_program, run_program, wait_for

VERDICT = f"{RELAY_NAME}; dmarc=pass header.from=mail.example"  # as the company's relay writes it
LONG = os.environ.get("GATEWAY_FAULTS") == "long"
SLOW_RATE = 20_000  # octets per second
SLOW_SECONDS = 1_500 if LONG else 15


@dataclass(frozen=True)
class Slow:
    """A mail on its way for as long as these tests run."""

    thread: str
    sender: Future[bytes]


@pytest.fixture(scope="module", autouse=True)
def slow(gateway: Gateway) -> Iterator[Slow]:
    """20 kB in a second, for 15 seconds (GATEWAY_FAULTS=long: 30 MB)."""
    thread, address = add_thread(gateway, "slow")
    mail = write_mail("Slowly.", from_="slow@mail.example", to=address, Authentication_Results=VERDICT)
    content = os.urandom(SLOW_RATE * SLOW_SECONDS * 3 // 4)
    mail.add_attachment(content, maintype="application", subtype="pdf", filename="a.pdf")
    with ThreadPoolExecutor(1) as senders:
        yield Slow(thread, senders.submit(send_slowly, gateway, address, mail.as_bytes()))


def add_thread(gateway: Gateway, key: str, email: str = "") -> tuple[str, str]:
    """A thread and the candidate's address in it."""
    email = email or f"{key}@mail.example"
    thread = gateway.add_applicant(key, email)["thread_id"]
    return thread, gateway.reply_address(thread, email)


def test_quick_mail_passes_a_slow_one(gateway: Gateway, slow: Slow) -> None:
    """Nobody waits for the slow sender."""
    thread, address = add_thread(gateway, "quick")
    times = []
    for n in range(6):
        begun = time.monotonic()
        mail = write_mail(f"Quick {n}", from_="quick@mail.example", to=address, Authentication_Results=VERDICT)
        with gateway.smtp() as client:
            client.send_message(mail)
        gateway.wait_messages(thread, n + 1)
        times.append(time.monotonic() - begun)
    assert not slow.sender.done()
    assert sorted(times)[3] < 2.0, times


def test_front_hands_over_by_tls_after_its_own_received_lines(gateway: Gateway, post: Post) -> None:
    """smtp_tls_security_level=encrypt; each Postfix on the way has added its line; the raw mail keeps them all."""
    thread, address = add_thread(gateway, "tls")
    mail = write_mail("안녕하세요", from_="tls@mail.example", to=address)
    with smtplib.SMTP("127.0.0.1", post.provider.port, timeout=20) as client:
        client.send_message(mail)
    assert gateway.wait_messages(thread, 1)[0]["text"] == "안녕하세요"
    assert re.search(r"TLS connection established to 127\.0\.0\.1.*TLSv1\.3", post.front.log)
    entry = gateway.wait_entry(address, "threaded")
    raw = gateway.raw(entry)
    assert len(read(raw).get_all("Received")) == 2
    assert raw.startswith(b"Authentication-Results: ")
    assert "tls yes" in gateway.run("trace", entry["id"])
    gateway.post(thread, "Received.")
    assert "(using TLSv1.3" in str(read(post.box("tls").wait(1)).get_all("Received"))


def test_address_in_hangul_both_ways(gateway: Gateway, post: Post) -> None:
    """SMTPUTF8 (RFC 6531): a candidate whose address is not ASCII gets mail and answers."""
    box = post.box("김민아")
    thread, address = add_thread(gateway, "hangul", box.address)
    gateway.post(thread, "언제 오실 수 있나요?")
    raw = box.wait(1)
    assert box.address.encode() in raw
    mail = write_mail("화요일이요.", from_=f"김민아 <{box.address}>", to=address)
    with smtplib.SMTP("127.0.0.1", post.provider.port, timeout=20) as client:
        client.sendmail(box.address, [address], mail.as_bytes(policy=policy.SMTPUTF8), ["SMTPUTF8", "BODY=8BITMIME"])
    said = gateway.wait_messages(thread, 2)[1]
    assert (said["text"], said["author"]["email"]) == ("화요일이요.", box.address)


def test_thirty_megabytes_arrive_to_the_last_bit(gateway: Gateway, post: Post) -> None:
    """GW-10: a file of 30 MB through two Postfixes and TLS; the same bytes as raw mail and as attachment."""
    content = os.urandom(30_000_000)
    applicant = gateway.add_applicant("big", "big@mail.example")
    thread = applicant["thread_id"]
    address = gateway.reply_address(thread, "big@mail.example")
    mail = write_mail("My portfolio.", from_="big@mail.example", to=address)
    mail.add_attachment(content, maintype="application", subtype="pdf", filename="포트폴리오.pdf")
    sent = mail.as_bytes()
    with smtplib.SMTP("127.0.0.1", post.provider.port, timeout=60) as client:
        client.sendmail("big@mail.example", [address], sent)
    said = gateway.wait_messages(thread, 1)[0]
    assert said["text"] == "My portfolio."
    assert [(a["filename"], a["size"]) for a in said["attachments"]] == [("포트폴리오.pdf", len(content))]
    assert gateway.file(applicant, said["attachments"][0]) == content
    raw = gateway.raw(gateway.wait_entry(address, "threaded"))
    assert raw.partition(b"\r\n\r\n")[2] == sent.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("charset", ["utf-8", "euc-kr"])
def test_line_of_sixty_thousand_octets(gateway: Gateway, post: Post, charset: str) -> None:
    """Longer than RFC 5322 allows, as 8-bit text; not a letter is lost or broken."""
    thread, address = add_thread(gateway, f"line-{charset}", "line@mail.example")
    words = ("가나다라마바사아자차 " * 30_000).encode(charset)[:60_000].decode(charset, "ignore").strip()
    head = f"From: line@mail.example\r\nTo: {address}\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    head += f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    with smtplib.SMTP("127.0.0.1", post.provider.port, timeout=20) as client:
        raw = head.encode() + words.encode(charset) + b"\r\nEnd.\r\n"
        client.sendmail("line@mail.example", [address], raw, ["BODY=8BITMIME"])
    assert gateway.wait_messages(thread, 1)[0]["text"] == f"{words}\nEnd."


def test_burst_over_ten_connections_loses_nothing(gateway: Gateway, post: Post) -> None:
    """smtp-source through the front: as many messages as were accepted, each once."""
    thread, address = add_thread(gateway, "burst")
    command = [find_program("smtp-source"), "-s", "10", "-m", "40", "-l", "3000", "-f", "burst@mail.example"]
    run_program([*command, "-t", address, f"127.0.0.1:{post.front.port}"])
    assert len(gateway.wait_messages(thread, 40)) == 40


def test_no_mail_is_left_in_a_queue(post: Post) -> None:
    """Whatever Postfix took from anybody in these tests, it could hand on; only the busy host keeps one waiting."""
    postqueue = find_program("postqueue")

    def is_empty(postfix: Postfix) -> bool:
        listed = run_program([postqueue, "-c", postfix.folder / "etc", "-p"])
        waiting = re.findall(r"^[0-9A-F]{6,}[*!]? ", listed, re.MULTILINE)
        return len(waiting) <= listed.count("busy@busy.example")

    wait_for(lambda: is_empty(post.front), "an empty queue in front")
    wait_for(lambda: is_empty(post.provider), "an empty queue behind")


@pytest.mark.parametrize("how", [["-tls"], ["--pipeline"], ["-tls", "--pipeline", "--helo", "laptop"]])
def test_swaks_writes_into_a_thread(gateway: Gateway, how: list[str]) -> None:
    """Without a Postfix between: the verdict stands in the mail as the relay would have written it."""
    key = f"swaks{'-'.join(how)}"
    thread, address = add_thread(gateway, key, "swaks@mail.example")
    command = [find_program("swaks"), "--server", f"127.0.0.1:{gateway.smtp_port}", "--from", "swaks@mail.example"]
    command += ["--header", f"Authentication-Results: {VERDICT}", "--body", "Dobrý den", "--to", address]
    run_program([*command, "--header", "Content-Type: text/plain; charset=utf-8", *how])
    assert gateway.wait_messages(thread, 1)[0]["text"] == "Dobrý den"


def test_smtp_source_without_proof_is_held(gateway: Gateway) -> None:
    """GW-4: mail that nobody vouches for waits for a person, however much comes."""
    thread, address = add_thread(gateway, "held")
    command = [find_program("smtp-source"), "-s", "5", "-m", "20", "-f", "held@mail.example", "-t", address]
    run_program([*command, f"127.0.0.1:{gateway.smtp_port}"])
    gateway.wait_entry(address, "held", 20)
    assert gateway.messages(thread) == []


@pytest.mark.timeout(SLOW_SECONDS + 200)
def test_slow_mail_arrives(gateway: Gateway, slow: Slow) -> None:
    """It came in beside everything above."""
    assert slow.sender.result().startswith(b"250 ")
    assert gateway.wait_messages(slow.thread, 1)[0]["text"] == "Slowly."


def send_slowly(gateway: Gateway, rcpt: str, raw: bytes) -> bytes:
    """The reply to DATA's end, after a mail that went out a tenth of a second at a time."""
    with socket.create_connection(("127.0.0.1", gateway.smtp_port), 60) as sock, sock.makefile("rb") as replies:
        lines = ("EHLO slow.example", "MAIL FROM:<slow@mail.example>", f"RCPT TO:<{rcpt}>", "DATA")
        assert replies.readline().startswith(b"220 ")
        for line in lines:
            sock.sendall(line.encode() + b"\r\n")
            while replies.readline()[3:4] == b"-":
                pass
        step = SLOW_RATE // 10
        for start in range(0, len(raw), step):
            sock.sendall(raw[start : start + step])
            time.sleep(0.1)
        sock.sendall(b".\r\n")
        last = replies.readline()
        with contextlib.suppress(OSError):
            sock.sendall(b"QUIT\r\n")
        return last
