"""Every answer that is no success is a problem (RFC 9457) that names the remedy and never repeats what was sent."""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
from collections.abc import Iterator

import pytest
from api_world import World, build_world
from cast import Company
from starlette.testclient import TestClient

from gateway.errors import Conflict, Refused, Unavailable
from gateway.threads.decisions import Reason, refuse
from gateway.usecases import applicants
from gateway.usecases.context import Context
from gateway.web.api.app import mount_api
from gateway.web.routes import build_web

SECRET = "kim.minji@example.test"


@pytest.fixture
def world(ctx: object) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        yield world


def assert_problem(response: object, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic abc", "Bearer " + "k" * 5000, "bearer\twrong"],
)
def test_without_a_valid_key_everything_is_401_with_a_challenge(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in ("/inbox", "/threads/x", "/nowhere", "/openings/%00"):
        response = world.anyone.get(f"/api/v1{path}", headers=headers)
        assert_problem(response, 401, "unauthorized")
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_nothing_of_a_body_is_read_before_the_key(world: World) -> None:
    response = world.anyone.post(
        "/api/v1/threads/x/messages", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert_problem(response, 401, "unauthorized")


def test_the_keys_scheme_is_case_insensitive(world: World) -> None:
    assert world.anyone.get("/api/v1/inbox", headers={"Authorization": f"bEARER {world.a.key}"}).status_code == 200


@pytest.mark.parametrize("path", ["/nowhere", "/openings/dev/", "/openings/a%2Fb", "/openings"])
def test_who_asks_at_an_address_that_is_none_is_told_so(world: World, path: str) -> None:
    """Else a slash at the end looks as if the opening were gone."""
    problem = assert_problem(world.a.get(path), 404, "not_found")
    assert "no such address" in str(problem["detail"])
    unknown = world.a.get("/threads/01hzzzzzzzzzzzzzzzzzzzzzzz")
    assert "no such address" not in str(assert_problem(unknown, 404, "not_found")["detail"])


def test_what_is_wrong_is_said_in_plain_words(world: World) -> None:
    """The reader is a person who integrates for the first time: no words of a library, no bare pattern."""
    thread, key = f"/threads/{world.a.thread_id}", f"/api-keys/{world.a.other_key_id}/rotate"
    calls = [
        ("PUT", "/applicants/minji/consents/fax", {"words": "Yes"}, "kind", "must be one of: 'email' or 'phone'"),
        ("POST", key, {"overlap_days": 1.5}, "overlap_days", "must be a whole number"),
        ("POST", key, {"overlap_days": True}, "overlap_days", "must be a whole number"),
        ("POST", "/rejections", {"applicants": ["minji"], "notify": "Sorry"}, "notify", "true, false or a message"),
        ("PUT", f"{thread}/order", {"assignee": "nobody@anvil.test"}, "assignee", "Nobody of the team"),
        ("PUT", "/openings/%FF", {"title": "T", "notify_emails": []}, "external_id", "is not UTF-8"),
        (
            "POST",
            "/bulk-messages",
            {"applicants": ["minji"], "text": "x", "variables": {"a": "b"}},
            "body",
            "leave them",
        ),
        ("GET", "/bulk-messages?cursor=zzz", None, "cursor", "is not one of ours"),
        ("GET", "/templates?cursor=Z%20Z", None, "cursor", "is not one of ours"),
    ]
    for method, path, body, field, says in calls:
        problem = assert_problem(world.a.request(method, path, json=body), 422, "invalid")
        assert [e["field"] for e in problem["errors"]] == [field], path
        assert says in problem["errors"][0]["message"], path
    seen = {"If-Match": "without-quotes"}
    refused = world.a.put("/openings/dev", json={"title": "T", "notify_emails": []}, headers=seen)
    assert "with its quotes" in assert_problem(refused, 422, "invalid")["errors"][0]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/threads/x/messages", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/openings/x", "GET, HEAD, OPTIONS, PUT"),
        ("POST", "/threads/x", "GET, HEAD, OPTIONS"),
        ("POST", "/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_405_lists_every_allowed_method(world: World, method: str, path: str, allowed: str) -> None:
    response = world.a.request(method, path)
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/openings/dev", "/threads/unknown", "/openapi.json", "/inbox?limit=1000"])
def test_head_says_what_get_would_without_a_body(world: World, path: str) -> None:
    """RFC 9110 §9.3.2."""
    got, head = world.a.get(path), world.a.request("HEAD", path)
    kept = ("content-type", "content-length", "etag")
    assert head.status_code == got.status_code
    assert [head.headers.get(n) for n in kept] == [got.headers.get(n) for n in kept]
    assert (head.content, bool(got.content)) == (b"", True)
    tag = {"If-None-Match": got.headers.get("etag", '"none"')}
    assert world.a.request("HEAD", path, headers=tag).status_code == world.a.get(path, headers=tag).status_code


def test_head_of_what_has_no_get_is_405_and_wants_a_key(world: World) -> None:
    assert world.a.request("HEAD", "/rejections").status_code == 405
    assert world.anyone.head("/api/v1/inbox").status_code == 401


def test_options_lists_every_method(world: World) -> None:
    """RFC 9110 §9.3.7."""
    answered = world.a.request("OPTIONS", "/openings/x")
    assert (answered.status_code, answered.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT")
    assert world.a.request("OPTIONS", "/nowhere").status_code == 404


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"title": "T" "x"}', b"\x00"])
def test_what_is_not_json_is_400(world: World, body: bytes) -> None:
    """Reliability 55, 63."""
    response = world.a.put("/openings/x", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_a_compressed_body_is_answered_with_what_to_send(world: World) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(b'{"title": "T", "notify_emails": []}')
    for answer in (
        world.a.put("/openings/x", content=body, headers=headers),
        world.a.post("/applicants/import", content=body, headers=headers | {"Content-Type": "text/csv"}),
    ):
        problem = assert_problem(answer, 415, "unsupported_media_type")
        assert "not compressed" in str(problem["detail"])
        assert answer.headers["accept-encoding"] == "identity"  # RFC 9110 §15.5.16


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
)
def test_another_media_type_is_415(world: World, media_type: str) -> None:
    response = world.a.put("/openings/x", content=b"{}", headers={"Content-Type": media_type})
    assert_problem(response, 415, "unsupported_media_type")


def test_json_with_a_charset_is_taken(world: World) -> None:
    body = b'{"title": "T", "notify_emails": []}'
    response = world.a.put("/openings/cs", content=body, headers={"Content-Type": "application/json; charset=utf-8"})
    assert response.status_code == 201


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_413(world: World, declared: bool) -> None:
    """Reliability 63."""
    size = world.ctx.settings.max_upload_bytes * 4 // 3 + 5 * 1024 * 1024
    chunk = b" " * 65_536
    body = (chunk for _ in range(size // len(chunk)))
    headers = {"Content-Type": "application/json"} | ({"Content-Length": str(size)} if declared else {})
    assert_problem(world.a.put("/openings/x", content=body, headers=headers), 413, "too_large")


class TestInTheWholeSite:
    """The API behind what stands before the pages, too."""

    @pytest.fixture
    def site(self, ctx: Context) -> TestClient:
        return TestClient(build_web(ctx, ctx.render, api=mount_api(ctx)), base_url="http://gateway.test")

    @pytest.mark.parametrize("more", [1_500_000, 5_000_000])
    def test_a_body_is_taken_as_large_as_the_api_says(
        self, more: int, site: TestClient, ctx: Context, company: Company
    ) -> None:
        """Reliability 63. All files of a post in base64 and 4 MiB of words around them; a larger one is a problem."""
        size = ctx.settings.max_upload_bytes * 4 // 3 + more
        body = b'{"title": "T", "notify_emails": []' + b" " * size + b"}"
        headers = {"Authorization": f"Bearer {company.api_key}", "Content-Type": "application/json"}
        answer = site.put("/api/v1/openings/x", content=body, headers=headers)
        if more < 4 * 1024 * 1024:
            assert answer.status_code == 201, answer.text
        else:
            assert_problem(answer, 413, "too_large")

    def test_an_address_beside_the_version_is_a_problem_like_all_others(self, site: TestClient) -> None:
        assert_problem(site.post("/api/openings/x", json={}), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"notify_emails": []}, "title", "missing"),
        ({"title": "T", "notify_emails": [], "role": "admin"}, "role", "leave it out"),
        ({"title": "T\x00", "notify_emails": []}, "title", "U+0000"),
        ({"title": "T\r\nBcc: x@y.test", "notify_emails": []}, "title", "one line"),
        ({"title": "  ", "notify_emails": []}, "title", "empty"),
        ({"title": "T" * 201, "notify_emails": []}, "title", "at most 200"),
        ({"title": ["T"], "notify_emails": []}, "title", "string"),
        ({"title": 1e308 * 10, "notify_emails": []}, "title", "string"),
        ({"title": "T", "notify_emails": SECRET}, "notify_emails", "list"),
        ({"title": "T", "notify_emails": ["a\nb"]}, "notify_emails[0]", "one line"),
        ({"title": "T", "notify_emails": [f"no address {SECRET}"]}, "notify_emails", "address"),
        ([], "body", "object"),
        (None, "body", "missing"),
    ],
)
def test_a_wrong_field_is_named_with_its_remedy(world: World, body: object, field: str, words: str) -> None:
    """Reliability 55."""
    raw = world.dumps(body) if body is not None else b""
    response = world.a.put("/openings/x", content=raw, headers={"Content-Type": "application/json"})
    problem = assert_problem(response, 422, "invalid")
    found = {e["field"]: e["message"] for e in problem["errors"]}
    assert any(name.startswith(field) and words in message for name, message in found.items()), found
    assert SECRET not in response.text


@pytest.mark.parametrize("text", ["\\ud800", "a\\udfffb"])
def test_lone_surrogates_are_refused(world: World, text: str) -> None:
    body = f'{{"title": "{text}", "notify_emails": []}}'.encode()
    response = world.a.put("/openings/x", content=body, headers={"Content-Type": "application/json"})
    problem = assert_problem(response, 422, "invalid")
    assert problem["errors"][0]["field"] == "title"
    strange_key = f'{{"title": "T", "notify_emails": [], "{text}": 1}}'.encode()
    response = world.a.put("/openings/x", content=strange_key, headers={"Content-Type": "application/json"})
    assert_problem(response, 422, "invalid")


def test_an_unknown_query_parameter_is_named(world: World) -> None:
    problem = assert_problem(world.a.get("/inbox?limt=3"), 422, "invalid")
    assert problem["errors"] == [{"field": "limt", "message": "is not known here: leave it out"}]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1e9", "99999999999999999999"])
def test_a_page_has_1_to_100_items(world: World, limit: str) -> None:
    assert_problem(world.a.get(f"/inbox?limit={limit}"), 422, "invalid")


@pytest.mark.parametrize("cursor", ["zzz", "é", "c2VxOi0x", "%00"])
def test_a_made_up_cursor_is_refused(world: World, cursor: str) -> None:
    problem = assert_problem(world.a.get(f"/threads/{world.a.thread_id}/messages?cursor={cursor}"), 422, "invalid")
    assert problem["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256])
def test_an_idempotency_key_has_a_form(world: World, key: str) -> None:
    response = world.a.post(
        f"/threads/{world.a.thread_id}/messages", json={"text": "Hello"}, headers={"Idempotency-Key": key}
    )
    problem = assert_problem(response, 422, "invalid")
    assert problem["errors"][0]["field"].lower() == "idempotency-key"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (RuntimeError(f"password of {SECRET}"), 500, "fault"),
        (Unavailable(f"cannot connect to {SECRET}"), 503, "unavailable"),
        (Conflict("newer_message", "Something newer is there."), 409, "newer_message"),
        (Conflict("too_many", "Wait a minute."), 429, "too_many"),
        (Refused(refuse(Reason.THREAD_BLOCKED, SECRET)), 403, "thread_blocked"),
        (Refused(refuse(Reason.THREAD_ERASED, SECRET)), 409, "thread_erased"),
    ],
)
def test_faults_become_problems_without_our_text(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    status: int,
    code: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(applicants, "put_opening", fail)
    with caplog.at_level(logging.DEBUG, "gateway"):
        response = world.a.put("/openings/x", json={"title": "T", "notify_emails": []})
    problem = assert_problem(response, status, code)
    assert SECRET not in response.text
    assert SECRET not in caplog.text
    if status >= 500:
        assert str(problem["trace"]) in caplog.text
    if status == 503:
        assert int(response.headers["retry-after"]) > 0


def test_with_the_database_away_even_the_key_check_answers_503(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_connections(*_: object, **__: object) -> None:
        raise Unavailable("The database does not answer at the moment.")

    monkeypatch.setattr(type(world.ctx.database), "read", refuse_connections)
    monkeypatch.setattr(type(world.ctx.database), "begin", refuse_connections)
    response = world.a.get("/inbox")
    assert_problem(response, 503, "unavailable")
    assert response.headers["retry-after"]


def test_the_document_and_the_page_for_people_need_no_key(world: World) -> None:
    document = world.anyone.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/api/v1"}]
    page = world.anyone.get("/api/docs")
    assert page.status_code == 200
    for path in document["paths"]:
        assert f"/api/v1{path}" in page.text
    assert "<script" not in page.text
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]


def test_every_post_takes_an_idempotency_key(world: World) -> None:
    document = world.anyone.get("/api/v1/openapi.json").json()
    posts = [m["post"] for m in document["paths"].values() if "post" in m]
    assert posts
    for operation in posts:
        assert "Idempotency-Key" in [p["name"] for p in operation["parameters"]]
