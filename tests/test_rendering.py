"""In charge of: the words people get, in five languages, and that data stays data. Not in charge of: pages' looks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Invalid
from gateway.rendering import MissingVariable, Rendering
from gateway.rendering.filters import one_line
from gateway.usecases.news_words import Group
from gateway.usecases.outgoing import PERSONAL

ROOT = Path(__file__).parents[1]
LOCALES = ("cs", "en", "ko", "ru", "sv")
RENDERING = Rendering(ROOT / "templates", ROOT / "gateway" / "locales")
CANDIDATE: dict[str, Any] = {
    "company": "Moa Labs",
    "opening": "Backend Engineer",
    "author_name": "Minho Park",
    "author_role_label": True,
    "candidate_name": "Anna Lindqvist",
    "text": "Dear Anna,\n\nwould Tuesday suit you? See https://moa.example/map?a=1&b=2.\nMinho",
    "html_text": "",
    "files": [("map.pdf", 240_000, "https://talk.example/f/1")],
    "link": "https://talk.example/c/abc",
    "closed": False,
    "public_contact": "jobs@moalabs.example",
    "brand": "#0D6351",
}
RECRUITER: dict[str, Any] = {
    "company": "Moa Labs",
    "opening": "Backend Engineer",
    "candidate_name": "Anna Lindqvist",
    "stage": "Interview",
    "own_subject": "The interview",
    "text": "Tuesday is fine.",
    "folded_lines": 5,
    "files": [],
    "earlier": ("Minho Park", datetime(2026, 11, 20, 14, 2, tzinfo=UTC), "one\ntwo\nthree\nfour"),
    "desk_link": "https://talk.example/desk/t/1",
    "warnings": ["other_address:anna@private.example"],
    "timezone": "Asia/Seoul",
}
NOTICES: dict[str, dict[str, Any]] = {
    "candidate.new_message": CANDIDATE,
    "recruiter.new_message": RECRUITER,
    "candidate.blocked_notice": {
        **{"opening": "Backend Engineer", "contact": "jobs@moalabs.example", "company": "Moa Labs"},
        **{"link": "https://talk.example/c/abc", "candidate_name": "Anna Lindqvist"},
    },
    "candidate.encrypted_mail": {
        **{"opening": "Backend Engineer", "company": "Moa Labs"},
        **{"link": "https://talk.example/c/abc", "candidate_name": "Anna Lindqvist"},
    },
    "candidate.new_link": {
        **{"opening": "Backend Engineer", "company": "Moa Labs"},
        **{"link": "https://talk.example/c/abc", "candidate_name": "Anna Lindqvist"},
    },
    "member.webhook_disabled": {
        "link": "https://talk.example/desk/settings/webhooks",
        "url": "https://ats.example/hooks",
        "reason": "failing",
        "company": "Moa Labs",
    },
    "member.invited": {"link": "https://talk.example/i/abc", "days": "3", "inviter": "Jun Park", "company": "Moa Labs"},
    "member.mentioned": {
        **{"author_name": "Jun Park", "candidate_name": "Anna Lindqvist", "opening": "Backend Engineer"},
        **{"text": "@Ara please read this", "link": "https://talk.example/desk/t/1", "company": "Moa Labs"},
    },
    "member.news": {
        **{"company": "Moa Labs", "link": "https://talk.example/desk/bell", "headline": "Anna Lindqvist, Mina Han"},
        "groups": [
            Group("Anna Lindqvist", "Backend Engineer", ("2",), "https://talk.example/desk/t/1", "r+abc@reply.example"),
            Group("Mina Han", "", ("1", "2"), "https://talk.example/desk/t/2", ""),
        ],
        "more": 3,
    },
    "member.test_message": {"link": "https://talk.example/desk/settings/setup/done", "company": "Moa Labs"},
    "member.login_link": {"link": "https://talk.example/login/abc", "minutes": "10", "company": "Moa Labs"},
}
every_notice = pytest.mark.parametrize("key", NOTICES)
every_locale = pytest.mark.parametrize("locale", LOCALES)


@every_notice
@every_locale
def test_every_notice_speaks_every_language(key: str, locale: str) -> None:
    """SJ-6, GW-9: subject, text and HTML are there, in the person's language, and nothing is left unfilled."""
    mail = RENDERING.mail(key, locale, NOTICES[key])
    english = RENDERING.mail(key, "en", NOTICES[key])
    assert (ROOT / "templates" / "notices" / key / locale / "body.html").is_file()
    assert locale == "en" or (mail.subject != english.subject and mail.text != english.text)
    assert f'<html lang="{locale}"' in mail.html
    for words in (mail.subject, mail.text, mail.html):
        assert words.strip()
        assert not re.search(r"\{\{|\{%|%\(|apart-|\bNone\b", words)
    assert "\n\n\n" not in mail.text


