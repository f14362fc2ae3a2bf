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
    "journey": (
        "As asked:\n\nFrom: Seoul (ICN), 24 November 2026 09:14\nTo: Prague (PRG), 24 November 2026 15:05\n"
        "Subject to change\n\nI land at three."
    ),
    "career": (
        "My career:\n\n--- Work ---\nFrom: March 2019\nTo: 2024\nCompany: Acme\n"
        "--- School ---\nFrom: 2014\nTo: 2019\nDate of exam: 4. 6. 2019 14:00"
    ),
    "marks": "Subject: Mathematics\nGrade: A\nDate: 12 June 2018\n\nSubject: Physics\nGrade: B\nDate: 14 June 2018",
    "references": (
        "Name: Anna Kováčová\nFrom: Acme\nE-mail: anna@acme.example\nPhone: +420 600\n\n"
        "Name: Petr Malý\nFrom: Beta\nE-mail: petr@beta.example\nPhone: +420 700"
    ),
    "travel form": (
        "Travel costs:\n\nDate: 26. 11. 2026\nFrom: Praha\nTo: Brno\nSubject: interview\nAmount: 250 Kč\n\nThat is all."
    ),
    "letter in Czech": "Pan Novák mi 20. 11. 2026 v 9:14 napsal:\nPřijďte ve čtvrtek.\n\nPlatí to ještě?",
    "letter in Swedish": "Hej!\n\nJonas skrev den 20 november 2026 kl 09:14:\nkom på torsdag.\n\nGäller det?",
    "letter to me": "Guten Tag,\n\nam 20.11.2026 um 9:14 Uhr schrieb mir Herr Weber:\nDonnerstag.\n\nGilt das noch?",
    "new phone": "My diploma is attached.\n\nSent from my new phone. Please save the number for later.",
    "by post": "Документы готовы.\n\nОтправлено с почты в Москве вчера, придёт завтра.",
    "secret of mine": (
        "Thursday is fine.\n\nPlease keep this confidential and delete my old CV: it was intended for another company."
    ),
    "secret of mine in Russian": (
        "Четверг подходит.\n\nПрошу считать это конфиденциальным и удалить моё старое резюме: адресат был другой."
    ),
    "printing": "Fine.\n\nBefore you print the contract, please think of the trees and send me a PDF, I sign that.",
    "session": "As my teacher wrote on 24 November 2026:\n\nirb> 1+1\nirb> 2+2\n\nBoth work.",
    "heading of a motto": "Citát:\n> Kdo nic nedělá, nic nezkazí.\nTo je mé motto.",
    "list": "My wish:\n\n----------------------------------\nPlease add me to the mailing list: mina@mail.example",
    "talk of our mail": "----- Original Message -----\nis all that your system shows me.",
}


@pytest.mark.parametrize("name", sorted(OWN.keys() - {"talk of our mail"}))
@pytest.mark.parametrize("below", [OUTLOOK_KO, GMAIL], ids=["outlook", "gmail"])
def test_own_words_above_what_is_answered_stay_and_it_goes(name: str, below: str) -> None:
    raw = f"From: a@b.example\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n{OWN[name]}\n\n{below}"
    split = read_mail(raw.encode()).split
    assert split.reply.split() == OWN[name].split()
    assert split.folded


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


def test_list_with_marks_whose_items_are_paragraphs_stays() -> None:
    html = "<p>My order of wishes:</p><p>&gt; Backend</p><p>&gt; Platform</p><p>&gt; Data</p><p>in this order.</p>"
    intro = "<p id=reply-intro>2026-11-24 09:14 에 Moa Labs 이(가) 씀:</p>"
    quote = f"{intro}<blockquote type=cite><p>Which?</p></blockquote>"
    split = split_reply(html=html + quote)
    assert "Platform" in split.reply
    assert "Which?" in split.folded


def test_journey_above_an_attribution_without_a_date_stays() -> None:
    own = OWN["journey"]
    assert split_reply(f"{own}\n\nQuoting Moa <r@x.example>:\n\n> Could you come?\n> Kim").reply == own


def test_line_with_a_mark_between_two_paragraphs_of_the_writer_stays() -> None:
    own = "<p>x &gt; 3</p><p>&gt; 5 is wrong</p><p>y &lt; 2</p>"
    quote = "<p>-----Original Message-----<br>From: Moa &lt;r@x.example&gt;<br>To: mina@y.example<br>Subject: x</p>"
    split = split_reply(html=f"{own}{quote}<p>Come?</p>")
    assert "> 5 is wrong" in split.reply
    assert "Come?" in split.folded


