"""The API keeps to its own OpenAPI document, whatever is sent (reliability 55): schemathesis, all checks, short."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from api_world import World, build_world, make_app
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.web.api.app import describe_api

MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
OPERATIONS = [(path, method) for path, methods in describe_api()["paths"].items() for method in methods]
MOST_FILES = 10  # a setting, so the document cannot know it
EXAMPLES = int(os.environ.get("API_EXAMPLES", "25"))  # of each operation and mode; `make cases` has the long form
PATIENCE = 300  # seconds: a busy machine is no finding
KNOWN = {
    "email": "minji@example.test",
    "phone": "+82 10 1234 5678",
    "opening": "dev",
    "public_contact": "jobs@example.test",
    "html": "<p>Hello</p>",  # there is HTML without a word in it
    "url": "https://ats.example.com/hooks",
    "template": "invite",
    "applicant": "minji",
    "variables": {},
    "expires_at": "2040-01-01T00:00:00Z",
    "given_at": "2020-01-01T00:00:00Z",
    "words": "Yes, please.",
    "assignee": "",
}
LINES = ("name", "title", "stage")  # there are characters without an outside: private, unassigned


@pytest.fixture
def world(ctx: object) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        yield world


def known_ids(world: World, path: str) -> list[dict[str, str]]:
    """Ids that exist, so that the calls get further than 404."""
    if path.startswith("/openings"):
        return [{"external_id": "dev"}]
    if path.endswith("/consents/{kind}"):
        return [{"external_id": "minji", "kind": "email"}]
    if "{external_id}" in path:
        return [{"external_id": "minji"}]
    if path.startswith("/templates"):
        return [{"key": "invite"}]
    if path.startswith("/bulk-messages/"):
        return [{"id": world.a.bulk_id}]
    if path.startswith("/webhooks"):
        return [{"id": world.a.webhook_id}]
    if path.startswith("/api-keys"):
        return [{"id": world.a.other_key_id}]
    if path.startswith("/threads"):
        return [{"id": world.a.thread_id}]
    if path.startswith("/deliveries"):
        return [{"id": world.a.delivery_id}]
    return [{"id": i} for i in world.a.entry_ids] if "{id}" in path else [{}]


def make_acceptable(case: Any, world: World) -> None:
    """What a schema cannot say: an address must be one, an opening and a thread must exist, a cursor be ours."""
    case.query.pop("cursor", None)
    case.headers.pop("If-Match", None)
    if case.method != "GET":
        case.headers.pop("If-None-Match", None)
    if case.path.endswith("/release"):
        case.media_type = "application/json"
        case.body = {**(case.body if isinstance(case.body, dict) else {}), "thread_id": world.a.thread_id}
        case.body.pop("sender_is", None)  # the mails that are there cannot be everybody's
    if case.media_type == "text/csv":
        case.body = "external_id,opening,name\nminji,dev,Minji\n"
    if not isinstance(case.body, dict):
        return
    if case.path.startswith("/templates"):
        _keep_plain_bodies(case.body)
        return
    notify = case.body.get("notify")  # may be true or false
    notify = notify if isinstance(notify, dict) else {}
    _name_times_to_come(case.body, notify, world)
    for holder in (case.body, notify, case.body.get("author"), notify.get("author")):
        if isinstance(holder, dict):
            holder.update({name: value for name, value in KNOWN.items() if holder.get(name)})
            _keep_one_content(holder)
            holder.update({name: files[:MOST_FILES] for name, files in holder.items() if name == "attachments"})
            holder.update({name: "Known" for name in LINES if name in holder and not holder[name].isprintable()})
    if case.path == "/bulk-messages":
        case.body["applicants"] = ["minji"]
    if case.body.get("tags"):  # a company has so many at most; and there are names of which nothing is seen
        case.body["tags"] = [f"tag {n}" for n, _ in enumerate(case.body["tags"])]
    if "notify_emails" in case.body:
        case.body["notify_emails"] = [f"p{n}@example.test" for n, _ in enumerate(case.body["notify_emails"])]


def _name_times_to_come(body: dict[str, Any], notify: dict[str, Any], world: World) -> None:
    for holder in (body, notify):
        if holder.get("send_at"):
            holder["send_at"] = (world.ctx.now + timedelta(hours=1)).isoformat()


def _keep_plain_bodies(template: dict[str, Any]) -> None:
    """A schema knows neither the language of templates nor that one body at least is needed: what is generated stays
    where it is plain text, and the values of an AlimTalk, which must match its #{names}, go.
    """
    given = [body for body in template.get("bodies", {"en": {}}).values() if body is not None]
    if not given:
        template["bodies"] = {"en": {"email": {"subject": "Hello", "text": "Hello"}}}
    for body in given:
        if body.get("alimtalk"):
            body["alimtalk"]["values"] = {}
        for part in (body.get("email"), body.get("sms"), body.get("alimtalk")):
            for name, words in (part or {}).items():
                if isinstance(words, str) and name not in ("review", "code") and not words.isalnum():
                    part[name] = "Hello"


def _keep_one_content(message: dict[str, Any]) -> None:
    """A template, or words of its own; and values only for a template."""
    for name in ("text", "html") if message.get("template") else ("variables",):
        if {"text", "html", "template"} & set(message):
            message.pop(name, None)


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_documented(world: World, path: str, method: str, mode: Any, tally: Counter[str]) -> None:
    """Reliability 55."""
    schema = schemathesis.openapi.from_dict(describe_api())
    schema.app = make_app(world.ctx)
    operation = schema[path][method]
    headers = {"Authorization": f"Bearer {world.a.key}"}
    cases = operation.as_strategy(generation_mode=mode, headers=headers)

    @given(case=cases, ids=st.sampled_from([{}, *known_ids(world, path)]))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="API_EXAMPLES" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, ids: dict[str, str]) -> None:
        if mode is schemathesis.GenerationMode.POSITIVE:
            case.path_parameters.update(ids)
            make_acceptable(case, world)
        case.call_and_validate(headers=headers, timeout=PATIENCE)
        tally[f"API cases, {mode.value}: answered as documented"] += 1

    if mode is schemathesis.GenerationMode.NEGATIVE and not can_be_wrong(operation):
        return
    call()


def can_be_wrong(operation: Any) -> bool:
    """Is there anything that a caller could send wrongly?"""
    return bool(operation.query or operation.path_parameters or operation.body)
