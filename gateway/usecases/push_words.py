"""In charge of: what is pushed to a member's device: names, openings and a path, never what somebody wrote.

Not in charge of: whether it goes out (`send_news`), encrypting it (`outbound.push`), or showing it (the service worker
in gateway/web/static/scripts).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from gateway.store.database import Transaction
from gateway.threads.channel import Outgoing
from gateway.threads.devices import topic_of
from gateway.threads.model import Delivery
from gateway.threads.notices import Notice
from gateway.threads.notifying import PUSH, Seat, time_to_push
from gateway.usecases.context import Context
from gateway.usecases.news_words import find_shown, group_news, path_of, say_headline

TEST = "member.push_test"
TEST_SECONDS = 300
LONGEST_TITLE, LONGEST_BODY = 150, 400  # characters: with all escapes less than the 3993 bytes of RFC 8291 §4
BELL = "/desk/bell"


@dataclass(frozen=True, slots=True)
class PushWords:
    """What a device shows, and the page that it opens. `about`: a later push about the same replaces it."""

    title: str
    body: str
    path: str
    about: str
    seconds: int


def build_push(ctx: Context, tx: Transaction, delivery: Delivery, notice: Notice) -> Outgoing | None:
    """The push of this notice; None when nothing of it is left, or nobody is signed in on the device any more."""
    device = tx.devices.find_open(notice.variables["device"], now=ctx.now)
    seat = tx.news.find_seat(device.member_id) if device else None
    if device is None or seat is None:
        return None
    words = _test_words(ctx, notice) if notice.key == TEST else _news_words(ctx, tx, seat, notice)
    if words is None:
        return None
    topic = topic_of(ctx.settings.key, words.about)
    shown = {
        "title": _cut(words.title, LONGEST_TITLE),
        "body": _cut(words.body, LONGEST_BODY),
        "path": words.path,
        "tag": topic,
        "lang": notice.locale,
    }
    return Outgoing(
        delivery_id=delivery.id,
        channel=PUSH,
        to=device.subscription.endpoint,
        text=json.dumps(shown, ensure_ascii=False, separators=(",", ":")),
        language=notice.locale,
        subscription=device.subscription,
        topic=topic,
        seconds=words.seconds,
    )


def _news_words(ctx: Context, tx: Transaction, seat: Seat, notice: Notice) -> PushWords | None:
    shown = find_shown(tx, seat, notice.variables["news"].split(","))
    if not shown:
        return None
    groups = group_news(ctx, tx, seat, shown, locale=notice.locale)
    lines = [line for group in groups for line in group.lines]
    alone, news = len(groups) == 1, shown[0].news
    return PushWords(
        title=say_headline(groups),
        body=groups[0].opening if len(lines) == 1 else "\n".join(lines),
        path=path_of(news) if alone else BELL,
        about=(news.thread_id or news.subject_id) if alone else seat.member_id,
        seconds=int(time_to_push(seat.preferences, ctx.now).total_seconds()),
    )


def _test_words(ctx: Context, notice: Notice) -> PushWords:
    say = ctx.render.text
    title, body = say(notice.locale, "push.test_title"), say(notice.locale, "push.test_body")
    return PushWords(title, body, "/desk/settings/personal", notice.key, TEST_SECONDS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
