"""In charge of: a member's Slack, by the incoming webhook that they gave (also Mattermost's, which answers alike).

Not in charge of: the words (`usecases.news_words`), or trying again (`threads.delivery`).

The address is somebody else's text: it is posted to as an ATS's endpoint is (`ats`), never to an inner address, and
without following redirects. Who has the address can write there, so it is in no row, log or answer in the clear.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from gateway.outbound.ats import WebhookClient
from gateway.outbound.pinned import AGENT
from gateway.threads.channel import Accepted, Capabilities, Failed, Outgoing, Retry, SendResult, Unknown
from gateway.threads.notifying import SLACK
from gateway.threads.webhooks import Answered

_NOT_TAKEN = ("no_connection", "tls")  # it surely never arrived


class SlackChannel:
    """Posts text to incoming webhooks; shared between threads."""

    name = SLACK
    capabilities = Capabilities(stable_key=True)  # there is none, but a notice told twice does no harm, a lost one does

    def __init__(self, client: WebhookClient) -> None:
        self._client = client

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = lambda: None) -> SendResult:
        """Post once."""
        body = json.dumps({"text": outgoing.text, "unfurl_links": False}, ensure_ascii=False)
        handing_over()
        headers = {"content-type": "application/json", "user-agent": AGENT}
        return _read(self._client.post(outgoing.to, headers=headers, body=body.encode()))

    def close(self) -> None:
        return None


def _read(answer: Answered) -> SendResult:
    if answer.arrived:
        return Accepted()
    if answer.code == "address_refused":
        return Failed("address_refused", "The webhook's address is not on the public internet.")
    if answer.code in _NOT_TAKEN:
        return Retry("connect", "Slack cannot be reached.")
    if answer.status == 429:
        return Retry("rate", "Slack takes no more for now.", answer.after)
    if answer.status == 0 or answer.status >= 500:
        return Unknown("Slack's answer was lost or said that it failed; it may have taken the message.")
    return Failed("webhook_gone", "Slack does not take this webhook any more: give a new one.")
