"""Reliability 3: what a power failure leaves of a big mail that was never acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.history import History
from faults.sender import send_until_acknowledged
from faults.world import World
from gateway.store.blobs import digest_of


@pytest.mark.parametrize("left", [0, 4096])
def test_a_big_mail_over_what_a_power_failure_left(world: World, left: int) -> None:
    """Reliability 3, P1: the retry of a mail whose file was cut short is stored whole before its 250."""
    smtp, person = world.gateway("smtp"), world.add_person()
    mail = world.write(person, size=400_000)
    digest = digest_of(mail.raw)
    folder = Path(world.ctx.settings.blobs_address.removeprefix("file://")) / digest[:2]
    folder.mkdir(parents=True)
    (folder / digest).write_bytes(mail.raw[:left])
    smtp.start()
    assert send_until_acknowledged(smtp.address, mail, History())
    with world.ctx.database.read() as tx:
        assert tx.blobs.read(digest) == mail.raw
