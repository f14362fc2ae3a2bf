"""In charge of: what a webhook endpoint is told, which addresses it may have, and when a failed post is tried again.

Not in charge of: posting (`outbound.ats`) or rows (`store.webhooks`).

The body is that of Standard Webhooks 1.0: `type`, `timestamp`, `data`. It carries ids only; the words are read with the
API, so no candidate's words lie in queues of ours or of others.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from gateway.threads.events import Event

LADDER = (30, 300, 1800, 7200, 28_800, 86_400)  # seconds after the 1st, 2nd … failed try (facts: Standard Webhooks)
LONGEST_URL = 2000
PAUSE = timedelta(seconds=30)  # of an endpoint that failed several times in a row
ROTATION = timedelta(hours=24)  # both secrets sign
KEPT = timedelta(days=30)  # how long finished deliveries can be replayed
_REFUSED_NETS = tuple(
    ipaddress.ip_network(net)
    for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10", "100.64.0.0/10")
)  # NAT64 (RFC 6052, RFC 8215), 6to4, Teredo, old site-local, carrier NAT: each can lead to an inner address


class HookState(StrEnum):
    """Of an endpoint. A disabled one loses nothing: enabled again, it goes on where it stopped."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class PostState(StrEnum):
    """Of one event for one endpoint."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint of the ATS. `types` empty means every event. `cursor` is the newest event that was queued for it."""

    id: str
    workspace_id: str
    url: str
    description: str
    types: tuple[str, ...]
    state: HookState
    reason: str
    secret: str  # sealed
    old_secret: str  # sealed; "" = none
    old_secret_until: datetime | None
    cursor: int
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HookPost:
    """One event on its way to one endpoint."""

    id: str
    webhook_id: str
    event_id: int
    thread_id: str
    type: str
    state: PostState
    tries: int
    code: str
    next_attempt_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a post. `status` 0: no answer, and `code` says why. `after`: seconds, by Retry-After."""

    status: int
    code: str = ""
    after: float | None = None

    @property
    def arrived(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class HookMove:
    """What a post becomes; `disable` says why the endpoint is switched off, "" if it is not."""

    state: PostState
    code: str
    next_attempt_at: datetime | None = None
    disable: str = ""


def after_post(
    answer: Answered, *, tries: int, now: datetime, jitter: float, failing_since: datetime | None, queued_at: datetime
) -> HookMove:
    """The next state after the `tries`-th try.

    410 Gone switches the endpoint off. So does a post that went up the whole ladder while no other one arrived.
    """
    if answer.arrived:
        return HookMove(PostState.DELIVERED, str(answer.status))
    code = answer.code or str(answer.status)
    if answer.status == 410:
        return HookMove(PostState.QUEUED, code, now, disable="gone")
    if tries > len(LADDER):
        dead = failing_since is not None and failing_since <= queued_at + timedelta(seconds=LADDER[0])
        return HookMove(PostState.FAILED, code, disable="failing" if dead else "")
    wait = max(LADDER[tries - 1] * (1 + jitter / 5), min(answer.after or 0, LADDER[-1]))
    return HookMove(PostState.QUEUED, code, now + timedelta(seconds=wait))


def event_name(event_id: int) -> str:
    """The public id of an event: the `webhook-id` header, `id` in the body, and the cursor of `GET /events`."""
    return f"evt_{event_id}"


def read_event_name(name: str) -> int | None:
    """The number in `evt_123`; None for anything else."""
    number = name.removeprefix("evt_")
    is_ours = name.startswith("evt_") and number.isascii() and number.isdigit() and len(number) < 19
    return int(number) if is_ours else None


def event_content(event: Event, *, applicant: str) -> dict[str, object]:
    """What is told of an event, the same by webhook and by `GET /events`. `applicant` is the ATS's own id."""
    about: dict[str, object] = {"thread_id": event.thread_id, "applicant": applicant, "event_seq": event.seq}
    return {
        "id": event_name(event.id),
        "type": event.name,
        "timestamp": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": about | {name: int(value) if name == "seq" else value for name, value in event.data.items()},
    }


def event_body(event: Event, *, applicant: str) -> str:
    """The same as JSON: these very bytes are signed and sent."""
    return json.dumps(event_content(event, applicant=applicant), ensure_ascii=False, separators=(",", ":"))


def url_fault(url: str, *, allow_private: bool) -> str:
    """What is wrong with an endpoint's address and what to do; "" if nothing is. The resolved address is checked again
    when it is connected to (`is_public_address`).
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address. Write it like https://ats.example.com/hooks."
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        return "Use an https:// address: the events must not travel unencrypted."
    if not host or len(url) > LONGEST_URL or any(c <= " " or c == "\x7f" for c in url):
        return "This is no address. Write it like https://ats.example.com/hooks."
    if parts.username is not None or parts.password is not None:
        return "Leave user and password out of the address: the signature proves who we are."
    if parts.fragment:
        return "Leave out the part from # on: it is never sent."
    if not allow_private and _is_literal(host) and not is_public_address(host):
        return "This address is not on the public internet. Use one that is."
    return ""


def is_public_address(address: str) -> bool:
    """May we connect to this IP address? Nothing private, local, reserved, or translated to such (reliability 58)."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    return not any(ip.version == net.version and ip in net for net in _REFUSED_NETS)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
