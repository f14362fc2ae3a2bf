"""Templates of a company: saved only when everything in them is known, filled in for one person, and never more than
text (NH-X-7, GW-9, PE-P3, reliability 56).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from api_world import World, build_world
from fakes import FakeChannel

from gateway.errors import Invalid
from gateway.rendering import Rendering
from gateway.rendering.workspace import LONGEST_RESULT, LONGEST_SOURCE
from gateway.threads.channel import Refusal
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one
from gateway.usecases.record_refusals import record_refusals

INVITE = {
    "purpose": "transactional",
    "variables": ["when"],
    "bodies": {
        "en": {
            "email": {
                "subject": "Interview for {{ opening.title }}",
                "text": "Dear {{ candidate.name }},\nwe meet {{ when }}."
                "{% if fields.team %} Team: {{ fields.team }}.{% endif %}",
                "html": "<p>Dear <b>{{ candidate.name }}</b>, we meet {{ when }}.</p>",
            }
        },
        "ko": {
            "email": {"text": "{{ candidate.name }}님, {{ when }}에 뵙겠습니다."},
            "sms": {"text": "[{{ company.name }}] {{ when }} 면접 {{ link }}"},
            "alimtalk": {
                "text": "#{이름}님, 면접 일정: #{일시}",
                "code": "invite01",
                "values": {"이름": "{{ candidate.name }}", "일시": "{{ when }}"},
                "review": "approved",
            },
        },
    },
}  # fmt: skip
PAYLOADS = (
    "{{7*7}}", "{{ 7 * 7 }}", "{% for x in range(9) %}x{% endfor %}", "${7*7}", "%s%s%n", "#{7*7}", "<%= 7*7 %>",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self._TemplateReference__context }}", "{{ config }}", "{{ request }}", "{{ lipsum.__globals__ }}",
    "{{ ''|attr('__class__') }}", "{{ candidate|attr('_values') }}", "{{ candidate._values }}",
    "{{ candidate['__class__'] }}", "{{ candidate.name.__class__ }}", "{{ candidate.name.format }}",
    "{{ '%s' % candidate }}", "{{ 'a'*10**9 }}", "{{ [1]*10**9 }}", "{{ range(10**9)|list }}", "{{ 9**9**9 }}",
    "{% import 'x' as y %}", "{% include '/etc/passwd' %}", "{% extends 'x' %}",
    "{% macro m() %}{% endmacro %}{{ m() }}",
    "{% set x = 1 %}", "{% raw %}x", "{{ namespace() }}", "{{ dict(a=1) }}", "{{ joiner() }}",
    "{{ x }}", "{{ fields }}.{{ y }}",
    "{{ candidate.email }}", "{{ (((((((((((((((((((((((((((((((((((((((((((((((((((((((link }}",
    "{{ not " * 2000 + "x }}",
    "{% if link %}" * 200 + "{% endif %}" * 200, "{{ link|center(1000000000) }}", "{{ link|replace('a','b'*99) }}",
    "{{ link|map('upper')|list }}", "{{ link.upper() }}", "{{ link[0:1] }}", "{{ link ~ link }}",
    "{{ link if }}", "{{", "{% %}",
)  # fmt: skip
HARMLESS = ("${7*7}", "%s%s%n", "#{7*7}", "<%= 7*7 %>")


@pytest.fixture
def world(ctx: Context) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        yield world


def save(world: World, template: dict[str, Any] = INVITE, key: str = "interview.invite") -> Any:
    return world.a.put(f"/templates/{key}", json=template)


def mail_only(text: str, **more: Any) -> dict[str, Any]:
    return {"bodies": {"en": {"email": {"text": text}}}} | more


def send(world: World, **message: Any) -> Any:
    return world.a.post(f"/threads/{world.a.thread_id}/messages", json={"template": "interview.invite"} | message)


def test_a_message_from_a_template_is_personal_by_every_channel(world: World, channel: FakeChannel) -> None:
    assert save(world).status_code == 201
    assert save(world).status_code == 200
    posted = send(world, variables={"when": "on Tuesday"})
    assert posted.status_code == 202, posted.text
    deliver_one(world.ctx, posted.json()["deliveries"][0]["id"])
    mail = channel.sent[-1]
    assert mail.subject == "Interview for Developer"
    assert "Dear Minji Kim,\nwe meet on Tuesday." in mail.text
    assert "<b>Minji Kim</b>" in mail.html
    shown = world.a.get(f"/threads/{world.a.thread_id}/messages?after=1").json()["items"][0]
    assert shown["text"].startswith("Dear Minji Kim")


def test_the_language_is_the_applicants_then_the_companys_then_english(world: World) -> None:
    save(world)
    for locale, words in (("ko", "님, now에 뵙겠습니다."), ("cs", "we meet now"), ("en", "we meet now")):
        world.a.put("/applicants/minji", json={"opening": "dev", "name": "Minji Kim", "locale": locale})
        body = {"applicant": "minji", "variables": {"when": "now"}}
        assert words in world.a.post("/templates/interview.invite/preview", json=body).json()["words"]["text"]


def test_a_preview_shows_the_real_words_and_what_the_sms_costs(world: World) -> None:
    save(world)
    body = {"applicant": "minji", "locale": "ko", "variables": {"when": "화요일 3시"}}
    shown = world.a.post("/templates/interview.invite/preview", json=body).json()
    words = shown["words"]
    assert words["sms"].startswith("[Anvil] 화요일 3시 면접 http://gateway.test/c/")
    assert shown["sms_bytes"] == len(words["sms"].encode("cp949"))
    assert (shown["sms_encoding"], shown["sms_segments"]) == ("UCS-2", 2)
    assert words["alimtalk"]["text"] == "Minji Kim님, 면접 일정: 화요일 3시"
    assert words["alimtalk"]["values"] == {"이름": "Minji Kim", "일시": "화요일 3시"}


def test_an_alimtalk_that_is_not_approved_is_not_sent(world: World) -> None:
    waiting = {**INVITE["bodies"]["ko"], "alimtalk": {"text": "안녕", "code": "x", "review": "in_review"}}  # type: ignore[index]
    save(world, {"variables": ["when"], "bodies": {"ko": waiting}})
    body = {"applicant": "minji", "variables": {"when": "now"}}
    assert world.a.post("/templates/interview.invite/preview", json=body).json()["words"]["alimtalk"] is None


@pytest.mark.parametrize("variables", [{}, {"when": ""}, {"when": "  "}])
def test_a_value_that_lacks_is_refused_by_its_name_and_nothing_is_sent(world: World, variables: dict[str, str]) -> None:
    save(world)
    before = world.a.get(f"/threads/{world.a.thread_id}").json()["last_seq"]
    refused = send(world, variables=variables)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "variables.when"
    assert world.a.get(f"/threads/{world.a.thread_id}").json()["last_seq"] == before


def test_an_applicants_own_field_may_lack_where_the_template_asks_first(world: World) -> None:
    save(world)
    world.a.put("/applicants/minji", json={"opening": "dev", "name": "Minji", "fields": {"team": "Blue"}})
    body = {"applicant": "minji", "locale": "en", "variables": {"when": "now"}}
    text = world.a.post("/templates/interview.invite/preview", json=body).json()["words"]["text"]
    assert text.endswith("we meet now. Team: Blue.")
    save(world, mail_only("{{ fields.salary }}"))
    refused = world.a.post("/templates/interview.invite/preview", json={"applicant": "minji"})
    assert refused.json()["errors"][0]["field"] == "fields.salary"


@pytest.mark.parametrize(
    ("template", "field"),
    [
        (mail_only("{{ candidat.name }}"), "bodies.en.email.text"),
        (mail_only("{{ when }}"), "bodies.en.email.text"),
        (mail_only("x", variables=["link"]), "variables"),
        ({"bodies": {}}, "bodies"),
        ({"bodies": {"en": {"email": {"text": "x"}, "sms": {"text": "{{ no }}"}}}}, "bodies.en.sms.text"),
        (
            {"bodies": {"ko": {"email": {"text": "x"}, "alimtalk": {"text": "#{이름}", "values": {}}}}},
            "bodies.ko.alimtalk.values",
        ),
        (
            {"bodies": {"ko": {"email": {"text": "x"}, "alimtalk": {"text": "#{a}", "values": {"a": "{{ b }}"}}}}},
            "bodies.ko.alimtalk.values.a",
        ),
    ],
)
def test_what_is_not_known_is_refused_when_it_is_saved(world: World, template: dict[str, Any], field: str) -> None:
    refused = save(world, template)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["field"] == field
    assert world.a.get("/templates/interview.invite").status_code == 404


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_template_is_never_a_program(rendering: Rendering, payload: str) -> None:
    began = time.process_time()
    if payload in HARMLESS:
        rendering.check_source(payload, known=["link", "candidate.name"], groups=("fields",))
        assert rendering.fill(payload, {}, html=False) == payload
        return
    with pytest.raises(Invalid):
        rendering.check_source(payload, known=["link", "candidate.name"], groups=("fields",))
    assert time.process_time() - began < 2


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_people_wrote_is_never_a_template(rendering: Rendering, payload: str) -> None:
    values = {"candidate": {"name": payload}, "link": payload}
    filled = rendering.fill("{{ candidate.name }}|{{ link }}", values, html=False)
    assert filled == f"{payload}|{payload}"
    assert "<script" not in rendering.fill("{{ link }}", {"link": "<script>"}, html=True)


def test_a_template_and_what_it_becomes_have_bounds(rendering: Rendering) -> None:
    with pytest.raises(Invalid):
        rendering.check_source("x" * (LONGEST_SOURCE + 1), known=[], groups=())
    with pytest.raises(Invalid):
        rendering.fill("{{ link }}" * 1000, {"link": "x" * (LONGEST_RESULT // 500)}, html=False)


def test_a_subject_stays_one_line(world: World, channel: FakeChannel) -> None:
    template = {"variables": ["x"], "bodies": {"en": {"email": {"subject": "Hi {{ x }}", "text": "t"}}}}
    save(world, template)
    posted = send(world, variables={"x": "a\r\nBcc: everybody@example.com\u2028b"})
    deliver_one(world.ctx, posted.json()["deliveries"][0]["id"])
    assert channel.sent[-1].subject == "Hi a Bcc: everybody@example.com b"


def test_the_companys_own_rejection_reaches_each_in_their_own_words(world: World) -> None:
    save(world, mail_only("Dear {{ candidate.name }}, no."))
    body = {"applicants": ["minji"], "notify": {"template": "interview.invite"}}
    assert world.a.post("/rejections", json=body).json()["items"][0]["problem"] is None
    last = world.a.get(f"/threads/{world.a.thread_id}/messages").json()["items"][-1]
    assert last["text"] == "Dear Minji Kim, no."


def test_templates_are_listed_changed_with_their_tag_and_deleted(world: World) -> None:
    save(world)
    tag = world.a.get("/templates/interview.invite").headers["etag"]
    assert [t["key"] for t in world.a.get("/templates").json()["items"]] == ["interview.invite", "invite"]
    page = world.a.get("/templates?limit=1").json()
    assert [t["key"] for t in world.a.get(f"/templates?cursor={page['next']}").json()["items"]] == ["invite"]
    changed = mail_only("new")
    assert world.a.put("/templates/interview.invite", json=changed, headers={"If-Match": tag}).status_code == 200
    assert world.a.put("/templates/interview.invite", json=changed, headers={"If-Match": tag}).status_code == 412
    assert world.a.delete("/templates/interview.invite").status_code == 204
    assert send(world).json()["errors"][0]["field"] == "template"


def test_consents_say_who_recorded_them_and_what_the_person_refused(world: World) -> None:
    world.a.put("/applicants/minji", json={"opening": "dev", "name": "Minji", "phone": "+82 10 1234 5678"})
    world.a.put("/applicants/minji/consents/phone", json={"words": "Yes, please."})
    record_refusals(world.ctx, [Refusal("01012345678", world.ctx.now)])
    found = world.a.get("/applicants/minji/consents").json()
    (consent,) = found["items"]
    assert (consent["given_by"], consent["in_force"], consent["withdrawn_by"]) == ("api", False, "080")
    assert [(o["kind"], o["by"]) for o in found["opt_outs"]] == [("phone", "080")]
    world.a.put("/applicants/minji/consents/phone", json={"words": "After all, yes."})
    assert world.a.get("/applicants/minji/consents").json()["opt_outs"] == []