@every_notice
@every_locale
def test_a_missing_variable_is_named(key: str, locale: str) -> None:
    """GW-9: nothing is sent, the error names the variable."""
    for name in NOTICES[key].keys() - {"brand", "timezone", "html_text"}:
        given_ones = {other: value for other, value in NOTICES[key].items() if other != name}
        with pytest.raises(MissingVariable) as caught:
            RENDERING.mail(key, locale, given_ones)
        assert caught.value.field == name
        assert name in caught.value.message


@every_notice
@every_locale
def test_a_short_mail_is_small_and_asks_nothing_of_other_servers(key: str, locale: str) -> None:
    mail = RENDERING.mail(key, locale, NOTICES[key])
    assert len(mail.html.encode()) <= 12_000
    assert not re.search(r"<(img|script|link|iframe)\b|url\(|@import", mail.html)
    assert "prefers-color-scheme: dark" in mail.html
    assert "data-css-inline" not in mail.html


@every_locale
def test_text_and_html_say_the_same_in_the_same_order(locale: str) -> None:
    mail = RENDERING.mail("candidate.new_message", locale, CANDIDATE)
    shown = re.sub(r"<[^>]+>", " ", mail.html[mail.html.index("<body") :])
    order = ["Minho Park", "Backend Engineer", "would Tuesday", "map.pdf", "jobs@moalabs.example"]
    for words in (mail.text, shown[shown.index("Minho Park") :]):
        places = [words.index(part) for part in order]
        assert places == sorted(places)


@every_locale
def test_the_message_comes_first_and_the_hint_to_reply_last(locale: str) -> None:
    """No marker above which one must write: people do not read it, and their programs move it."""
    text = RENDERING.mail("candidate.new_message", locale, CANDIDATE).text
    how = RENDERING.text(locale, "how_to_reply", link=CANDIDATE["link"])
    assert text.index("Minho\n") < text.index(how)


def test_the_words_of_the_glossary_are_used() -> None:
    subjects = {
        "en": "New message from Moa Labs: Backend Engineer",
        "ko": "[Moa Labs] Backend Engineer 관련 새 메시지가 도착했습니다",
        "cs": "Nová zpráva od Moa Labs: Backend Engineer",
        "ru": "Новое сообщение от Moa Labs: Backend Engineer",
        "sv": "Nytt meddelande från Moa Labs: Backend Engineer",
    }
    assert {
        locale: RENDERING.mail("candidate.new_message", locale, CANDIDATE).subject for locale in LOCALES
    } == subjects
    assert (
        RENDERING.mail("recruiter.new_message", "ko", RECRUITER).subject
        == "Anna Lindqvist 님이 답장했습니다: Backend Engineer"
    )


@every_locale
def test_after_a_rejection_the_mail_says_where_to_write_instead(locale: str) -> None:
    """SJ-14: the company can go on writing; the candidate learns that answers go elsewhere."""
    mail = RENDERING.mail("candidate.new_message", locale, {**CANDIDATE, "closed": True})
    notice = RENDERING.text(locale, "blocked_notice", opening="Backend Engineer", contact="jobs@moalabs.example")
    assert notice in mail.text
    assert 'href="mailto:jobs@moalabs.example"' in mail.html
    assert "would Tuesday suit you?" in mail.text
    for how in (RENDERING.text(locale, "mail.how"), RENDERING.text(locale, "how_to_reply", link=CANDIDATE["link"])):
        assert how not in mail.text
        assert how not in mail.html


@every_locale
@pytest.mark.parametrize("contact", ["jobs@moalabs.example", ""])
def test_the_blocked_notice_points_to_the_public_contact(locale: str, contact: str) -> None:
    """SJ-16: with the company's contact, or without a broken sentence when there is none."""
    mail = RENDERING.mail(
        "candidate.blocked_notice", locale, {**NOTICES["candidate.blocked_notice"], "contact": contact}
    )
    assert (contact or "Backend Engineer") in mail.text
    assert ("mailto:" in mail.html) is bool(contact)
    assert RENDERING.text(locale, "not_delivered_reply") in mail.text


