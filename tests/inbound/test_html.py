"""HTML of strangers: nothing in it runs, loads or leads astray, and its words stay readable."""

from __future__ import annotations

import re
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound import html_text
from gateway.inbound.html import sanitise
from gateway.inbound.html_text import html_to_text
from gateway.inbound.reply import lines

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='  JaVaScRiPt:alert(1)'>x</a>",
    "<a href='data:text/html,x'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<img src='https://track.example/p.gif'>",
    "<img src='//track.example/p.gif'>",
    "<div style='background-color:url(https://track.example)'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mi><style><img src=x onerror=alert(1)></style></mi></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<form action='https://evil.example'><input name=x><button>go</button></form>",
    "<iframe src='https://evil.example'></iframe><object data=x></object><embed src=x>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'><base href='https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'><style>@import 'https://evil.example'</style>",
    "<video poster='https://track.example/x'><source src='https://track.example/y'></video>",
    "<table background='https://track.example/x'><tr><td>x</td></tr></table>",
    "<plaintext><script>alert(1)</script>",
]


@pytest.mark.parametrize("html", ATTACKS)
def test_nothing_runs_and_nothing_is_loaded(html: str) -> None:
    """Reliability 51, 53."""
    safe = sanitise(html).lower()
    for sign in (
        "<script",
        "onerror",
        "javascript:",
        "track.example",
        "url(",
        "expression",
        "<form",
        "<iframe",
        "evil.example",
    ):
        assert sign not in re.sub(r"&lt;.*", "", safe)


def test_links_lead_out_safely_and_cid_images_stay() -> None:
    safe = sanitise('<a href="https://x.example/a?b=1&c=2" class="k" id="i">x</a><img src="cid:img1@x" alt="me">')
    assert 'href="https://x.example/a?b=1&amp;c=2"' in safe
    assert 'rel="noopener noreferrer nofollow"' in safe
    assert 'target="_blank"' in safe
    assert 'src="cid:img1@x"' in safe
    assert "class" not in safe
    assert "id=" not in safe


def test_text_follows_the_blocks_and_leaves_hidden_words_out() -> None:
    html = (
        "<style>x{}</style><div style='display:none'>preheader</div><p>one <b>two</b></p><div>three<br>four</div>"
        "<div>&nbsp;</div><ul><li>a</li><li>b</li></ul><table><tr><td>c</td><td>d</td></tr></table><pre> e\n  f</pre>"
    )
    assert html_to_text(html) == "one two\n\nthree\nfour\n\n- a\n- b\n\nc\td\n\n e\n  f"


HOSTILE = {
    "deep": "<div>" * 200_000,
    "attributes": "<a " + " ".join(f"a{i}=1" for i in range(100_000)) + ">words",
    "formatting": "<b><i><font>" * 80_000 + "words",
    "tables": "<table><tr><td>" * 66_000 + "words",
    "unknown": "<x>" * 200_000 + "words",
    "brackets": "<" * 900_000,
    "comments": "<!--" * 240_000,
    "paragraphs": "<p>word " * 100_000,
    "rulers": "<hr>" * 200_000 + "words",
    "spans": "<span>" * 1900 + "<div>x</div>" * 20_000 + "words",
    "embedded_file": '<img src="data:image/png;base64,' + "A" * 3_000_000 + '">words',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_costs_little_and_keeps_its_words(name: str) -> None:
    started = time.process_time()
    text, safe = html_to_text(HOSTILE[name]), sanitise(HOSTILE[name])
    assert time.process_time() - started < 2
    if "word" in HOSTILE[name]:
        assert "word" in text
        assert "word" in safe


@given(st.text(max_size=400) | st.lists(st.sampled_from(ATTACKS), max_size=6).map("".join))
@settings(deadline=None, max_examples=150)
def test_any_html_is_made_safe(html: str) -> None:
    """Reliability 51."""
    safe = sanitise(html)
    assert "<script" not in safe.lower()
    html_to_text(html).encode("utf-8", "surrogatepass")


def test_printable_text_holds_no_white_space_and_no_mark_that_would_be_replaced() -> None:
    for sign in filter(str.isprintable, map(chr, range(sys.maxunicode + 1))):
        assert sign == " " or not html_text._WHITE.match(sign)
        assert not lines._MARKS.match(sign)
