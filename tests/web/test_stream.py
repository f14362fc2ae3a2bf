"""Live streams: nothing lost, nothing doubled, and they end with the session (ux §2, SJ-6)."""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from html import unescape

import httpx2
import pytest
from cast import Company, as_candidate
from fakes import FakeClock
from running import Pump
from web.web_kit import Served, make_app, path_of, serve, wait_until

from gateway.threads.model import MessageKind
from gateway.usecases import accounts, members, sign_in
from gateway.usecases.applicants import put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.organise import Assign, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import read_page
from gateway.usecases.views import ApplicantView
from gateway.web import stream
from gateway.web.desk import live
from gateway.web.feed import Feed

LISTENERS: list[Listener] = []


@pytest.fixture
def site(ctx: Context, company: Company) -> Iterator[Served]:
    with serve(make_app(ctx, company)) as served:
        yield served
    for listener in LISTENERS:
        listener.thread.join(10)
    LISTENERS.clear()


class Listener:
    """Reads a stream in a thread of its own, as a browser would."""

    def __init__(self, url: str, *, headers: dict[str, str] | None = None, cookie: str = "") -> None:
        self.messages: list[tuple[str, str]] = []  # (id, data)
        self.status = 0
        self.ended = threading.Event()
        self._stop = threading.Event()
        cookies = {"gateway": cookie} if cookie else {}
        self._client = httpx2.Client(timeout=20, cookies=cookies, headers=headers or {})
        self.thread = threading.Thread(target=self._run, args=(url,), daemon=True)
        self.thread.start()
        LISTENERS.append(self)

    def _run(self, url: str) -> None:
        try:
            with self._client, suppress(httpx2.HTTPError), self._client.stream("GET", url) as response:
                self.status = response.status_code
                number, data = "", []
                for line in response.iter_lines():
                    if self._stop.is_set():
                        return
                    if line.startswith("id: "):
                        number = line[4:]
                    elif line.startswith("data: "):
                        data.append(line[6:])
                    elif not line and (number or data):
                        self.messages.append((number, "\n".join(data)))
                        number, data = "", []
        finally:
            self.ended.set()

    @property
    def words(self) -> str:
        return "\n".join(data for _, data in self.messages)

    @property
    def ids(self) -> list[int]:
        return [int(number) for number, _ in self.messages if number]

    def close(self) -> None:
        self._stop.set()


def say(
    ctx: Context, company: Company, view: ApplicantView, text: str, kind: MessageKind = MessageKind.MESSAGE
) -> None:
    post_message(ctx, company.as_jun, view.thread_id, NewMessage(text=text, kind=kind))


def last_event(ctx: Context, company: Company, view: ApplicantView) -> int:
    return read_page(ctx, company.as_jun, view.thread_id).last_event


def test_the_candidate_sees_messages_as_they_come_and_no_notes(
    ctx: Context, company: Company, mina: ApplicantView, site: Served
) -> None:
    listener = Listener(f"{site.url}{path_of(mina)}/stream?after={last_event(ctx, company, mina)}")
    wait_until(lambda: listener.status == 200)
    say(ctx, company, mina, "Only for us", MessageKind.NOTE)
    say(ctx, company, mina, "Hello Mina")
    wait_until(lambda: "Hello Mina" in listener.words)
    assert "Only for us" not in listener.words
    assert f'<hx-partial hx-target="#log-{mina.thread_id}" hx-swap="beforeend">' in listener.words
    assert company.jun.email not in listener.words
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    wait_until(lambda: "Messages can no longer be sent here" in listener.words)
    listener.close()


def test_a_scheduled_message_is_announced_with_the_time_at_which_it_went_out(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, clock: FakeClock, pump: Pump
) -> None:
    """ux §7: a screen reader heard the time at which it had been written, perhaps of the day before."""
    at = clock.now + timedelta(hours=3)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Good morning", send_at=at))
    listener = Listener(f"{site.url}{path_of(mina)}/stream?after={last_event(ctx, company, mina)}")
    wait_until(lambda: listener.status == 200)
    clock.now = at
    pump()
    wait_until(lambda: "Good morning" in listener.words)
    (shown,) = re.findall(r"<time [^>]*>([^<]+)</time>", listener.words)
    assert f"New message from Jun Park, {shown}<" in listener.words
    listener.close()


