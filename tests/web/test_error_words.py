"""What a use case refuses is said in the viewer's language on pages; the API keeps English (ux §10)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cast import Company
from starlette.testclient import TestClient
from web.test_words import LOCALES, catalogue
from web.web_kit import browser_of, make_app, words_of

from gateway.errors import Conflict, Invalid
from gateway.rendering.catalogues import Catalogues
from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView

PACKAGE = Path(__file__).parents[2] / "gateway"
NEVER_ON_A_PAGE = {  # the API's alone, or the command line's; the sign-in page has words of its own for the last
    "idempotency_key_in_use",
    "idempotency_key_reused",
    "event_id",
    "key_expired",
    "scope_unknown",
    "scopes_beyond",
    "webhook_types",
    "too_many",
}


def raised(kind: type[Invalid | Conflict]) -> Iterator[ast.Call]:
    """Every place in the rules, the use cases, the desk and the templates' language that raises this fault."""
    for places in ("threads/*.py", "usecases/*.py", "web/desk/*.py", "rendering/workspace.py"):
        for path in sorted(PACKAGE.glob(places)):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == kind.__name__:
                    yield node


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {word.arg: word.value for word in call.keywords if word.arg}


def codes() -> dict[str, set[str]]:
    """Code -> the names of the values that come with it."""
    found: dict[str, set[str]] = {}
    for call in raised(Conflict):
        if isinstance(call.args[0], ast.Constant):
            found[str(call.args[0].value)] = set()
    for call in raised(Invalid):
        words = keywords(call)
        if isinstance(code := words.get("code"), ast.Constant):
            params = words.get("params")
            names = params.keys if isinstance(params, ast.Dict) else []
            found[str(code.value)] = {str(n.value) for n in names if isinstance(n, ast.Constant)}
    return {code: names for code, names in found.items() if code not in NEVER_ON_A_PAGE}


def test_every_invalid_of_a_use_case_has_a_code() -> None:
    calls = [c for c in raised(Invalid) if isinstance(c.args[1], (ast.Constant, ast.JoinedStr))]
    assert len(calls) > 20
    assert [ast.unparse(call) for call in calls if "code" not in keywords(call)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_code_has_words_that_take_what_comes_with_it(locale: str) -> None:
    words = catalogue(locale)
    assert len(codes()) > 25
    for code, names in codes().items():
        sentence = words.get(f"error.{code}")
        assert sentence, f"error.{code} is missing in {locale}"
        assert set(re.findall(r"%\((\w+)\)s", str(sentence))) <= names, code


def test_no_words_are_left_of_a_code_that_is_gone() -> None:
    of_codes = {k for k in catalogue("en") if re.fullmatch(r"error\.[a-z_]+", k)} - {"error.back", "error.trace"}
    of_decisions = {"error.thread_blocked", "error.thread_erased", "error.evaluator", "error.no_role"}
    assert of_codes == {f"error.{code}" for code in codes()} | of_decisions


def test_a_wrong_phone_number_is_told_in_korean(company: Company, desk: TestClient) -> None:
    form = {"opening": company.opening.id, "name": "Mina", "email": "mina@mail.example", "phone": "전화 없음"}
    page = desk.post("/desk/applicants/new?lang=ko", data=form)
    assert page.status_code == 422
    assert "전화번호가 아닙니다. +82 10 1234 5678처럼 국가 번호와 함께 입력해 주세요." in words_of(page.text)
    assert "This is no phone number" not in page.text


def test_a_wrong_contact_is_told_in_czech(desk: TestClient) -> None:
    page = desk.post("/desk/settings?lang=cs", data={"name": "Moa", "public_contact": "a..b@moa.example"})
    assert page.status_code == 422
    assert "Toto není e-mailová adresa. Napište ji ve tvaru jmeno@firma.cz." in words_of(page.text)


def test_a_limit_is_filled_in(desk: TestClient) -> None:
    page = desk.post("/desk/settings?lang=sv", data={"name": "M" * 201, "public_contact": ""})
    assert "Använd högst 200 tecken." in words_of(page.text)


def test_the_error_page_says_it_too(ctx: Context, mina: ApplicantView, desk: TestClient) -> None:
    page = desk.post(
        f"/desk/t/{mina.thread_id}/reject?lang=ru",
        data={"how": "send", "text": "и" * (ctx.settings.max_text_chars + 1)},
    )
    assert page.status_code == 422
    assert "Приложите его файлом." in words_of(page.text)


def test_a_code_without_words_is_told_in_english(
    ctx: Context, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Catalogues, "has", lambda self, key: False)
    desk = browser_of(make_app(ctx, company), company.jun)
    page = desk.post("/desk/settings?lang=cs", data={"name": "Moa", "public_contact": "a..b@moa.example"})
    assert "This is no e-mail address. Write it as name@company.com." in words_of(page.text)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_why_a_post_had_no_answer_has_words(locale: str) -> None:
    """The desk showed `no_connection` to people in every language; docs/api.md did not know the code."""
    places = ("outbound/ats.py", "usecases/push_events.py")
    source = "".join((PACKAGE / place).read_text("utf-8") for place in places)
    found = {code for line in re.findall(r"Answered\(0, (.+)\)", source) for code in re.findall(r'"(\w+)"', line)}
    assert {"no_connection", "tls", "off", "ours"} <= found
    guide, words = (PACKAGE.parent / "docs/api.md").read_text("utf-8"), catalogue(locale)
    assert [code for code in sorted(found) if not words.get(f"hooks.code.{code}") or f"`{code}`" not in guide] == []
