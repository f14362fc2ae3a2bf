"""How an ATS talks to the gateway, with the standard library and `pip install standardwebhooks`.

client = Client("https://talk.example.com", os.environ["GATEWAY_KEY"])
client.put_opening("dev-1", title="Developer")
thread = client.put_applicant("a-17", opening="dev-1", name="Mina Han", email="mina@mail.example")["thread_id"]
client.post_message(thread, "Could we meet on Tuesday?", key="invite-a-17")
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from standardwebhooks import Webhook

TRIES = 5
AGAIN = (429, 500, 502, 503, 504)  # 502 and 504 are the reverse proxy's


class ApiError(Exception):
    """What the gateway said (RFC 9457): `code` is stable, `problem["errors"]` names the fields."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.code = problem.get("code", "")
        self.problem = problem


class Client:
    """One workspace, by one key. `url` is the gateway's, without `/api/v1`. Every call may be repeated: PUT by nature,
    POST by its key.
    """

    def __init__(self, url: str, key: str) -> None:
        self._api = url.rstrip("/") + "/api/v1"
        self._key = key

    def put_opening(self, external_id: str, *, title: str, notify_emails: list[str] | None = None) -> dict[str, Any]:
        """Create or change an opening; `notify_emails` hear of candidates' messages."""
        return self._call(
            "PUT", f"/openings/{_quote(external_id)}", {"title": title, "notify_emails": notify_emails or []}
        )

    def put_applicant(self, external_id: str, **fields: Any) -> dict[str, Any]:
        """Create or change an applicant: opening, name, email, phone, locale, source, fields."""
        return self._call("PUT", f"/applicants/{_quote(external_id)}", fields)

    def post_message(self, thread_id: str, text: str, *, key: str) -> dict[str, Any]:
        """Say something to the candidate. `key` is yours: the same key is never sent twice."""
        return self._call("POST", f"/threads/{thread_id}/messages", {"text": text}, key=key)

    def messages(self, thread_id: str, *, after: int = 0) -> Iterator[dict[str, Any]]:
        """Messages with a greater `seq`, page by page."""
        path: str | None = f"/threads/{thread_id}/messages?after={after}"
        while path:
            page = self._call("GET", path)
            yield from page["items"]
            path = page["next"] and f"/threads/{thread_id}/messages?cursor={page['next']}"

    def events(self, *, after: str = "evt_0") -> Iterator[dict[str, Any]]:
        """What happened since the event that you had last. Keep each one's `id` when you are done with it."""
        while True:
            page = self._call("GET", "/events?" + urllib.parse.urlencode({"after": after, "limit": 100}))
            yield from page["items"]
            if page["next"] is None:
                return
            after = page["next"]

    def _call(self, method: str, path: str, body: object = None, *, key: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        for tries_left in reversed(range(TRIES)):
            request = urllib.request.Request(self._api + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in AGAIN or not tries_left:
                        raise ApiError(error.code, _read_problem(error)) from None
                    time.sleep(_seconds(error.headers.get("Retry-After", "")))
            except (OSError, http.client.HTTPException):  # no connection, or the answer was lost on its way
                if not tries_left:
                    raise
                time.sleep(2)
        raise AssertionError("unreachable")


def _seconds(retry_after: str) -> int:
    """How long to wait; a proxy may also name a date (RFC 9110 §10.2.3)."""
    return int(retry_after) if retry_after.isdecimal() else 2


def _quote(external_id: str) -> str:
    return urllib.parse.quote(external_id, safe="")


def _read_problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    """The problem; an empty one when somebody else answered, such as a proxy with a page."""
    if error.headers.get_content_type() != "application/problem+json":
        return {}
    problem: dict[str, Any] = json.load(error)
    return problem


def read_webhook(body: bytes, headers: Mapping[str, str], *, secret: str) -> dict[str, Any]:
    """The event of a webhook's request. Raises WebhookVerificationError: answer 401 then, else 204.

    An event may come twice: keep the `webhook-id`s that you have had, and drop those.
    """
    event: dict[str, Any] = Webhook(secret).verify(body, dict(headers))
    return event
