"""In charge of: Twilio's Messages resource and its signed calls as its documentation describes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from simulators.server import Call, Reply, Simulator

ACCOUNT, TOKEN, NUMBER = "AC" + "1" * 32, "token", "+15005550006"


@dataclass
class TwilioServer(Simulator):
    clock: Any = None
    refused: dict[str, tuple[int, int]] = field(default_factory=dict)  # number -> (HTTP status, error code)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Simulator.__init__(self)

    def answer(self, call: Call) -> Reply:
        wanted = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {wanted}":
            return _error(401, 20003)
        if call.method == "POST":
            return self._send(call)
        sid = call.path.rpartition("/")[2].removesuffix(".json")
        if sid != "Messages":
            found = self.messages.get(sid)
            return (200, found) if found else _error(404, 20404)
        return 200, {"messages": [m for m in self.messages.values() if m["to"] == call.query["To"]]}

    def _send(self, call: Call) -> Reply:
        form = call.body
        if form["To"] in self.refused:
            return _error(*self.refused[form["To"]])
        if form.get("From") != NUMBER and not form.get("MessagingServiceSid", "").startswith("MG"):
            return _error(400, 21606)
        if len(form["Body"]) > 1600:
            return _error(400, 21617)
        sid = f"SM{len(self.messages):032x}"
        self.messages[sid] = {
            "sid": sid,
            "account_sid": ACCOUNT,
            "to": form["To"],
            "from": form.get("From"),
            "body": form["Body"],
            "status": "queued",
            "num_segments": "1",
            "error_code": None,
            "error_message": None,
            "price": None,
            "date_created": format_datetime(self.clock()),
        }
        return 201, self.messages[sid]


def _error(status: int, code: int) -> Reply:
    return status, {"code": code, "message": f"error {code}", "more_info": "", "status": status}


def signed(url: str, fields: dict[str, str], *, token: str = TOKEN, algorithm: str = "sha1") -> tuple[bytes, str]:
    """(body, X-Twilio-Signature) of a call to us, written down from Twilio's own description."""
    tail = "".join(name + fields[name] for name in sorted(fields))
    mac = hmac.new(token.encode(), (url + tail).encode(), getattr(hashlib, algorithm)).digest()
    return urlencode(fields).encode(), base64.b64encode(mac).decode()
