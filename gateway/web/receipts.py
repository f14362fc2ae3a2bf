"""In charge of: the calls that providers make to us — reports of deliveries, incoming messages, refusals of advertising
— at /hooks.

Not in charge of: whether a call is genuine (a `Hook` of `gateway.outbound`) or what it changes (use cases).

What is not proven gets 401 and changes nothing, a provider without a secret included. Everything else gets 200, also
what says nothing new: providers repeat what they see refused. Only our own trouble is a 503, so that they come again.
"""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.errors import Unavailable
from gateway.threads.channel import HookCall, HookNews
from gateway.usecases.context import Context
from gateway.usecases.receive_sms import receive_sms
from gateway.usecases.record_receipt import record_receipts
from gateway.usecases.record_refusals import record_refusals

MOST_BYTES = 2_000_000  # of one call
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # TwiML: no automatic answer
log = logging.getLogger("gateway.web.receipts")


async def provider_call(request: Request) -> Response:
    """A provider reports what became of messages, passes on an SMS, or says who called the free number; signed, or with
    its secret, else 401.
    """
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > MOST_BYTES:
            return PlainTextResponse("too large", 413)
    return await run_in_threadpool(_answer, request, bytes(raw))


def _answer(request: Request, raw: bytes) -> Response:
    ctx: Context = request.app.state.site.ctx
    provider = str(request.path_params["provider"])
    hook = ctx.hooks.get(provider)
    if hook is None:
        return PlainTextResponse("no such provider", 404)
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{ctx.settings.public_url}{request.url.path}{query}"
    headers = {name.lower(): value for name, value in request.headers.items()}
    news = hook.read(HookCall(url, headers, raw))
    if news is None:
        log.warning("a call to /hooks/%s was not proven to be the provider's", provider)
        return PlainTextResponse("not proven to be yours", 401)
    try:
        _record(ctx, news)
    except Unavailable:
        return PlainTextResponse("not now", 503, headers={"Retry-After": "60"})
    if provider == "twilio":
        return Response(NOTHING_TO_SAY, media_type="text/xml")
    return PlainTextResponse("ok")


def _record(ctx: Context, news: HookNews) -> None:
    for channel, receipts in news.receipts.items():
        record_receipts(ctx, channel, receipts)
    for message in news.messages:
        receive_sms(ctx, message)
    record_refusals(ctx, news.refusals)
