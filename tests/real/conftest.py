"""Real programs around a real gateway: all on free loopback ports, in a folder of their own.

They are stopped by their own pid files, and nothing of the machine's own mail system is read or changed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from real.gateway import Gateway, start_gateway
from real.network import Ports, Post, start_post
from real.programs import free_ports, need_root


@pytest.fixture(scope="session")
def post_folder() -> Iterator[Path]:
    """Short (sockets lie in it) and open to the users that Postfix and Dovecot change to."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-post-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ports() -> Ports:
    return Ports(*free_ports(5))


@pytest.fixture(scope="session")
def gateway(post_folder: Path, ports: Ports) -> Iterator[Gateway]:
    """Ends with the run: quietly, and with nobody's address in its log."""
    folder = post_folder / "gateway"
    running = start_gateway(folder, http_port=ports.http, smtp_port=ports.smtp, smarthost_port=ports.provider)
    try:
        yield running
    finally:
        status = running.stop()
    assert status == 0, running.log[-3000:]
    assert "Traceback" not in running.log, running.log[-6000:]
    assert "@" not in running.log


@pytest.fixture(scope="session")
def post(post_folder: Path, ports: Ports, gateway: Gateway) -> Iterator[Post]:
    need_root()
    running = start_post(post_folder, ports)
    try:
        yield running
    finally:
        running.stop()
