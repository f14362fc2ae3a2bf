"""Bodies that are made to cost much: none costs more than a few times what an honest one of its size does
(reliability 34).

Costs are counted against an honest body that is read in the same breath, so that a slow or busy machine changes
nothing; a rule that looks at a line again and again for each of its characters shows itself as ten times and more.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable

import pytest

from gateway.inbound.html import sanitise
from gateway.inbound.replies import split_reply

SIZE = 100_000
OURS = "Thank you for your application for the position of baker in our Brno branch. Would Thursday suit you?"
HONEST = "I can come on Thursday at ten, and I shall bring the papers that you asked for.\n"
HONEST_HTML = "<p>I can come on <b>Thursday</b> at ten, and I shall bring <i>the papers</i> that you asked for.</p>\n"
MOST = 6  # times the honest body

TEXTS = {
    "quote marks": ">",
    "quote marks with spaces": "> > >\n",
    "one letter lines": "a\n",
    "spaces": " ",
    "dashes": "- - -\n",
    "rulers": "-" * 999 + "\n",
    "words between dashes": "---- words here ----\n",
    "dashed words": "-- a -- b -- c " * 60 + "\n",
    "signature marks": "--\n",
    "taglines": "Sent from my iPhone\n",
    "long taglines": "Sent from my " + "x " * 50 + "phone\n",
    "labels": "From: a\n",
    "labels nobody knows": "Foo: x <a@b.cz> 1.1.2024 10:00\n",
    "a label far from its colon": "From" + " " * 400 + ":" + "x" * 500 + "\n",
    "original messages": "-----Original Message-----\n",
    "attributions": "On 2024-01-01 10:00 a@b.c wrote:\n",
    "attributions that do not end": "On Mar 3, 2024 at 10:05 wrote\n",
    "long attributions": "On Mar 3, 2024 at 10:05 " + "x" * 900 + "\n",
    "attributions in the line": "x " * 300 + "On 1 Jan wrote: y wrote:\n> q\n",
    "torn attributions": "On 1.1.2024 10:00\n\n<a@b.cz>\n\n",
    "GroupWise": ">>> " + "x" * 290 + "\n",
    "times": "10:00 " * 150 + "\n",
    "dates": "1.1.2024 " * 100 + ":\n",
    "half addresses": "a@" * 490 + "\n",
    "long domains": "a@" + "b." * 480 + "\n",
    "open brackets": "<a@" * 320 + "\n",
    "links out of a quote": "http://" + "a" * 900 + "\n> x\n",
    "own lists": "x:\n> q\n\n",
    "bars": "x:\n| q\n| r\n",
    "mailbox lines": ">From x\n",
    "disclaimers": "confidential " * 70 + "\n",
    "verbs of writing": "wrote " * 160 + "\n",
    "direction marks": "\u200b\u200e가:\n",
    "initials": "JP> x\n",
    "attributions that run on": "On 3 Mar 2026 at 9:14 <a@b.example> x:  y\n",
    "forms": "Subject: x\nDate: 3.3.2026\n\nFrom: a@b.example\n",
    "pasted fields": "Received: x\n",
    "scanners": "This message was checked for viruses by Avast.\n\n",
    "scanners in one line": "this mail virus avast check before printing trees ",
    "links of scanners": "https://www.avast.com/\n\n",
    "names in capitals": "Abc>" * 200 + "\n",
    "figures": "1. 2",
    "one line": "word word. ",
    "Hangul": "안녕하세요. ",
}
HTMLS = {
    "open quotes": "<blockquote>",
    "closed quotes": "<blockquote>x</blockquote>",
    "open paragraphs": "<p>x",
    "line breaks": "a<br>",
    "labels": "<b>From:</b> a@b.cz<br>",
    "angles": "<",
    "classes": "<p class='" + "yahoo_quote " * 100 + "'>x</p>",
    "spans": "<span>x </span>",
    "tables": "<table><tr><td>x</td></tr></table>",
    "entities": "&amp;",
    "styles": "<p style='" + "border-top:solid x;" * 25 + "'>x</p>",
    "Gmail quotes": "<div class=gmail_quote><div class=gmail_attr>On 1.1.2024 10:00 A wrote:</div>x</div>",
    "links": "<a href='http://x.example/y'>x</a> ",
    "pictures": "<img src=x>",
    "never closed": "<b><i><u>x",
    "depth": "<div>" * 30 + "x" + "</div>" * 30,
    "Outlook headers": "<div id=divRplyFwdMsg>From: a</div>",
}


def fill(piece: str, size: int = SIZE) -> str:
    return (piece * (size // len(piece) + 1))[:size]


def compare(hostile: Callable[[], object], honest: Callable[[], object]) -> float:
    """How often the honest one's processor time, each the least that was seen, in turn, until five more rounds bring
    neither down: what else the machine does only ever adds to it.
    """
    least, unchanged = [math.inf, math.inf], 0
    while unchanged < 5:
        unchanged += 1
        for number, run in enumerate((hostile, honest)):
            began = time.process_time()
            run()
            taken = time.process_time() - began
            if taken < 0.99 * least[number]:
                least[number], unchanged = taken, 0
    return least[0] / least[1]


@pytest.mark.parametrize("known", [(), (OURS,) * 3], ids=["nothing known", "known"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_costs_little_more_than_an_honest_one(name: str, known: tuple[str, ...]) -> None:
    text, honest = fill(TEXTS[name]), fill(HONEST)
    assert compare(lambda: split_reply(text, known=known), lambda: split_reply(honest, known=known)) < MOST
    split = split_reply(text, known=known)
    together = Counter(split.reply + split.folded + split.signature)
    assert {sign: n for sign, n in together.items() if sign not in "> \n"} == {
        sign: n for sign, n in Counter(text).items() if sign not in "> \n"
    }


@pytest.mark.parametrize("name", HTMLS)
def test_a_hostile_html_costs_little_more_than_an_honest_one(name: str) -> None:
    html, honest = fill(HTMLS[name]), fill(HONEST_HTML)
    read = [lambda body=body: (split_reply(html=body), sanitise(body)) for body in (html, honest)]
    assert compare(*read) < MOST


@pytest.mark.parametrize("name", ["quote marks", "long domains", "times", "Hangul", "one line"])
def test_a_text_of_ten_times_the_size_costs_ten_times_at_most(name: str) -> None:
    small, large = fill(TEXTS[name]), fill(TEXTS[name], 10 * SIZE)
    assert compare(lambda: split_reply(large, known=(OURS,)), lambda: split_reply(small, known=(OURS,))) < 15


@pytest.mark.parametrize("name", ["entities", "line breaks", "never closed", "open paragraphs"])
def test_a_html_of_ten_times_the_size_costs_ten_times_at_most(name: str) -> None:
    small, large = fill(HTMLS[name]), fill(HTMLS[name], 10 * SIZE)
    assert compare(lambda: sanitise(large), lambda: sanitise(small)) < 15
