"""A member's Slack: what its answers mean, and that somebody else's text reaches no inner address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from simulators.server import hang_up, say
from simulators.slack import Slack

from gateway.outbound.ats import WebhookClient
from gateway.outbound.slack import SlackChannel
from gateway.threads.channel import Accepted, Failed, Outgoing, Retry, Unknown
from gateway.threads.notifying import SLACK


@pytest.fixture
def slack() -> Iterator[Slack]:
    simulator = Slack()
    yield simulator
    simulator.close()


def test_slack_is_never_reached_at_an_inner_address(slack: Slack) -> None:
    """Somebody else's text must not make us reach into our own network (reliability 58)."""
    told = Outgoing(delivery_id="d", channel=SLACK, to=slack.hook, text="hello")
    guarded = SlackChannel(WebhookClient(seconds=5))
    assert isinstance(guarded.send(told), Failed)
    assert slack.calls == []


def test_what_slack_answers(slack: Slack) -> None:
    open_channel = SlackChannel(WebhookClient(seconds=5, allow_private=True))
    told = Outgoing(delivery_id="d", channel=SLACK, to=slack.hook, text="hello")
    assert isinstance(open_channel.send(told), Accepted)
    slack.plan += [say(429, b"", Retry_After="30"), say(500), hang_up(), say(403, b"invalid_token")]
    busy = open_channel.send(told)
    assert isinstance(busy, Retry)
    assert busy.after == 30
    assert isinstance(open_channel.send(told), Unknown)
    assert isinstance(open_channel.send(told), Unknown)
    assert isinstance(open_channel.send(told), Failed)
    assert isinstance(open_channel.send(replace(told, to=f"{slack.url}/services/gone")), Failed)
