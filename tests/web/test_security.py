"""What every answer carries, what is refused, and what a person reads when something breaks."""

from __future__ import annotations

import gzip
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from cast import Company
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, path_of, words_of

from gateway import docs
from gateway.errors import Unavailable
from gateway.usecases import applicants
from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView
from gateway.web.brand import brand_css, contrast
from gateway.web.security import is_forged
from gateway.web.static_files import BUNDLES, FOLDER


@pytest.fixture
def client(ctx: Context, company: Company) -> TestClient:
    return browser_of(make_app(ctx, company), company.jun)


def assert_strict(headers: Headers) -> None:
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("path", ["/", "/desk", "/nope", "/c/nope", "/sign-in", "/healthz", "/metrics", "/desk/counts"])
def test_every_answer_is_strict(client: TestClient, path: str) -> None:
    """Reliability 61: a policy without exceptions, on errors too."""
    headers = client.get(path).headers
    assert_strict(headers)
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_no_route_answers_without_the_headers(client: TestClient, ctx: Context, company: Company) -> None:
    """Reliability 61: each route that there is, for a stranger and for a member, read and posted to."""
    stranger = browser_of(make_app(ctx, company))
    for methods, path, _, _ in docs.page_list():
        address = re.sub(r"{[^}]+}", "none", path)
        for method in methods.split("|"):
            for browser in (stranger, *([] if path.endswith("stream") or path == "/sign-out" else [client])):
                answer = browser.request(method, address)
                assert answer.status_code < 500, (method, address)
                assert_strict(answer.headers)
        assert_strict(stranger.delete(address).headers)


def test_no_page_needs_what_the_policy_forbids(client: TestClient, mina: ApplicantView) -> None:
    for path in ("/desk", f"/desk/t/{mina.thread_id}", path_of(mina), "/sign-in", "/desk/settings"):
        page = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|<script(?![^>]*\ssrc=)", page)
        assert "http://" not in page.replace("http://gateway.test", "")


class TestOverHttps:
    @pytest.fixture
    def settings_values(self) -> dict[str, Any]:
        return {"public_url": "https://talk.example"}

    def test_the_cookie_is_pinned_to_the_host(self, ctx: Context, company: Company) -> None:
        """Reliability 61."""
        client = TestClient(make_app(ctx, company), base_url="https://talk.example", follow_redirects=False)
        answer = client.get(f"/dev/login/{company.jun.id}")
        assert answer.headers["set-cookie"].startswith("__Host-gateway=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age=" in answer.headers["strict-transport-security"]
        assert client.get("/desk").status_code == 200


@pytest.mark.parametrize(
    ("headers", "forged"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "http://gateway.test"}, False),
        ({"origin": "https://talk.example"}, False),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "https://talk.example.evil.example"}, True),
        ({"origin": "null"}, False),
    ],
)
def test_forged_posts(headers: dict[str, str], forged: bool) -> None:
    """Reliability 61."""
    assert is_forged(Headers({"host": "gateway.test", **headers}), "talk.example") is forged


