"""The kit itself: a checker that never cries is worth nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from faults.history import REVIEW, History, Told, check
from faults.proxy import FaultProxy, Faults, How


def history(**told: Told) -> History:
    made = History()
    for mail, outcome in told.items():
        made.invoke(mail)
        made.note(mail, outcome, "")
    return made


@pytest.mark.parametrize(
    ("told", "visible", "bad"),
    [
        ({"a": Told.OK}, {"a": ["t1"]}, None),
        ({"a": Told.OK}, {"a": [REVIEW]}, None),
        ({"a": Told.OK}, {}, "lost"),
        ({"a": Told.UNKNOWN}, {}, None),
        ({"a": Told.FAIL}, {"a": ["t1"]}, None),
        ({"a": Told.OK}, {"a": ["t1", "t1"]}, "doubled"),
        ({"a": Told.OK}, {"a": ["t2"]}, "misplaced"),
        ({"a": Told.OK}, {"a": ["t1"], "b": ["t1"]}, "unexpected"),
        ({"a": Told.REFUSED}, {}, "refused"),
    ],
)
def test_the_checker_sees_what_is_wrong(told: dict[str, Told], visible: dict[str, list[str]], bad: str | None) -> None:
    verdict = check(history(**told), visible, {"a": ("t1",)})
    found = [n for n in ("lost", "doubled", "misplaced", "unexpected", "refused") if getattr(verdict, n)]
    assert found == ([bad] if bad else [])


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """A server that says each piece back, in upper case."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, suppress(ConnectionResetError):
                while data := client.recv(1000):
                    client.sendall(data.upper())

    threading.Thread(target=serve, daemon=True).start()
    yield ("127.0.0.1", int(listener.getsockname()[1]))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    ("faults", "heard"),
    [
        (Faults(), b"HELLO"),
        (Faults(latency=0.05), b"HELLO"),
        (Faults(cut_up=3), b""),
        (Faults(cut_down=3), b"HEL"),
        (Faults(cut_up=3, how=How.HALF_CLOSE), b"HEL"),
        (Faults(swallow=b"LL"), b""),
        (Faults(before_up=b"ll"), b""),
        (Faults(cut_down=3, how=How.BLACK_HOLE), b"HEL"),
        (Faults(swallow=b"LL", how=How.RESET), None),
    ],
)
def test_the_proxy_spoils_as_told(echo: tuple[str, int], faults: Faults, heard: bytes | None) -> None:
    with FaultProxy(echo, faults=faults) as proxy, socket.create_connection(proxy.address, timeout=0.5) as client:
        client.sendall(b"hello")
        got = b""
        try:
            while len(got) < 5 and (data := client.recv(100)):
                got += data
        except ConnectionResetError:
            assert heard is None
            return
        except TimeoutError:
            assert faults.how is How.BLACK_HOLE
        assert got == heard