@pytest.mark.parametrize("side", ["desk", "candidate"])
def test_what_comes_after_midnight_brings_the_line_of_its_day(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, clock: FakeClock, side: str
) -> None:
    """In the company's zone: in Seoul the day begins at 15:00 UTC."""
    path = f"/desk/t/{mina.thread_id}" if side == "desk" else path_of(mina)
    cookie = sign_in.demo_session(ctx, company.ara.id)
    listener = Listener(f"{site.url}{path}/stream?after={last_event(ctx, company, mina)}", cookie=cookie)
    wait_until(lambda: listener.status == 200)
    for hour, words in ((14, "late"), (15, "early")):
        clock.now = clock.now.replace(hour=hour, minute=30)
        say(ctx, company, mina, words)
        wait_until(lambda words=words: f"<p>{words}</p>" in listener.words)
    days = re.findall(r'data-day="(\d+)" data-until="(\d+)"[^>]*>Today<(?s:.*?)<p>(\w+)</p>', listener.words)
    midnights = [str(int(clock.now.replace(day=day, hour=15, minute=0).timestamp() * 1000)) for day in (23, 24)]
    assert days == [("20261123", midnights[0], "late"), ("20261124", midnights[1], "early")]
    listener.close()


def test_a_reconnection_gets_what_it_missed_once(
    ctx: Context, company: Company, mina: ApplicantView, site: Served
) -> None:
    """Reliability 62: `Last-Event-ID` wins over the page's `?after=`; every event comes exactly once, in order."""
    url = f"{site.url}{path_of(mina)}/stream?after={last_event(ctx, company, mina)}"
    first = Listener(url)
    say(ctx, company, mina, "one")
    wait_until(lambda: "one" in first.words)
    first.close()
    for text in ("two", "three"):
        say(ctx, company, mina, text)
    second = Listener(url, headers={"Last-Event-ID": str(first.ids[-1])})
    wait_until(lambda: "three" in second.words)
    say(ctx, company, mina, "four")
    wait_until(lambda: "four" in second.words)
    assert re.findall(r"<p>(\w+)</p>", second.words) == ["two", "three", "four"]
    assert second.ids == sorted(set(second.ids))
    second.close()


def test_the_desk_sees_messages_deliveries_rows_and_numbers(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, pump: Pump
) -> None:
    session = sign_in.demo_session(ctx, company.ara.id)
    after = last_event(ctx, company, mina)
    url = f"{site.url}/desk/t/{mina.thread_id}/stream?after={after}&stamp=of-the-page"
    listener = Listener(url, cookie=session)
    wait_until(lambda: listener.status == 200)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Good morning"))
    wait_until(lambda: "Good morning" in listener.words)
    wait_until(lambda: 'hx-target="#count-unread"' in listener.words)
    wait_until(lambda: f'id="row-{mina.thread_id}"' in listener.words)
    say(ctx, company, mina, "Good day")
    pump()
    wait_until(lambda: "Sent by e-mail" in listener.words)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    wait_until(lambda: "cannot answer here" in listener.words)
    listener.close()


def test_what_happens_between_page_and_stream_is_made_up_for(
    ctx: Context, company: Company, mina: ApplicantView, site: Served
) -> None:
    """The list carries a stamp: a page that is no longer true gets the whole list when its stream opens."""
    cookie = sign_in.demo_session(ctx, company.jun.id)
    page = httpx2.get(f"{site.url}/desk", cookies={"gateway": cookie}).text
    found = re.search(r'hx-sse:connect="([^"]+)"', page)
    assert found
    url = site.url + unescape(found[1])
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="In between"))
    late = Listener(url, cookie=cookie)
    wait_until(lambda: "In between" in late.words)
    late.close()


