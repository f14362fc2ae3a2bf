"""What the writer means stays in the reply, though it looks like a quote; what they quote goes (SJ-7)."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import is_answered, is_forwarded, read_mail
from gateway.inbound.replies import split_reply

GMAIL = "On Tue, Mar 4, 2025 at 2:10 PM Moa Labs <r+abc@reply.example> wrote:\n\n> Could you come on Thursday?\n"
OUTLOOK_KO = (
    "보낸 사람: 모아랩스 <r+abc@reply.example>\n보낸 날짜: 2025년 3월 4일 화요일 오후 2:10\n받는 사람: 홍길동\n"
    "제목: 면접\n\n목요일에 가능하신가요?\n"
)

OWN = {
    "timetable": "Flight\n\nFrom: ICN, 4 March 2025 14:10\nTo: PRG\nSubject: booking ABC123\n\nI land at 18:00.",
    "form": (
        "성명: 홍길동\n주소: 서울시\n제목: 지원\n날짜: 2025년 3월 6일 10:00\n발신: hong@mail.example\n\n"
        "위와 같이 제출합니다."
    ),
    "marked lines": "I have the following\n> 5 years of Python\n> 3 years of Go",
    "marked line among others": "2 > 1\n3 > 2\n> 5 years of experience\n< 2 years of Go",
    "interpreter": "def f(x):\n    return x\n\n>>> f(1)\n1",
    "two dashes": "Options:\n--\nThursday 10:00\nFriday 11:00",
    "letter": "Herr Kim schrieb am 3.3.2025 um 10:00:\nBitte CV senden.\nHiermit erledigt.",
    "talk of our mail": "----- Original Message -----\nis all that your system shows me.",
}


@pytest.mark.parametrize("name", OWN)
def test_own_words_that_look_like_a_quote_stay(name: str) -> None:
    assert split_reply(OWN[name]).reply.split() == OWN[name].split()
    split = split_reply(f"{OWN[name]}\n\n{GMAIL}")
    assert split.reply.split() == OWN[name].split()
    assert "Could you come" in split.folded


@pytest.mark.parametrize(
    "intro",
    [
        "On Tue, 4 Mar at 2:10 PM , Moa Labs <r+abc@reply.example> wrote:",
        "---------[ 받은 메일 내용 ]----------\n제목 : 면접\n날짜 : 2025년 3월 4일 화요일, 14시 10분\n"
        '보낸이 : "모아랩스" <r+abc@reply.example>\n받는이 : hong@mail.example\n',
    ],
    ids=["no year", "nate"],
)
def test_introductions_without_marks_below(intro: str) -> None:
    assert split_reply(f"Yes.\n\n{intro}\nCould you come?\n").reply == "Yes."


@pytest.mark.parametrize("verb", ["бичсэн", "yozdi", "გწერს", "лихьна"])
def test_a_date_and_a_time_introduce_a_quote_in_a_language_that_we_do_not_know(verb: str) -> None:
    assert split_reply(f"Yes.\n\n2025-03-04 14:10, Moa Labs {verb}:\n> Could you come?\n> Kim").reply == "Yes."


def test_recipients_and_subject_between_a_ruler_and_the_attribution_are_no_own_words() -> None:
    html = (
        "<div>Могу.</div><div>----------------</div><div>Кому: jana@mail.example;</div><div>Тема: Собеседование;</div>"
        '<div>04.03.2025, 14:10, "Moa" &lt;r@reply.example&gt;:</div><blockquote><p>Можете?</p></blockquote>'
    )
    assert split_reply(html=html).reply == "Могу."


def test_a_whole_header_right_between_two_blocks_of_html_is_one() -> None:
    html = (
        '<div>好的</div><div><div>From: "Moa"&lt;r@reply.example&gt;</div><div>Date: Tue, Mar 4, 2025, 14:10</div>'
        "<div>Subject: 面试</div><div>To: jana</div></div><div>周四?</div>"
    )
    assert split_reply(html=html).reply == "好的"


def test_a_phone_of_a_signature_above_a_header_block_does_not_hide_it() -> None:
    own = "네 가능합니다.\n\n홍길동\nTel: 031-123-4567\n"
    assert "가능하신가요" not in split_reply(own + OUTLOOK_KO).reply


@pytest.mark.parametrize(
    "own",
    [
        "첨부파일 전달드립니다.",
        "주차는 아래층인가요?",
        "My salary is below 4000.",
        "以下の日程でお願いいたします。\n・3月6日",
    ],
)
def test_words_that_speak_of_something_else_do_not_open_the_mail_that_is_answered(own: str) -> None:
    raw = f"From: a@b.example\nSubject: Re: 면접\nContent-Type: text/plain; charset=utf-8\n\n{own}\n\n{OUTLOOK_KO}"
    split = read_mail(raw.encode()).split
    assert split.reply.split() == own.split()
    assert split.folded.startswith("보낸 사람")


@pytest.mark.parametrize("own", ["답변은 아래에 적었습니다.", "My answers are below.", "See below.", "Odpovědi níže."])
def test_answers_in_the_mail_below_are_shown(own: str) -> None:
    raw = f"From: a@b.example\nSubject: Re: 면접\nContent-Type: text/plain; charset=utf-8\n\n{own}\n\n{OUTLOOK_KO}3년"
    assert read_mail(raw.encode()).split.reply.endswith("3년")


def test_subjects_of_forwards_and_answers() -> None:
    assert all(map(is_forwarded, ["[전달] 증명서", "[Fwd: x]", "Re: [FW] x", "FW: x", "Re: FW: x"]))
    assert not any(map(is_forwarded, ["[I] x", "[PD] x", "Re: x", "Forward planning"]))
    assert all(map(is_answered, ["RE: x", "회신: x"]))
    assert not any(map(is_answered, ["Re: FW: x", "x"]))


def test_what_a_virus_scanner_adds_is_no_sentence_of_the_writer() -> None:
    split = split_reply("Ano.\n\n-- \nTento e-mail byl zkontrolován na viry programem AVG antivirus.\nwww.avg.com\n")
    assert split.reply == "Ano."


def test_invisible_signs_around_a_tagline() -> None:
    assert split_reply("Yes.\n\n\u2063Get BlueMail for Android \u200b\n").reply == "Yes."


@pytest.mark.timeout(20)
def test_a_subject_of_prefixes_and_spaces_is_read_at_once() -> None:
    """It took minutes once, for each run of spaces could be shared out in many ways."""
    for spaces in (25, 5000):
        subject = ("re:" + " " * spaces) * 10
        assert not is_forwarded(subject + "x")
        assert is_answered(subject + "x")
    assert is_forwarded("Re:  RE[2] : Fwd: x")
    assert not is_answered("Re: Fwd: x")