@every_locale
def test_an_operator_invites_under_no_name(locale: str) -> None:
    mail = RENDERING.mail("member.invited", locale, NOTICES["member.invited"] | {"inviter": ""})
    who = RENDERING.text(locale, "invitation.operator")
    assert mail.text.startswith(f"{who} ")
    assert who in mail.html
    assert (who == RENDERING.text("en", "invitation.operator")) is (locale == "en")


@every_locale
def test_a_recruiter_is_told_in_bold_who_reads_the_reply(locale: str) -> None:
    mail = RENDERING.mail("recruiter.new_message", locale, RECRUITER)
    told = RENDERING.text(locale, "mail.recruiter", candidate="Anna Lindqvist")
    assert told in mail.text
    assert re.search(rf"<strong[^>]*>{re.escape(told)}</strong>", mail.html)


def test_a_recruiters_mail_shows_warnings_what_was_folded_and_what_was_said_before() -> None:
    mail = RENDERING.mail("recruiter.new_message", "en", RECRUITER)
    assert mail.text.startswith("! Sent from another address: anna@private.example.")
    assert "[Quoted text, 5 lines]" in mail.text
    assert "Earlier: Minho Park, 20 Nov 2026 23:02\n| one\n| two\n| three\n\n" in mail.text
    assert "four" not in mail.html


@pytest.mark.parametrize(
    ("author", "label", "expected"),
    [
        ("Minho Park", True, "Minho Park · recruiter, Moa Labs"),
        ("Minho Park", False, "Minho Park · Moa Labs"),
        ("Moa Labs", False, "Moa Labs"),
        ("", False, "Moa Labs"),
    ],
)
def test_who_speaks_is_a_person_or_the_company(author: str, label: bool, expected: str) -> None:
    values = {**CANDIDATE, "author_name": author, "author_role_label": label}
    assert RENDERING.mail("candidate.new_message", "en", values).text.splitlines()[0] == expected


class Elements(HTMLParser):
    """The elements, link targets and words of a document as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += data


ATTACKS = [
    "{{7*7}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "%(company)s %s %n",
    "${7*7} #{7*7} {0.__class__}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>x</a>",
    "--><!--[if mso]><b>",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", ["company", "opening", "author_name", "candidate_name", "text", "public_contact"])
def test_what_people_wrote_is_never_a_template_and_never_html(attack: str, field: str) -> None:
    mail = RENDERING.mail("candidate.new_message", "en", {**CANDIDATE, field: attack})
    elements = Elements(mail.html)
    assert not {"script", "img", "b"} & set(elements.names)
    assert all(link.startswith(("https://talk.example/", "https://moa.example/", "mailto:")) for link in elements.links)
    assert field == "candidate_name" or attack in mail.text or attack in mail.subject
    if "7*7" in attack:
        assert "49" not in mail.text + mail.subject


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_a_subject_is_one_line(words: str) -> None:
    subject = RENDERING.mail(
        "candidate.new_message", "en", {**CANDIDATE, "opening": words + "\r\nBcc: x@y.example"}
    ).subject
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", subject)
    assert len(subject) <= 200


@given(st.text(st.sampled_from("ab \n\x00\u202e"), max_size=300), st.integers(1, 50))
def test_the_beginning_of_a_long_text_is_cut_as_the_whole_would_be(words: str, longest: int) -> None:
    whole = one_line(words, len(words) + 1)
    shown = whole if len(whole) <= longest else f"{whole[: longest - 1].rstrip()}…"
    assert one_line(words, longest) == shown


def test_html_that_would_hurt_the_inliner_never_gets_there() -> None:
    """Deep nesting crashes css-inline; a candidate's sanitised HTML is put in after it ran."""
    deep = "<b>" * 100_000 + "x" + "</b>" * 100_000
    assert deep in RENDERING.mail("candidate.new_message", "en", {**CANDIDATE, "html_text": deep}).html


def test_a_brand_colour_is_a_colour_or_nothing() -> None:
    mail = RENDERING.mail("candidate.new_message", "en", {**CANDIDATE, "brand": "#FFE000"})
    assert "#FFE000" in mail.html
    assert re.search(r'style="[^"]*color: #1C1F1D"[^>]*>Open the conversation', mail.html)
    hostile = RENDERING.mail("candidate.new_message", "en", {**CANDIDATE, "brand": "red;background:url(//x)"})
    assert "url(" not in hostile.html