def test_a_forged_post_changes_nothing_and_says_why(client: TestClient, mina: ApplicantView) -> None:
    """Reliability 61."""
    answer = client.post(path_of(mina), data={"text": "hi"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "The form did not come from this site." in words_of(answer.text)
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "hostile",
    [
        {"data": {f"f{n}": "x" for n in range(10_000)}},
        {"files": [("files", (f"{n}.txt", b"x", "text/plain")) for n in range(1_000)]},
        {"data": {"text": "x"}, "files": {"text": (None, b"x" * (9 << 20))}},
        {"content": b"--b\r\n" * 100_000, "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"&" * 1_000_000, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ],
    ids=["fields", "files", "long-field", "boundaries", "no-boundary", "separators"],
)
def test_a_form_that_is_made_to_cost_much_is_refused_soon(
    client: TestClient, mina: ApplicantView, hostile: dict[str, Any]
) -> None:
    """Reliability 63: too many fields, files or parts, or one that is too long (CVE-2023-30798, CVE-2024-47874)."""
    began = time.process_time()
    answer = client.post(path_of(mina), **hostile)
    assert time.process_time() - began < 5
    assert answer.status_code in (400, 413, 422), answer.status_code
    assert_strict(answer.headers)


def test_a_great_question_and_odd_ranges_are_answered_as_any_other(client: TestClient, mina: ApplicantView) -> None:
    """Reliability 63: a huge query costs no more than its reading; ranges of files are not offered (CVE-2025-62727)."""
    began = time.process_time()
    assert client.get("/desk/search", params={"q": "x " * 15_000}).status_code < 500
    asset = re.findall(r'"(/static/[^"#]+)', client.get(path_of(mina)).text)[0]
    answer = client.get(asset, headers={"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(50_000))})
    assert answer.status_code == 200
    assert time.process_time() - began < 5


class TestLargeBodies:
    @pytest.fixture
    def settings_values(self) -> dict[str, Any]:
        return {"max_upload_bytes": 2000}

    def test_too_large_by_content_length_and_by_what_really_came(self, ctx: Context, company: Company) -> None:
        """Reliability 63."""
        client = browser_of(make_app(ctx, company))
        big = b"x" * (1 << 20) + b"x" * 4000

        def pieces() -> Any:
            yield from (big[i : i + 65536] for i in range(0, len(big), 65536))

        for body in (big, pieces()):
            answer = client.post(
                "/sign-in", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            assert answer.status_code == 413
            assert "That is too large" in words_of(answer.text)

    def test_files_over_the_limit_keep_the_text(self, ctx: Context, company: Company, mina: ApplicantView) -> None:
        client = browser_of(make_app(ctx, company))
        files = {"files": ("big.pdf", b"x" * 2500, "application/pdf")}
        answer = client.post(path_of(mina), data={"text": "My letter"}, files=files)
        assert answer.status_code == 422
        assert "big.pdf is 2 kB. Files can be up to 2 kB." in words_of(answer.text) or "big.pdf is 2.5 kB" in words_of(
            answer.text
        )
        assert "My letter" in answer.text


def behind(proxies: list[str], ctx: Context) -> Context:
    """The same gateway behind these proxies; the tests' browser calls from the address "testclient"."""
    return replace(ctx, settings=ctx.settings.model_copy(update={"trusted_proxies": proxies}))


class TestBehindAProxy:
    def test_forwarded_addresses_are_believed_from_our_proxy_only(
        self, ctx: Context, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reliability 61."""
        seen: list[str] = []
        monkeypatch.setattr("gateway.usecases.sign_in.sign_in", lambda *_, client, network: seen.append(client))
        for proxies in (["testclient"], []):
            browser = browser_of(make_app(behind(proxies, ctx), company))
            data = {"email": "a@x.example", "password": "b"}
            browser.post("/sign-in", data=data, headers={"X-Forwarded-For": "203.0.113.9"})
        assert seen == ["203.0.113.9", "testclient"]

    def test_a_stranger_who_tries_often_keeps_nobody_else_out(
        self, ctx: Context, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reliability 60, 63: tries are counted by where they come from; passwords for many addresses, too."""
        monkeypatch.setattr("gateway.usecases.sign_in.TRIES_OF_NETWORK", 3)
        browser = browser_of(make_app(behind(["testclient"], ctx), company))
        stranger, other = {"X-Forwarded-For": "93.184.216.34"}, {"X-Forwarded-For": "2606:2800:220:1::7"}

        def attempt(number: int, headers: dict[str, str]) -> int:
            data = {"email": f"nobody{number}@x.example", "password": "wrong"}
            return browser.post("/sign-in", data=data, headers=headers).status_code

        assert [attempt(n, stranger) for n in range(5)] == [422, 422, 422, 429, 429]
        assert [attempt(n, {"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(5)] == [422] * 5
        assert [attempt(n, other) for n in range(3)] == [422] * 3
        assert attempt(9, {"X-Forwarded-For": "2606:2800:220:1::8"}) == 429


def test_our_own_trouble_has_a_trace_and_no_secret(
    client: TestClient, mina: ApplicantView, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr(applicants, "candidate_viewer", broken)
    answer = client.get(path_of(mina))
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    trace = re.search(r"mention ([0-9a-f]{12})", words_of(answer.text))
    assert trace
    assert trace[1] in caplog.text
    assert "content-security-policy" in answer.headers


def test_a_database_that_is_away_is_503_in_the_persons_language(
    client: TestClient, mina: ApplicantView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(applicants, "candidate_viewer", away)
    answer = client.get(path_of(mina), headers={"Accept-Language": "sv-SE,sv;q=0.9"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "Inget har gått förlorat." in words_of(answer.text)


def test_the_wrong_method_is_405(client: TestClient) -> None:
    answer = client.get("/sign-out")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_static_files_carry_their_hash_and_are_kept_for_ever(client: TestClient) -> None:
    page = client.get("/desk").text
    urls = set(re.findall(r'"(/static/[^"#]+)', page))
    assert {u.split(".")[-1] for u in urls} == {"js", "css", "svg"}
    for url in urls:
        answer = client.get(url)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
    assert client.get("/static/app.0123456789.js").headers["cache-control"] == "no-store"
    for wrong in ("app.js", "own.0123456789.js", "..%2f..%2fconfig.py"):
        assert client.get(f"/static/{wrong}").status_code == 404


def test_the_vendored_parts_keep_their_licences_and_the_budgets_hold(
    ctx: Context, company: Company, client: TestClient, mina: ApplicantView
) -> None:
    """ux §13: bytes over the wire, compressed."""
    licences = (FOLDER / "vendor" / "LICENSES.md").read_text()
    assert "Zero-Clause BSD" in licences
    assert "ISC License" in licences
    assets = client.app.state.site.assets  # type: ignore[attr-defined]
    shared = len(assets["gateway.css"].compressed) + len(assets["icons.svg"].compressed)
    pages = ((path_of(mina), "app.js", 2_000, 60_000), (f"/desk/t/{mina.thread_id}", "desk.js", 12_000, 110_000))
    for path, bundle, own_budget, budget in pages:
        own = b"".join((FOLDER / name).read_bytes() for name in BUNDLES[bundle] if name.startswith("scripts/"))
        assert len(gzip.compress(own, 9)) <= own_budget
        assert shared + len(assets[bundle].compressed) + int(client.get(path).headers["content-length"]) <= budget


@given(st.integers(0, 0xFFFFFF))
def test_any_brand_colour_becomes_readable(colour: int) -> None:
    """WCAG 2.2 §1.4.3: at least 4.5 on the surface, and for the words on it, in both schemes."""
    css = brand_css(f"{colour:06x}")
    assert len(css) <= 300
    found = re.findall(r"--brand:#(\w{6});--on-brand:#(\w{6})", css)
    for (brand, ink), surface in zip(found, ("ffffff", "1a1e1c", "1a1e1c"), strict=True):
        assert contrast(rgb(brand), rgb(surface)) >= 4.5
        assert contrast(rgb(brand), rgb(ink)) >= 4.5


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16)


def test_machines_are_answered(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok"
    assert client.get("/readyz").status_code == 200
    assert "python_info" in client.get("/metrics").text
