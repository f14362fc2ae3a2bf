"""In charge of: what page templates can rely on: words, dates, sizes, names, links."""

from __future__ import annotations

import re
import string
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from gateway.rendering import MissingVariable, Rendering
from gateway.rendering.filters import with_mentions

ROOT = Path(__file__).parents[1]


def page(tmp_path: Path, source: str, locale: str = "en", **variables: Any) -> str:
    (tmp_path / "pages").mkdir(exist_ok=True)
    (tmp_path / "pages" / "page.html").write_text(source, "utf-8")
    (tmp_path / "pages" / "macros.html").write_text(
        "{% macro at(x) %}{{ x | datetime }}, {{ _('write.send') }}{% endmacro %}"
    )
    return Rendering(tmp_path, ROOT / "gateway" / "locales").page("page.html", locale, variables)


def test_a_page_escapes_everything_but_our_markup(tmp_path: Path) -> None:
    shown = page(tmp_path, '{{ name }} {{ _("link.private", name=name) }}', name="<b>Anna</b>")
    assert "<b>" not in shown
    assert "This page is for &lt;b&gt;Anna&lt;/b&gt; only." in shown
    linked = page(tmp_path, '{{ _("mail.recruiter", candidate="<a>" | safe) }}')
    assert "Your reply goes to <a>. " in linked


def test_a_page_names_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(MissingVariable) as caught:
        page(tmp_path, "{{ nobody }}")
    assert caught.value.field == "nobody"
    with pytest.raises(MissingVariable) as caught:
        page(tmp_path, '{{ _("write.who", name="Anna") }}')
    assert caught.value.field == "company"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "20 Nov 2026 18:05 | 240 kB 1.2 MB 512 B"),
        ("ko", "2026. 11. 20. 오후 6:05 | 240kB 1.2MB 512B"),
        ("cs", "20. 11. 2026 18:05 | 240 kB 1,2 MB 512 B"),
        ("ru", "20 нояб. 2026 г. 18:05 | 240 кБ 1,2 МБ 512 Б"),
        ("sv", "20 nov. 2026 18:05 | 240 kB 1,2 MB 512 B"),
    ],
)
def test_times_and_sizes_are_those_of_the_viewer(tmp_path: Path, locale: str, expected: str) -> None:
    source = "{{ at | datetime }} | {{ 240000 | filesize }} {{ 1200000 | filesize }} {{ 512 | filesize }}"
    at = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
    assert page(tmp_path, source, locale, at=at, timezone="Asia/Seoul").translate({0xA0: " ", 0x202F: " "}) == expected


def test_imported_macros_know_the_viewer_too(tmp_path: Path) -> None:
    source = '{% import "pages/macros.html" as m %}{{ m.at(at) }}'
    at = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
    assert page(tmp_path, source, "sv", at=at, timezone="Asia/Seoul") == "20 nov. 2026 18:05, Skicka"
    assert page(tmp_path, source, "cs", at=at, timezone="no/such").startswith("20. 11. 2026 9:05")


def test_names_become_two_letters_and_a_lasting_colour(tmp_path: Path) -> None:
    names = {
        "한지우": "지우",
        "남궁민수": "민수",
        "Anna Lindqvist": "AL",
        "Jean-Luc de la Tour": "JT",
        "": "",
        "🙂 x": "X",
    }
    source = "{% for name in names %}{{ name | initials }},{% endfor %}"
    assert page(tmp_path, source, names=list(names)) == "".join(f"{two}," for two in names.values())
    colours = page(tmp_path, "{% for x in ids %}{{ x | avatar }}{% endfor %}", ids=list(string.ascii_letters))
    assert set(colours) == set("12345678")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("안녕하세요, React 개발자입니다", "ko"),
        ("Здравствуйте, это Анна", "ru"),
        ("Dobrý den, těším se", "cs"),
        ("Hej, jag är på väg", "sv"),
        ("Thank you for the invitation and have a nice day", "en"),
        ("ok", ""),
        ("123 🙂", ""),
    ],
)
def test_the_language_of_a_text_is_guessed_or_left_open(tmp_path: Path, text: str, language: str) -> None:
    assert page(tmp_path, "{{ x | lang_of }}", x=text) == language


def test_only_web_addresses_become_links(tmp_path: Path) -> None:
    text = "see (https://a.example/x_(y)?b=1&c=2). or javascript:alert(1) data:x www.b.example <https://c.example>"
    shown = page(tmp_path, "{{ x | linkify }}", x=text)
    links = re.findall(r'<a href="([^"]+)" rel="noopener noreferrer nofollow">', shown)
    assert links == ["https://a.example/x_(y)?b=1&amp;c=2", "https://c.example"]
    assert "&lt;<a href" in shown
    assert page(tmp_path, "{{ x | linkify }}", x='http://x.example/"onmouseover="alert(1)').count('"') == 4


def test_text_becomes_paragraphs(tmp_path: Path) -> None:
    assert page(tmp_path, "{{ x | paragraphs }}", x="a\r\nb\n \n\n<c>\n") == "<p>a<br>\nb</p>\n<p>&lt;c&gt;</p>"


def test_mentions_stand_out_in_words_alone_and_in_no_more_time_than_they_are_long() -> None:
    """A note of ten thousand mentions took seconds each time that somebody opened the conversation."""
    html = Markup('<a href="http://x.example/@Jun" title="@Jun">@Jun</a> and (@jun park), jun@Jun')
    marked = '<span class="mention">@Jun</span></a> and (<span class="mention">@jun park</span>), jun@Jun'
    assert with_mentions(html, ["Jun Park", "Jun"]) == f'<a href="http://x.example/@Jun" title="@Jun">{marked}'
    began = time.process_time()
    with_mentions(Markup("<br>@Jun " * 10_000), ["Jun Park", "Jun"])
    assert time.process_time() - began < 1
