"""In charge of: members' devices as rows. Not in charge of: what a subscription must hold (`threads.devices`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, or_, select

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.threads.devices import Device, Subscription


class Devices:
    """Devices within one transaction. One whose session ended is kept for a while, so that it goes on when the member
    signs in there again, but it is not found for sending.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, device: Device, *, now: datetime) -> None:
        """Keep it in place of what is known of the same device, or of the same browser, whoever used it then."""
        c, held = t.devices.c, device.subscription
        self._session.execute(delete(t.devices).where(or_(c.id == device.id, c.endpoint == held.endpoint)))
        row = {
            "id": device.id,
            "member_id": device.member_id,
            "session_hash": device.session,
            "endpoint": held.endpoint,
            "p256dh": held.p256dh,
            "auth": held.auth,
            "vapid": held.vapid,
            "client": device.client,
            "created_at": device.since,
            "kept_at": now,
        }
        self._session.execute(insert(t.devices), row)

    def find(self, device_id: str, member_id: str) -> Device | None:
        """A member's device, also one where they are no longer signed in."""
        c = t.devices.c
        row = self._session.execute(select(t.devices).where(c.id == device_id, c.member_id == member_id)).first()
        return _device(row) if row else None

    def find_open(self, device_id: str, *, now: datetime) -> Device | None:
        """A device where its member is signed in."""
        row = self._session.execute(_open(now).where(t.devices.c.id == device_id)).first()
        return _device(row) if row else None

    def open_of(self, member_id: str, *, now: datetime) -> list[Device]:
        """Those where a member is signed in, the oldest first."""
        query = _open(now).where(t.devices.c.member_id == member_id).order_by(t.devices.c.created_at, t.devices.c.id)
        return [_device(row) for row in self._session.execute(query)]

    def remove(self, device_id: str) -> None:
        self._session.execute(delete(t.devices).where(t.devices.c.id == device_id))

    def end(self, device_id: str, *, kept_by: datetime) -> None:
        """Remove it, unless its browser gave a new subscription after this time."""
        c = t.devices.c
        self._session.execute(delete(t.devices).where(c.id == device_id, c.kept_at <= kept_by))

    def remove_all(self, member_id: str) -> None:
        self._session.execute(delete(t.devices).where(t.devices.c.member_id == member_id))

    def forget(self, *, before: datetime, now: datetime) -> int:
        """Remove those where nobody is signed in, and that no browser gave since; how many."""
        c = t.devices.c
        signed_in = _open(now).with_only_columns(c.id)
        return self._session.execute(delete(t.devices).where(c.kept_at < before, c.id.not_in(signed_in))).rowcount


def _open(now: datetime) -> Select[Any]:
    s = t.sessions.c
    joined = select(t.devices).join(t.sessions, s.hash == t.devices.c.session_hash)
    return joined.where(s.member_id == t.devices.c.member_id, s.expires_at > now, s.pending.is_(False))


def _device(row: Row[Any]) -> Device:
    held = Subscription(row.endpoint, row.p256dh, row.auth, row.vapid)
    return Device(row.id, row.member_id, held, row.client, row.created_at, row.session_hash or "")
