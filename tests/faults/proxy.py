"""In charge of: a TCP proxy that spoils connections as it is told. Not in charge of: the ends.

Faults: latency; cut after N bytes in either direction, or after certain bytes have passed; half-close; black hole
(bytes are taken and go nowhere); reset; swallowing an answer that contains certain bytes.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

_RESET = struct.pack("ii", 1, 0)


class How(StrEnum):
    """What happens to a connection at its fault."""

    FIN = "fin"  # both sides are closed in order
    RESET = "reset"  # both sides get RST
    HALF_CLOSE = "half close"  # the server hears the end of what the client says; answers still pass
    BLACK_HOLE = "black hole"  # nothing passes any more, and nobody is told


@dataclass(frozen=True)
class Faults:
    """What befalls each new connection."""

    latency: float = 0.0  # seconds before each piece is passed on
    cut_up: int | None = None  # client to server: fault after so many bytes
    cut_down: int | None = None  # server to client
    after_up: bytes = b""  # fault once the client's bytes with this in them have been passed on
    before_up: bytes = b""  # fault instead of passing on the client's bytes with this in them
    swallow: bytes = b""  # an answer with this in it does not pass: fault instead
    how: How = How.FIN


@dataclass
class FaultProxy:
    """Listens on `address`; `faults` may be changed at any time and holds for new connections.

    `times`: after so many faults the connections are left alone (None: never).
    """

    target: tuple[str, int]
    faults: Faults = Faults()
    times: int | None = None
    connections: int = 0
    struck: int = 0  # faults that took place
    _open: set[socket.socket] = field(default_factory=set)
    _links: list[_Link] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address: tuple[str, int] = ("127.0.0.1", self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def go_dark(self) -> None:
        """From now on nothing passes on the connections that are open; new ones are served."""
        with self._lock:
            for link in self._links:
                link.go_dark()

    def close(self) -> None:
        # shutdown wakes the thread that waits in accept; close alone does not
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left, self._open = list(self._open), set()
        for side in left:
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connect, args=(client, self.faults), daemon=True).start()

    def _connect(self, client: socket.socket, faults: Faults) -> None:
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for side in (client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open |= {client, server}
        link = _Link(self, client, server, faults)
        with self._lock:
            self._links.append(link)
        up = threading.Thread(target=link.pump_up, daemon=True)
        up.start()
        link.pump_down()
        up.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    def strike(self) -> bool:
        """Take one fault from the budget; False if there is none left."""
        with self._lock:
            if self.times is not None and self.struck >= self.times:
                return False
            self.struck += 1
            return True


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket, faults: Faults) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._faults = faults
        self._dark = False
        self._mute = False  # no answer passes any more
        self._over = False  # both sides are to be closed

    def go_dark(self) -> None:
        self._dark = True

    def pump_up(self) -> None:
        f = self._faults
        self._pump(self._client, self._server, limit=f.cut_up, after=f.after_up, instead=f.before_up)

    def pump_down(self) -> None:
        f = self._faults
        self._pump(self._server, self._client, limit=f.cut_down, after=b"", instead=f.swallow)

    def _pump(
        self, source: socket.socket, sink: socket.socket, *, limit: int | None, after: bytes, instead: bytes
    ) -> None:
        passed, seen = 0, b""
        with suppress(OSError, ValueError):  # ValueError: the proxy has been closed meanwhile
            while data := self._receive(source):
                if self._faults.latency:
                    time.sleep(self._faults.latency)
                overlap = max(len(after), len(instead), 1) - 1  # a pattern may come in two pieces, and counts once
                seen = (seen[-overlap:] if overlap else b"") + data
                if limit is not None and passed + len(data) >= limit and self._proxy.strike():
                    self._mute = self._mute or (source is self._client and self._faults.how in (How.FIN, How.RESET))
                    self._pass(sink, data[: limit - passed])
                    self._fault()
                    limit = None
                elif instead and instead in seen and self._proxy.strike():
                    self._fault()
                else:
                    struck = bool(after) and after in seen and self._proxy.strike()
                    self._mute = self._mute or struck  # before its answer can come
                    self._pass(sink, data)
                    passed += len(data)
                    if struck:
                        self._fault()
            if not self._over:
                sink.shutdown(socket.SHUT_WR)
                return
        self._over = True  # an end that failed takes the other with it

    def _receive(self, source: socket.socket) -> bytes:
        """The next piece; b"" at the end. A thread that blocks in recv would keep the socket open after its close."""
        poll = select.poll()
        poll.register(source, select.POLLIN)
        while not self._over:
            if poll.poll(20):
                return source.recv(65_536)
        return b""

    def _pass(self, sink: socket.socket, data: bytes) -> None:
        if data and not self._dark and not (self._mute and sink is self._client):
            sink.sendall(data)

    def _fault(self) -> None:
        how = self._faults.how
        if how is How.BLACK_HOLE:
            self._dark = True
        elif how is How.HALF_CLOSE:
            self._server.shutdown(socket.SHUT_WR)
        else:
            if how is How.RESET:
                for side in (self._client, self._server):
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._over = True
