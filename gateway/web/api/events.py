"""In charge of: `/events`, the pull twin of the webhooks. Not in charge of: what is told (`threads.webhooks`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.threads.webhooks import event_content
from gateway.usecases.push_events import events_after
from gateway.web.api.answers import answer
from gateway.web.api.auth import Reader
from gateway.web.api.schemas_hooks import EventOut, EventPage, EventsQuery

router = APIRouter(tags=["Events"])


@router.get(
    "/events",
    response_model=EventPage,
    summary="List events",
    description="In order, each once, none left out. Keep the last `id` and ask on with `after`.",
)
def list_events(query: Annotated[EventsQuery, Query()], caller: Reader) -> Response:
    after = query.cursor or query.after or ""
    try:
        found, more = events_after(
            caller.ctx, caller.viewer, after=after, types=tuple(query.types or ()), limit=query.limit
        )
    except Invalid as fault:
        raise Invalid("cursor" if query.cursor else "after", fault.message) from None
    items = [EventOut.model_validate(event_content(event, applicant=applicant)) for event, applicant in found]
    return answer(EventPage(items=items, next=more))
