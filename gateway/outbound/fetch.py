"""In charge of: reading JSON from an address that somebody typed in, such as a company's identity provider.

Not in charge of: what it means, or how the address is reached (`pinned`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import httpcore2

from gateway.outbound.pinned import AGENT, WRONG_ADDRESS, AddressRefused, PinnedClient

MOST_BYTES = 512 * 1024  # of an answer
_FAULTS = (AddressRefused, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError)
_WRONG = (*WRONG_ADDRESS, UnicodeError, ValueError)


class JsonClient(PinnedClient):
    """Reads objects in JSON; shared between threads."""

    def __call__(
        self, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, object] | None:
        """The object of a 200 answer to a GET, or to a POST of `form`; None for anything else. Never raises for the
        other side's sake.
        """
        about = {"user-agent": AGENT, "accept": "application/json", **(headers or {})}
        content = None
        if form is not None:
            content = urlencode(form).encode()
            about["content-type"] = "application/x-www-form-urlencoded"
        method = "GET" if content is None else "POST"
        try:
            answer = self.request(method, url, headers=about, content=content, most_bytes=MOST_BYTES)
            found = json.loads(answer.body) if answer.status == 200 and answer.whole else None
        except (*_FAULTS, *_WRONG):
            return None
        return found if isinstance(found, dict) else None
