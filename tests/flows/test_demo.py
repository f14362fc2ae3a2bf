"""The demo as a stranger meets it: one process, real SMTP and HTTP, the contract of DESIGN §6 and seeds §7.1 no. 1
– 4.
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from cast import make_mail

START = 60.0  # seconds until the demo must be ready
WAIT = 60.0


def wait_for(check: Callable[[], Any], what: str) -> Any:
    """Until `check` gives something true."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {WAIT} s for {what}")


@dataclass
class Demo:
    """A running demo and the calls that outside checks make."""

    facts: dict[str, Any]
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return str(self.facts["http"])

    def api(self, method: str, path: str, **body: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.facts['api_key']}"}
        return httpx2.request(method, f"{self.url}/api/v1{path}", headers=headers, json=body or None, timeout=20)

    def mails(self, to: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = httpx2.get(f"{self.url}/dev/mail.json", params={"to": to}).json()
        return found

    def raw(self, mail: dict[str, str]) -> Any:
        answer = httpx2.get(httpx2.URL(self.url).join(mail["raw_url"]))
        return message_from_bytes(answer.content, policy=policy.default)

    def smtp(self) -> smtplib.SMTP:
        host, _, port = self.facts["smtp"].rpartition(":")
        return smtplib.SMTP(host, int(port), timeout=20)

    def mail_with(self, to: str, words: str) -> dict[str, str]:
        """The newest mail to an address that says this, once it is there."""

        def find() -> list[dict[str, str]]:
            return [m for m in self.mails(to) if words in self.raw(m).get_body(("plain",)).get_content()]

        found: list[dict[str, str]] = wait_for(find, f"a mail with {words!r}")
        return found[-1]

    def send(self, raw: bytes, *, from_: str, to: str) -> None:
        with self.smtp() as client:
            client.sendmail(from_, [to], raw)

    def texts(self, thread_id: str) -> list[str]:
        return [i["text"] for i in self.api("GET", f"/threads/{thread_id}/messages?after=0").json()["items"]]


def start_demo(data: Path, **settings: str) -> Demo:
    command = [sys.executable, "-m", "gateway", "demo", "--json"]
    command += ["--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--data", str(data)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    environment |= {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the demo ended before it was ready"
    return Demo(json.loads(line), process)


def stop_demo(demo: Demo) -> int:
    demo.process.send_signal(signal.SIGTERM)
    status = demo.process.wait(40)
    assert demo.process.stdout is not None
    demo.process.stdout.close()
    return status


@pytest.fixture(scope="module")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module", params=["SQLite, in memory", "PostgreSQL, Redis", "SQLite, RabbitMQ"])
def demo(demo_data: Path, request: pytest.FixtureRequest) -> Iterator[Demo]:
    """The demo on the embedded default, and on the servers of a bigger installation."""
    settings = {}
    if "Redis" in request.param:
        settings["broker_url"] = find_server("TEST_REDIS_URL", "redis://127.0.0.1:6379/13")
    if "RabbitMQ" in request.param:
        settings["broker_url"] = find_server("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/")
    if "PostgreSQL" in request.param:
        settings["database_url"] = request.getfixturevalue("postgres_database")
    running = start_demo(demo_data / request.param.replace(", ", "-"), **settings)
    yield running
    stop_demo(running)


def find_server(variable: str, default: str) -> str:
    """A test server's address. Skips when none answers; in CI a missing one is a failure."""
    url = os.environ.get(variable, default)
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), 2).close()
    except OSError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no server answers at {variable}")
    return url


def make_applicant(demo: Demo, key: str, **more: Any) -> dict[str, Any]:
    notify = [f"{key}-minho@moalabs.example", f"{key}-list@moalabs.example"]
    demo.api("PUT", f"/openings/{key}", title="Engineer", notify_emails=notify)
    body = {
        "opening": key,
        "name": "Mina Han",
        "email": f"{key}@mail.example",
        "locale": "en",
        "source": "ats",
        **more,
    }
    answer = demo.api("PUT", f"/applicants/{key}", **body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("source", ["applied", "manual", "ats"])
def test_ten_steps_over_real_sockets(demo: Demo, source: str) -> None:
    """SJ-1 … SJ-17: the whole conversation by SMTP and HTTP."""
    key = f"mina-{source}"
    mina, address = make_applicant(demo, key, source=source), f"{key}@mail.example"
    thread = mina["thread_id"]
    posted = demo.api("POST", f"/threads/{thread}/messages", text="When could you come?")
    assert posted.status_code == 202
    assert posted.json()["seq"] == 1
    mail = wait_for(lambda: demo.mails(address), "the candidate's mail")[0]
    message = demo.raw(mail)
    reply_to = message["Reply-To"].addresses[0].addr_spec
    assert reply_to.endswith("@" + demo.facts["reply_domain"])
    assert mina["portal_url"] in message.get_body(("plain",)).get_content()

    answer = make_mail("Tuesday at two.\n", from_=address, to=reply_to, headers={"In-Reply-To": message["Message-ID"]})
    demo.send(answer, from_=address, to=reply_to)
    wait_for(lambda: len(demo.texts(thread)) == 2, "the candidate's answer")
    demo.mail_with(f"{key}-list@moalabs.example", "Tuesday at two.")
    minho = demo.mail_with(f"{key}-minho@moalabs.example", "Tuesday at two.")
    back = demo.raw(minho)["Reply-To"].addresses[0].addr_spec
    demo.send(
        make_mail("See you then.", from_=f"{key}-minho@moalabs.example", name="Minho Park", to=back),
        from_=f"{key}-minho@moalabs.example",
        to=back,
    )
    held = wait_for(
        lambda: [e for e in demo.api("GET", "/inbox?state=held").json()["items"] if e["thread_id"] == thread],
        "the unproven recruiter mail in the review queue",
    )
    assert demo.api("POST", f"/inbox/{held[0]['id']}/release").status_code == 200
    second = wait_for(lambda: [m for m in demo.mails(address) if m["id"] != mail["id"]], "the recruiter's words")[-1]
    words = demo.raw(second)
    assert "See you then." in words.get_body(("plain",)).get_content()
    assert "Minho Park" in words["From"]
    assert b"minho@" not in httpx2.get(httpx2.URL(demo.url).join(second["raw_url"])).content

    page = httpx2.get(mina["portal_url"])
    assert page.status_code == 200
    assert "See you then." in page.text
    sent = httpx2.post(mina["portal_url"], data={"text": "I will be there."}, follow_redirects=True)
    assert sent.status_code == 200
    items = demo.api("GET", f"/threads/{thread}/messages?after=0").json()["items"]
    assert [(i["author"]["kind"], i["came_in_by"]) for i in items] == [
        ("ats", "api"),
        ("candidate", "email"),
        ("member", "email"),
        ("candidate", "web"),
    ]

    assert demo.api("POST", f"/applicants/{key}/stage", stage="rejected").status_code == 200
    refused = httpx2.post(mina["portal_url"], data={"text": "one more thing"})
    assert refused.status_code == 403
    assert "mailto:jobs@moalabs.example" in refused.text
    assert "one more thing" in refused.text
    before = len(demo.mails(address))
    demo.send(make_mail("and by mail", from_=address, to=reply_to), from_=address, to=reply_to)
    notice = wait_for(lambda: demo.mails(address)[before:], "the blocked notice")[0]
    assert notice["envelope_from"] in ("", "<>")
    assert "jobs@moalabs.example" in demo.raw(notice).get_body(("plain",)).get_content()
    assert len(demo.texts(thread)) == 4
    assert httpx2.get(mina["portal_url"]).status_code == 200
    demo.api("POST", f"/applicants/{key}/stage", stage="restored")
    assert httpx2.post(mina["portal_url"], data={"text": "thank you"}, follow_redirects=True).status_code == 200
    assert demo.texts(thread)[-1] == "thank you"


def test_smtp_answers(demo: Demo) -> None:
    """The reply codes of the contract: 550 5.1.1, 550 5.7.1, 552; broken MIME is accepted and shown."""
    with demo.smtp() as client:
        client.ehlo("x.example")
        assert client.has_extn("starttls")
        assert client.mail("a@x.example")[0] == 250
        code, text = client.rcpt("r+" + "a" * 52 + "@" + demo.facts["reply_domain"])
        assert (code, text[:5]) == (550, b"5.1.1")
        code, text = client.rcpt("somebody@elsewhere.example")
        assert (code, text[:5]) == (550, b"5.7.1")
        client.rset()
        code, text = client.docmd("MAIL FROM:<a@x.example> SIZE=99000000")
        assert (code, text[:5]) == (552, b"5.3.4")


def test_login_links_open_the_desk(demo: Demo) -> None:
    for recruiter in demo.facts["recruiters"]:
        with httpx2.Client(follow_redirects=True) as browser:
            page = browser.get(recruiter["login_url"])
            assert page.status_code == 200
            assert "/desk" in str(page.url)
            assert "한지우" in page.text


def test_altered_links_are_not_found(demo: Demo) -> None:
    link = demo.facts["threads"][0]["portal_url"]
    altered = link[:-1] + ("a" if link[-1] != "a" else "b")
    assert httpx2.get(altered).status_code == 404


def test_used_data_are_kept_and_not_seeded_twice(tmp_path: Path) -> None:
    """DESIGN §6: the same addresses, a valid key, the same threads after a restart; the end by SIGTERM is quiet."""
    first = start_demo(tmp_path)
    thread = first.facts["threads"][0]["id"]
    reply_to = first.api("GET", f"/threads/{thread}").json()["participants"][0]["reply_address"]
    assert stop_demo(first) == 0
    again = start_demo(tmp_path)
    try:
        assert [t["id"] for t in again.facts["threads"]] == [t["id"] for t in first.facts["threads"]]
        assert again.facts["api_key"] == first.facts["api_key"]
        participants = again.api("GET", f"/threads/{thread}").json()["participants"]
        assert participants[0]["reply_address"] == reply_to
    finally:
        stop_demo(again)


def test_an_alimtalk_that_fails_comes_as_an_sms_on_the_phone(demo: Demo) -> None:
    """GW-8, seeds §7 no. 6: a number without KakaoTalk, seen on the built-in phone."""
    number = "+821055501230"

    def arrived() -> list[Any]:
        shown = httpx2.get(f"{demo.url}/dev/phone.json", params={"to": number}).json()
        return shown if len(shown) > 1 else []

    alimtalk, sms = wait_for(arrived, "the SMS on the phone")[:2]
    assert (alimtalk["channel"], alimtalk["code"]) == ("alimtalk", "nhn.alimtalk.3019")
    assert (sms["channel"], sms["code"]) == ("sms", "")
    assert alimtalk["link"] in sms["text"]
    page = httpx2.get(f"{demo.url}/dev/phone", params={"to": number, "lang": "en"}).text
    assert "This number has no KakaoTalk account." in page
    assert httpx2.get(alimtalk["link"]).status_code == 200