def test_a_stream_ends_with_the_session(
    ctx: Context, company: Company, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reliability 62: within five seconds; here they are shortened."""
    assert stream.CHECK_EVERY <= 5
    monkeypatch.setattr("gateway.web.stream.CHECK_EVERY", 0.2)
    session = sign_in.demo_session(ctx, company.jun.id)
    listener = Listener(f"{site.url}/desk/stream", cookie=session)
    wait_until(lambda: listener.status == 200)
    sign_in.sign_out(ctx, session)
    assert listener.ended.wait(10)


@pytest.mark.parametrize("path", ["/desk/t/{}/stream?after=1", "/desk/stream", "/desk/bell/stream"])
def test_who_is_kept_to_other_openings_gets_nothing_more_by_an_open_stream(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    site: Served,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    """Reliability 54, 61: not a word from the moment on, and the stream ends as with the session."""
    sora = accounts.create_member(
        ctx, company.workspace.id, email="sora@moalabs.example", name="Sora Lim", role="member"
    )
    engineer, _ = put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[])
    organise(ctx, company.as_jun, [mina.thread_id], Assign(sora.id))
    listener = Listener(site.url + path.format(mina.thread_id), cookie=sign_in.demo_session(ctx, sora.id))
    wait_until(lambda: listener.status == 200)
    monkeypatch.setattr("gateway.web.stream.CHECK_EVERY", 0.5)
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=engineer.id, role="evaluator")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="my salary is 12345"))
    say(ctx, company, mina, "too expensive", MessageKind.NOTE)
    assert listener.ended.wait(10)
    assert "12345" not in listener.words
    assert "too expensive" not in listener.words


def test_a_desk_where_nothing_happens_does_not_compute_its_list_again(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred open desks cost next to nothing while nothing happens; what happens reaches the list all the same."""
    monkeypatch.setattr("gateway.web.stream.CHECK_EVERY", 0.05)
    computed: list[object] = []
    looked: list[object] = []
    rows_of, find_colleagues = live.rows_of, live.find_colleagues
    monkeypatch.setattr(live, "rows_of", lambda *of: computed.append(of) or rows_of(*of))
    monkeypatch.setattr(live, "find_colleagues", lambda *of: looked.append(of) or find_colleagues(*of))
    cookie = sign_in.demo_session(ctx, company.jun.id)
    listener = Listener(f"{site.url}/desk/t/{mina.thread_id}/stream", cookie=cookie)
    wait_until(lambda: len(looked) >= 20)
    assert len(computed) <= 2  # for the page's stamp, and as the feed began to be read
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Good morning"))
    wait_until(lambda: f'id="row-{mina.thread_id}"' in listener.words)
    listener.close()


def test_what_can_wait_is_done_one_at_a_time_with_a_rest_between() -> None:
    async def run() -> list[tuple[float, float]]:
        feed = Feed(read_after=lambda _: (), read_head=lambda: 0)

        def work() -> tuple[float, float]:
            began = time.monotonic()
            threading.Event().wait(0.02)
            return began, time.monotonic()

        return sorted(await asyncio.gather(*(feed.run_unhurried(work) for _ in range(4))))

    spans = asyncio.run(run())
    assert all(began >= ended + 0.02 for (_, ended), (began, _) in itertools.pairwise(spans))


def test_no_stream_without_a_session_or_link(mina: ApplicantView, site: Served) -> None:
    """Reliability 62."""
    assert httpx2.get(f"{site.url}/desk/t/{mina.thread_id}/stream").status_code == 401
    assert httpx2.get(f"{site.url}/desk/stream").status_code == 401
    assert httpx2.get(f"{site.url}/c/altered/stream").status_code == 404
    session_of_nobody = {"gateway": "x" * 40}
    assert httpx2.get(f"{site.url}/desk/stream", cookies=session_of_nobody).status_code == 401


def test_the_poller_rests_when_nobody_listens(
    ctx: Context, company: Company, mina: ApplicantView, site: Served
) -> None:
    feed = site.app.state.site.feed
    listener = Listener(f"{site.url}{path_of(mina)}/stream")
    wait_until(lambda: feed._task is not None)
    listener.close()
    say(ctx, company, mina, "the line that lets the reader look up")
    wait_until(lambda: feed._task is None)
