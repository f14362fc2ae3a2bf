"""In charge of: the bodies and answers of events, webhooks and API keys.

Not in charge of: what they mean (use cases).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

from gateway.threads import events
from gateway.threads.keys import ApiKey, KeyScope
from gateway.threads.webhooks import HookPost, HookState, PostState, event_name
from gateway.usecases.webhooks import HookStatus
from gateway.web.api.schemas import FullLine, Input, Line, PageQuery
from gateway.web.api.schemas_in import SendAt


def _check_event(name: str) -> str:
    if name not in events.NAMES:
        raise PydanticCustomError("event", f"is no event: use {', '.join(events.NAMES)}")
    return name


EventType = Annotated[str, AfterValidator(_check_event), Field(json_schema_extra={"enum": list(events.NAMES)})]
EVENT_ID = r"^evt_[0-9]{1,18}$"
EventId = Annotated[str, Field(max_length=22, pattern=EVENT_ID)]
Url = Annotated[FullLine, Field(max_length=2000, json_schema_extra={"format": "uri"})]


class EventsQuery(PageQuery):
    """Which events."""

    after: EventId | None = Field(None, description="`id` of the last event that you have; left out: from the first.")
    types: list[EventType] | None = Field(
        None, max_length=50, description="Only these; left out: all. May be repeated."
    )


class EventOut(BaseModel):
    """What happened. A webhook's body is exactly this. It carries ids; read the words with the API."""

    id: str = Field(description="`evt_…`: the place in the order of events, and the webhook's `webhook-id`.")
    type: str
    timestamp: str = Field(json_schema_extra={"format": "date-time"})
    data: dict[str, str | int] = Field(
        description="`thread_id`, `applicant` (your id), `event_seq`, and what docs/events.md lists for the type."
    )


class EventPage(BaseModel):
    """Events in order. When `next` is null, ask on later with `after` = the last `id`."""

    items: list[EventOut]
    next: str | None


class WebhookIn(Input):
    """An endpoint of yours that is told of events."""

    url: Url = Field(description="https:// and on the public internet.")
    types: list[EventType] = Field(default_factory=list, max_length=50, description="Which events; `[]` means all.")
    description: Annotated[Line, Field(max_length=200)] = ""


class WebhookPatch(Input):
    """What to change; what is left out stays."""

    url: Url | None = None
    types: list[EventType] | None = Field(None, max_length=50)
    description: Annotated[Line, Field(max_length=200)] | None = None
    state: Literal["enabled", "disabled"] | None = Field(
        None, description="Enabled again, it goes on where it stopped: nothing is lost meanwhile."
    )


class WebhookOut(BaseModel):
    """An endpoint. `reason` says why it is disabled: `gone` (it answered 410), `failing`, `by_hand`."""

    id: str
    url: str
    types: list[str]
    description: str
    state: HookState
    reason: str | None
    failing_since: datetime | None
    waiting: int = Field(description="Events that wait to be posted; counted up to 1000.")
    failed: int = Field(description="Events that were given up and can be replayed; counted up to 1000.")
    created_at: datetime
    secret: str | None = Field(None, description="`whsec_…`; only in the answer that made it.")

    @classmethod
    def of(cls, status: HookStatus, *, secret: str | None = None) -> Self:
        hook = status.hook
        return cls(
            id=hook.id,
            url=hook.url,
            types=list(hook.types),
            description=hook.description,
            state=hook.state,
            reason=hook.reason or None,
            failing_since=hook.failing_since,
            waiting=status.waiting,
            failed=status.failed,
            created_at=hook.created_at,
            secret=secret,
        )


class WebhookPage(BaseModel):
    """All endpoints: there are never more than one page."""

    items: list[WebhookOut]
    next: None = None


class PostsQuery(PageQuery):
    """Which posts of an endpoint."""

    state: Literal["queued", "delivered", "failed"] | None = Field(None, description="Left out: all.")


class PostOut(BaseModel):
    """One event for one endpoint."""

    event: str
    type: str
    thread_id: str
    state: PostState
    tries: int
    code: str | None = Field(description="The last answer: an HTTP status, or why there was none.")
    next_attempt_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None

    @classmethod
    def of(cls, post: HookPost) -> Self:
        return cls(
            event=event_name(post.event_id),
            type=post.type,
            thread_id=post.thread_id,
            state=post.state,
            tries=post.tries,
            code=post.code or None,
            next_attempt_at=post.next_attempt_at if post.state is PostState.QUEUED else None,
            created_at=post.created_at,
            delivered_at=post.delivered_at,
        )


class PostPage(BaseModel):
    """The newest first."""

    items: list[PostOut]
    next: str | None


class ReplayIn(Input):
    """What to send again: one `event`, or else all that failed since a time (`everything`: those delivered, too)."""

    event: EventId | None = None
    since: SendAt | None = Field(None, description="Left out: as far back as is kept, 30 days.")
    everything: StrictBool = False


class ReplayOut(BaseModel):
    """How many events were queued again."""

    queued: int


class ApiKeyIn(Input):
    """A key for a system of yours."""

    name: FullLine
    scopes: list[KeyScope] = Field(min_length=1, max_length=10, description="No more than your own key has.")
    expires_at: SendAt | None = Field(None, description="Left out: until it is revoked.")


class RotateIn(Input):
    """How long the old key still works."""

    overlap_days: StrictInt = Field(7, ge=0, le=90)


class ApiKeyOut(BaseModel):
    """A key; its secret only in the answer that made it."""

    id: str
    name: str
    scopes: list[KeyScope]
    state: Literal["active", "expired", "revoked"]
    created_at: datetime
    expires_at: datetime | None
    key: str | None = Field(None, description="`gw_…`; shown once.")

    @classmethod
    def of(cls, key: ApiKey, *, now: datetime, secret: str | None = None) -> Self:
        return cls.model_validate(
            {
                "id": key.id,
                "name": key.name,
                "scopes": list(key.scopes),
                "state": key.state(now),
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "key": secret,
            }
        )


class ApiKeyPage(BaseModel):
    """All keys, those out of force included."""

    items: list[ApiKeyOut]
    next: None = None
