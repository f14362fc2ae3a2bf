"""The header that Notes puts above a quoted mail, in the shapes of its versions, and texts that only look like one."""

from __future__ import annotations

import time

import pytest

from gateway.inbound.replies import split_reply

OWN = "Tuesday suits me.\n\nMina"
SENT = "Hi Mina,\nthank you for applying. Could you come on Tuesday?\n\nThe team"
HEADERS = {
    "name above": "Hiring <r@x.example> \n11/25/2026 09:14 AM\n\nTo\nmina@y.example\ncc\n\nSubject\nInterview\n",
    "name above, de": "Hiring <r@x.example> \n25.11.2026 09:14\n\nAn\n<mina@y.example>\nKopie\n\nThema\nGespräch\n",
    "organisation": "Jun Park/Seoul/Moa\n11/25/2026 09:14 AM\n\nTo\nMina Kim/B/Y@Y\ncc\n\nSubject\nRe: Interview\n",
    "columns": (
        "             Jun Park                                                      \n"
        "             <jun@moalabs.exa                                              \n"
        "             mple>                                                      To \n"
        "                                       mina@y.example                      \n"
        "             11/25/2026 09:14                                           cc \n"
        "             AM                                                            \n"
        "                                                                   Subject \n"
        "                                       Interview                           \n"
    ),
    "box": (
        "|---------+---------------------------->\n"
        "|         |           Jun Park         |\n"
        "|         |           <jun@moalabs.exam|\n"
        "|         |           ple>             |\n"
        "|         |                            |\n"
        "|         |           11/25/2026 09:14 |\n"
        "|         |           AM               |\n"
        "|---------+---------------------------->\n"
        "  >-------------------------------------------------------|\n"
        "  |                                                       |\n"
        "  |       To:       mina@y.example                        |\n"
        "  |       cc:                                             |\n"
        "  |       Subject:  Interview                             |\n"
        "  >-------------------------------------------------------|\n"
    ),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_header_with_labels_apart_from_their_values(header: str) -> None:
    split = split_reply(f"{OWN}\n\n\n\n{header}\n\n\n\n{SENT}")

    assert split.reply == OWN
    assert "Interview" in split.folded or "Gespräch" in split.folded
    assert "thank you for applying" in split.folded


def test_same_header_as_a_table_of_html() -> None:
    html = (
        "<font size=2>Tuesday suits me.</font><br><br><font size=2>Mina</font><br><br><br><table width=100%><tr><td>"
        "<font size=1><b>Hiring &lt;r@x.example&gt;</b> </font><p><font size=1>11/25/2026 09:14 AM</font><td>"
        "<table width=100%><tr><td><div align=right>To</div><td>mina@y.example<tr><td><div align=right>cc</div><td>"
        "<tr><td><div align=right>Subject</div><td>Interview</table><br></table><br><br>Hi Mina,<br>could you come?"
    )

    split = split_reply(html=html)

    assert split.reply == OWN
    assert "could you come?" in split.folded


@pytest.mark.parametrize(
    "text",
    [
        "My data:\n\nMina Kim <mina@y.example>\n25.11.2026 09:14\n\nTo\nbe honest\n\nSubject to change",
        "I was there.\n\n25.11.2026 09:14\n\nTo\nyou\n\nSubject\nmathematics",
        "Lessons\n\nSubject\nMathematics\n\nMondays\n\nSubject\nPhysics",
        "Jun Park\n\nTo\nMina\n\nSubject\nInterview",
    ],
)
def test_own_words_with_such_labels_stay(text: str) -> None:
    assert split_reply(text).reply == text


def test_many_such_labels_cost_little() -> None:
    body = "Jun Park\n11/25/2026 09:14\n\nTo\nx\n\nSubject\n" * 20_000
    began = time.process_time()

    split_reply(body)

    assert time.process_time() - began < 1