@pytest.mark.parametrize(
    ("asked", "language"),
    [("ko-KR", "ko"), ("sv_SE", "sv"), ("CS", "cs"), ("de", "en"), ("", "en"), ("zh-Hant-TW", "en")],
)
def test_people_get_their_language_or_english(asked: str, language: str) -> None:
    """GW-9: the locale, its base language, English."""
    assert f'lang="{language}"' in RENDERING.mail("candidate.new_link", asked, NOTICES["candidate.new_link"]).html
    assert RENDERING.text(asked, "write.send") == RENDERING.text(language, "write.send")


def test_a_notice_that_does_not_exist_is_said_so() -> None:
    with pytest.raises(Invalid, match=r"no\.such"):
        RENDERING.mail("no.such", "en", {})


@pytest.mark.parametrize(
    ("locale", "forms"),
    [
        ("cs", {1: "1 řádek", 3: "3 řádky", 5: "5 řádků"}),
        ("ru", {1: "1 строка", 2: "2 строки", 5: "5 строк", 21: "21 строка"}),
        ("sv", {1: "1 rad", 2: "2 rader"}),
        ("ko", {1: "1줄", 2: "2줄"}),
    ],
)
def test_plurals_follow_each_language(locale: str, forms: dict[int, str]) -> None:
    for number, expected in forms.items():
        values = {**RECRUITER, "folded_lines": number}
        assert f"{expected}]" in RENDERING.mail("recruiter.new_message", locale, values).text


def test_all_catalogues_hold_the_same_keys_with_the_same_parameters() -> None:
    def parameters(locale: str) -> dict[str, set[str]]:
        with (ROOT / "gateway/locales" / locale / "LC_MESSAGES/messages.po").open("rb") as file:
            messages = [message for message in read_po(file, locale) if message.id]
        found = {}
        for message in messages:
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = [message.string] if isinstance(message.string, str) else list(message.string)
            assert all(forms), f"{locale}: {key} is not translated"
            found[key] = set(re.findall(r"%\((\w+)\)s", " ".join(forms)))
            for form in forms:
                assert "%" not in re.sub(r"%\(\w+\)s|%%", "", form), f"{locale}: {key} has a bare %"
        return found

    english = parameters("en")
    for locale in LOCALES:
        assert parameters(locale) == english, locale


def test_every_key_that_a_template_uses_is_in_the_catalogue() -> None:
    with (ROOT / "gateway/locales/en/LC_MESSAGES/messages.po").open("rb") as file:
        known = {
            message.id if isinstance(message.id, str) else message.id[0]
            for message in read_po(file, "en")
            if message.id
        }
    used = {
        (path.relative_to(ROOT).as_posix(), key)
        for path in (ROOT / "templates").rglob("*.*")
        if path.is_file()
        for key in re.findall(r"""\b_n?\(\s*["']([a-z0-9_.]+)["']\s*[,)]""", path.read_text("utf-8"))
    }
    assert {(path, key) for path, key in used if key not in known} == set()


@every_locale
@pytest.mark.parametrize("closed", [False, True])
def test_a_mail_to_many_says_to_each_what_a_mail_to_one_would(locale: str, closed: bool) -> None:
    """GW-9: rendered once, with each person's own words put in; what they wrote stays words."""
    names = ["Anna", "한지우", "O'Neil & <b>Sons</b>", "{{ company }} %(link)s own-preheader"]
    for number, name in enumerate(names):
        own = {"candidate_name": name, "link": f"https://talk.example/c/{number}", "text": f"Dear {name},\n\n. Come?\n"}
        values = {**CANDIDATE, **own, "closed": closed}
        alone = RENDERING.mail("candidate.new_message", locale, values)
        one_of_many = RENDERING.mail("candidate.new_message", locale, values, personal=PERSONAL)
        assert (one_of_many.subject, one_of_many.text) == (alone.subject, alone.text)
        found, expected = Elements(one_of_many.html), Elements(alone.html)
        assert (found.names, found.links, found.words) == (expected.names, expected.links, expected.words)


def test_a_mail_to_many_with_an_own_design() -> None:
    values = {**CANDIDATE, "html_text": "<table><tr><td>Dear <b>Anna</b></td></tr></table>"}
    alone = RENDERING.mail("candidate.new_message", "en", values)
    assert RENDERING.mail("candidate.new_message", "en", values, personal=PERSONAL) == alone
    assert "Dear <b>Anna</b>" in alone.html
