"""Slack's incoming webhooks: takes text for addresses it knows, answers `ok`, and 404 for the rest.

Source: api.slack.com/messaging/webhooks ("Handling errors").
"""

from __future__ import annotations

from simulators.server import Call, Reply, Simulator

PATH = "/services/T000/B000/secret"


class Slack(Simulator):
    """One workspace with one webhook."""

    @property
    def hook(self) -> str:
        return f"{self.url}{PATH}"

    def answer(self, call: Call) -> Reply:
        if call.path != PATH:
            return 404, b"no_service"
        return (200, b"ok") if call.body.get("text") else (400, b"no_text")

    def texts(self) -> list[str]:
        """What was taken."""
        return [str(call.body["text"]) for call in self.posts() if call.path == PATH]
