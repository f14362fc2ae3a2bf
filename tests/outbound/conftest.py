"""Fixtures for sending: servers that are started and stopped, channels to them, an ordinary mail."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from mail_servers import DOMAIN, NOW, OUTGOING, FaultServer, Sink, free_port
from provider_kit import OPEN

from gateway.outbound.mail import MailChannel
from gateway.outbound.smtp_client import Relay, Tls
from gateway.threads.channel import Outgoing


@pytest.fixture
def outgoing() -> Callable[..., Outgoing]:
    """An ordinary mail to a candidate, with what a test wants to be different."""
    return lambda **changes: replace(OUTGOING, **changes)


@pytest.fixture(autouse=True)
def close_apis() -> Iterator[None]:
    """Connections to simulated providers end with the test."""
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def start_sink() -> Iterator[Callable[..., Sink]]:
    """Starts a Sink; keyword arguments go to aiosmtpd."""
    controllers = []

    def start(**options: Any) -> Sink:
        sink = Sink(free_port())
        controller = Controller(sink, hostname="127.0.0.1", port=sink.port, **options)
        controller.start()
        controllers.append(controller)
        return sink

    yield start
    for controller in controllers:
        controller.stop()


@pytest.fixture
def sink(start_sink: Callable[..., Sink]) -> Sink:
    return start_sink()


@pytest.fixture(params=["step by step", "pipelining"])
def start_fault_server(request: pytest.FixtureRequest) -> Iterator[Callable[..., FaultServer]]:
    """Starts a FaultServer with a script; every fault is met in both ways of talking (RFC 2920)."""
    servers: list[FaultServer] = []

    def start(**script: list[bytes]) -> FaultServer:
        servers.append(FaultServer(script, pipelining=request.param == "pipelining"))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., MailChannel]]:
    """A MailChannel to a port of this machine."""
    channels: list[MailChannel] = []

    def make(port: int, *, signer: Any = None, **changes: Any) -> MailChannel:
        relay = Relay("localhost", port, Tls.OFFERED, DOMAIN, step_seconds=3.0, answer_seconds=3.0)
        channels.append(MailChannel(replace(relay, **changes), domain=DOMAIN, clock=lambda: NOW, signer=signer))
        return channels[-1]

    yield make
    for channel in channels:
        channel.close()


@pytest.fixture(scope="session")
def tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and a client's that trusts it."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client
