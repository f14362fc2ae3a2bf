"""In charge of: a real HTTP server on this machine that answers as a provider does, and misbehaves when it is told.

Not in charge of: any provider's rules (siblings).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Call:
    """One request. `body` is the JSON or the form, `raw` its bytes."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in small letters
    body: Mapping[str, Any]
    raw: bytes = b""


Reply = tuple[int, Any]  # status, object for JSON or raw bytes


@dataclass
class Trouble:
    """What goes wrong with the next call. `after`: the provider does its work first, then the answer is lost."""

    kind: str  # hang_up | status | body | slow
    after: bool = False
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Simulator:
    """A provider. Subclasses answer in `answer`; `plan` holds troubles for the next calls that change something."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.plan: list[Trouble] = []
        self.lock = threading.Lock()
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                _serve(self, simulator)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, call: Call) -> Reply:
        raise NotImplementedError

    def posts(self) -> list[Call]:
        return [c for c in self.calls if c.method == "POST"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _serve(handler: BaseHTTPRequestHandler, simulator: Simulator) -> None:
    call = _read(handler)
    with simulator.lock:
        simulator.calls.append(call)
        trouble = simulator.plan.pop(0) if simulator.plan and call.method == "POST" else None
        reply = simulator.answer(call) if trouble is None or trouble.after else (0, None)
    if trouble is None:
        _write(handler, *reply)
    elif trouble.kind == "hang_up":
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
    else:
        _write(handler, trouble.status, trouble.body, trouble.headers)


def _read(handler: BaseHTTPRequestHandler) -> Call:
    parts = urlsplit(handler.path)
    raw = handler.rfile.read(int(handler.headers.get("content-length", 0)))
    headers = {k.lower(): v for k, v in handler.headers.items()}
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body: Any = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    else:
        body = json.loads(raw) if raw and headers.get("content-type") != "application/octet-stream" else {}
    return Call(handler.command, parts.path, dict(parse_qsl(parts.query)), headers, body, raw)


def _write(handler: BaseHTTPRequestHandler, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json;charset=UTF-8")
    handler.send_header("Content-Length", str(len(raw)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(raw)


def lose_answer() -> Trouble:
    """The provider takes the message; the line breaks before its answer."""
    return Trouble("hang_up", after=True)


def hang_up() -> Trouble:
    """The line breaks and the provider took nothing."""
    return Trouble("hang_up")


def say(status: int, body: Any = b"", **headers: str) -> Trouble:
    return Trouble("status", status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


Outcome = Callable[[Mapping[str, Any]], str]  # a provider's result code for one message
