"""In charge of: the channel `sms`: one provider for Korean numbers, one for all others.

Not in charge of: any provider (`providers/`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.outbound.mail import nobody_asks
from gateway.threads.channel import (
    BatchChannel,
    CannotTell,
    Capabilities,
    Channel,
    Failed,
    Fault,
    Outgoing,
    Phone,
    Refusal,
    RefusalChannel,
    SendResult,
    Sent,
    Trace,
    TraceableChannel,
)
from gateway.threads.routing import SMS


class SmsRouter:
    """SMS by the provider in charge of the number's country."""

    name = SMS

    def __init__(self, *, korea: Channel | None, abroad: Channel | None) -> None:
        self._korea = korea
        self._abroad = abroad
        able = [c.capabilities for c in (korea, abroad) if c]
        self.capabilities = Capabilities(
            stable_key=False, receipts=True, traceable=True, batch=max((a.batch for a in able), default=1)
        )

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Send once."""
        channel = self._for(outgoing.phone)
        if channel is None:
            return Failed("channel_off", "No SMS provider is set up for this country.", Fault.CONFIG)
        return channel.send(outgoing, handing_over=handing_over)

    def send_many(
        self, batch: Sequence[Outgoing], *, handing_over: Callable[[], None] = nobody_asks
    ) -> list[SendResult]:
        """Send several, those of one provider in one call where it takes them. One result for each, in their order."""
        results: dict[str, SendResult] = {}
        for channel in (self._korea, self._abroad):
            mine = [o for o in batch if self._for(o.phone) is channel and o.delivery_id not in results]
            if isinstance(channel, BatchChannel):
                answers = channel.send_many(mine, handing_over=handing_over) if mine else []
            else:
                answers = [self.send(o, handing_over=handing_over) for o in mine]
            results |= {o.delivery_id: answer for o, answer in zip(mine, answers, strict=True)}
        return [results[o.delivery_id] for o in batch]

    def trace(self, sent: Sent) -> Trace:
        channel = self._for(sent.phone)
        if isinstance(channel, TraceableChannel):
            return channel.trace(sent)
        return CannotTell("No SMS provider is set up for this country.")

    def list_refusals(self, *, number: str, since: datetime) -> Sequence[Refusal] | CannotTell:
        """Free numbers are Korea's."""
        if isinstance(self._korea, RefusalChannel):
            return self._korea.list_refusals(number=number, since=since)
        return CannotTell("This provider does not say who called the free number.")

    def close(self) -> None:
        for channel in (self._korea, self._abroad):
            if channel:
                channel.close()

    def _for(self, phone: Phone | None) -> Channel | None:
        return self._korea if phone is not None and phone.is_korean else self._abroad