@pytest.mark.parametrize("marked", ["", " class=moz-cite-prefix"])
def test_addresses_right_above_an_attribution_stay(marked: str) -> None:
    own = "<div>Write to:</div><div>Anna &lt;anna@firma.example&gt;</div><div>Petr &lt;petr@firma.example&gt;</div>"
    intro = f"<div{marked}>On 11/24/26 09:14, Moa &lt;r@x.example&gt; wrote:<br></div>"
    split = split_reply(html=f"{own}{intro}<blockquote type=cite><p>Could you come?</p></blockquote>")
    assert split.reply.endswith("Petr <petr@firma.example>")
    assert "wrote:" in split.folded


def test_header_pasted_from_a_mail_program_is_shown() -> None:
    own = (
        "<p>What are these lines of your mail?</p><p>They say:</p>"
        "<p>Received: from mx.moa.example by mx.mail.example</p>"
        "<p>Date: Tue, 24 Nov 2026 09:14:10 +0900</p><p>From: r@reply.moa.example</p><p>Subject: Interview</p>"
        "<p>Is that your server?</p>"
    )
    assert split_reply(html=own).reply.endswith("Is that your server?")


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


BOX = '<div style="border-left:2px solid #1010ff;padding-left:5px">'


@pytest.mark.parametrize(
    "body",
    [
        f"<div>Gerne.</div>{BOX}Am 04.03.2025 14:11 schrieb Moa:<br>Können Sie?</div>",
        f"<div>Gerne.</div><div>On 4 March 2025 at 14:11 Moa wrote:</div>{BOX}Können Sie?</div>",
    ],
    ids=["in the box", "above the box"],
)
def test_box_with_a_line_at_its_side_is_a_quote_below_an_attribution(body: str) -> None:
    assert split_reply(html=body).reply == "Gerne."


@pytest.mark.parametrize(
    "body",
    [
        f"<div>My professor wrote:</div>{BOX}Anna is great.</div>",
        f"{BOX}Hello.<br>On 4 March 2025 at 14:11 Jana wrote to me:<br>come.<br>So I come.</div>",
        f"<div>Diary</div>{BOX}4 March 2025 14:11:<br>I applied.</div>{BOX}5 March 2025 14:11:<br>You wrote.</div>",
    ],
    ids=["cited", "letter", "diary"],
)
def test_box_of_the_writer_stays(body: str) -> None:
    assert split_reply(html=body).folded == ""


UNENDED = [
    "Ja, Dienstag um zehn passt mir sehr gut",
    "Yes I can come on tuesday at ten",
    "Oui mardi à dix heures me convient très bien",
    "Да, во вторник в десять мне удобно",
    "好的我周二可以参加面试",
    "네 가능합니다 그날 뵙겠습니다",
    "ครับ วันอังคารสะดวกครับ จะไปพบตอนสิบโมง",
    "כן, יום שלישי מתאים לי בשעה עשר",
    "हाँ, मंगलवार मेरे लिए ठीक है और मैं समय पर आऊँगा",
]


@pytest.mark.parametrize("said", UNENDED)
@pytest.mark.parametrize(
    "lines", ["{}<br><br>Mina Kim<br>+82 10", "Mina Kim<br>+82 10<br><br>{}"], ids=["above", "below"]
)
def test_sentence_without_a_full_stop_in_the_signature_of_a_client_stays(said: str, lines: str) -> None:
    html = f'<div>OK</div><div id="Signature">{lines.format(said)}</div>'

    assert said in split_reply(html=html).reply


@pytest.mark.parametrize("said", UNENDED)
def test_sentence_without_a_full_stop_below_a_signature_stays(said: str) -> None:
    split = split_reply(f"OK\n\n-- \nMina Kim\n+82 10\n\n{said}")

    assert (split.reply, split.signature) == (f"OK\n\n{said}", "-- \nMina Kim\n+82 10".replace("-- ", "--"))


@pytest.mark.parametrize(
    "below",
    [
        "Department of Computer Science, Faculty of Science, University of Oslo",
        "上海某某科技有限公司 人力资源部 招聘组",
        "شارع الملك فهد، حي العليا، الرياض 12211",
        "Wir bauen, was Menschen verbindet",
        "***",
        "Stará firma s.r.o.\nHlavní 5, 602 00 Brno",
        '"the future is what we make of it now" - Kay',
    ],
)
def test_post_address_and_slogan_belong_to_the_signature(below: str) -> None:
    assert split_reply(f"OK\n\n-- \nMina Kim\n\n{below}").reply == "OK"
