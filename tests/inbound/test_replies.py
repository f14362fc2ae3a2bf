"""What is left of a reply when the quote is folded (SJ-7): real formats of clients in many languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.html_text import html_to_text
from gateway.inbound.reading import is_forwarded, read_mail
from gateway.inbound.replies import split_reply

EMAILS = Path(__file__).parent.parent / "emails"

REPLIES = {
    "gmail_ko_reply_utf8": "안녕하세요. 면접은 3월 15일 오후 2시가 좋습니다.\n감사합니다.\n김민수",
    "naver_ko_reply_euc_kr_html_attachment": "안녕하세요, 똠방각하 프로젝트 담당 펲시맨입니다.\n\n이력서를 첨부합니다.",
    "outlook_ko_reply_euc_kr_8bit": "네, 참석하겠습니다. 똠얌꿍은 괜찮습니다.",
    "daum_ko_reply_html": "네, 확인했습니다. 내일 뵙겠습니다.",
    "seznam_cs_reply_attachment_rfc2231": (
        "Dobrý den,\n\ntermín ve čtvrtek mi vyhovuje. Příloha je životopis.\n\nS pozdravem\nJiří Dvořák"
    ),
    "thunderbird_cs_reply_iso_8859_2": "Dobrý den, děkuji za pozvání, přijdu určitě. Žluťoučký kůň.",
    "yandex_ru_reply_utf8_html": "Здравствуйте! Мне подходит среда, 13 марта.\n\nС уважением,\nАнна",
    "outlook_ru_reply_windows_1251_attachment": ("Добрый день.\n\nСпасибо, резюме во вложении.\n\nС уважением, Иван"),
    "mailru_ru_reply_koi8_r": "Да, согласен на встречу.",
    "apple_mail_sv_reply_iso_8859_1": "Hej,\n\ntack för mejlet. Jag kan börja på måndag.\n\nHälsningar\nÅsa",
    "gmail_sv_reply_utf8": "Hej! Torsdag passar bra.",
    "outlook_en_reply_html_border_block": "Hello,\n\nThursday at ten works for me.",
    "outlook_web_en_reply_with_signature": "Thanks, I will be there.",
    "gmail_en_reply_wrapped_attribution": "Yes, see you on Friday.",
    "thunderbird_de_reply_below_quote_flowed": "Ich kann am 1. April anfangen.",
    "iphone_cs_reply_tagline": "Ano, přijdu.",
    "gmail_ja_reply_iso_2022_jp": "お世話になっております。金曜日に伺います。",
    "qq_zh_reply_gb18030": "您好，我可以周五参加面试。",
}


@pytest.mark.parametrize("name", REPLIES)
def test_sj7_only_what_the_writer_wrote_is_left(name: str) -> None:
    assert read_mail((EMAILS / f"{name}.eml").read_bytes()).split.reply == REPLIES[name]


@pytest.mark.parametrize("name", REPLIES)
def test_nothing_is_lost(name: str) -> None:
    split = read_mail((EMAILS / f"{name}.eml").read_bytes()).split
    assert split.folded


def test_answers_between_quoted_questions_keep_the_questions() -> None:
    split = read_mail((EMAILS / "apple_mail_en_reply_inline_answers.eml").read_bytes()).split
    assert "> Which day suits you?\n\nThursday." in split.reply
    assert split.folded.startswith("On 12 Mar 2024")


def test_signature_and_tagline_go_apart() -> None:
    assert split_reply("Yes.\n\n-- \nJan Novak\nPrague").signature == "--\nJan Novak\nPrague"
    assert split_reply("Ano.\n\nOdesláno z iPhonu").signature == "Odesláno z iPhonu"
    assert split_reply("네.\n\n나의 iPhone에서 보냄").signature == "나의 iPhone에서 보냄"


@pytest.mark.parametrize(
    "text",
    [
        "From: 1 June I can start.\nThank you.",
        "Sent from my desk, is much easier to read than from my phone.",
        "You wrote:\nthe job is in Brno. Is it still so?",
        "Name: Kim Minsu\nE-mail: kim@x.example\nDate of birth: 1990-01-02\nPhone: 010-0000-0000",
        "My slots:\n- Monday 10:00\n- Tuesday 11:00\n---\nThank you",
        "On Tuesday at 10:00 I have another interview: can we move it?",
        "> quoted only",
        "Question 1:\n> what?\nmy answer is here",
        "Reference: Jan Novak <jan@x.example>\nPhone: 123\nAvailable: 12.3.2024 14:00\nThanks",
        "From: Seoul\nTo: Busan\nDate: 12.3.2024 10:00\nI need travel costs.",
        "In my last mail I wrote:\n\nsalary 50k\n\nThat still holds.",
        "Dne 12. 3. 2024 v 13:00 mohu přijít:\nna adresu Brno.",
        "-- \nJan",
    ],
)
def test_own_words_that_look_like_a_quote_stay(text: str) -> None:
    assert split_reply(text).reply.split() == text.split()


def test_a_forwarded_mail_keeps_what_it_forwards() -> None:
    for name in ("gmail_en_forward_keeps_content", "outlook_ko_forward_by_subject"):
        split = read_mail((EMAILS / f"{name}.eml").read_bytes()).split
        assert split.folded == ""
    assert is_forwarded("Re: Fwd: x")
    assert is_forwarded("VB: x")
    assert is_forwarded("전달: x")
    assert not is_forwarded("Re: Interview")
    assert not is_forwarded("Wirklich: x")


OURS = (
    "Dear Sam,\n\nthank you for your application for the position of baker in our Brno branch. We would like to invite "
    "you to an interview on Thursday at ten o'clock.\n\nKind regards\nThe Hiring Team"
)


def test_text_that_we_sent_is_folded_without_any_mark() -> None:
    body = f"Thursday is fine, thank you.\n\nHiring Team, Brno\n{OURS.replace(' to ', chr(10) + 'to ')}"
    split = split_reply(body, known=[OURS])
    assert split.reply.startswith("Thursday is fine, thank you.")
    assert "position of baker" in split.folded


def test_a_shared_greeting_is_no_quote() -> None:
    assert split_reply("Kind regards\nSam", known=[OURS]).reply == "Kind regards\nSam"


def test_the_fold_opens_by_itself_unless_it_is_ours() -> None:
    quoted = "\n".join("> " + line for line in OURS.split("\n"))
    intro = "Yes.\n\nOn Tue, Mar 12, 2024 at 1:02 PM Hiring <r@x.example> wrote:\n"
    assert split_reply(intro + quoted, known=[OURS]).fold_is_ours
    changed = quoted + "\n> and I want three times the salary that you offered me last week, or I shall not come"
    assert not split_reply(intro + changed, known=[OURS]).fold_is_ours
    assert not split_reply(intro + quoted).fold_is_ours
    assert split_reply("Yes.").fold_is_ours


LINES = st.sampled_from(
    [
        *("Hi,", "", "> quoted", ">> older", "-- ", "Sent from my iPhone", "Thank you.", "작성:", "________________"),
        *("From: Jan <a@b.cz>", "Sent: 3.3.2024 10:05", "To: Eva", "Subject: x", "-----Original Message-----"),
        *("---------- Forwarded message ---------", "some more words of the writer"),
        "On Mar 3, 2024 at 10:05 Jan <a@b.cz> wrote:",
        "2024년 3월 12일 오후 1:02, 김 <a@b.kr>님이 작성:",
    ]
)


@given(st.lists(LINES | st.text(max_size=60), max_size=25), st.booleans())
@settings(deadline=None, max_examples=300)
def test_every_word_is_in_one_of_the_three(lines: list[str], forwarded: bool) -> None:
    text = "\n".join(lines)
    split = split_reply(text, forwarded=forwarded, known=["some more words of the writer and others too"])
    together = "".join((split.reply + split.folded + split.signature).split())
    assert sorted(together) == sorted("".join(text.split()))
    assert split.reply.strip() or not text.strip()


PIECES = st.sampled_from(
    [
        *("<div>", "</div>", "<p>", "</p>", "<br>", "<hr>", "<blockquote>", "<blockquote type=cite>", "</blockquote>"),
        *("<div class=gmail_quote>", "<div class=gmail_attr>", "<div id=divRplyFwdMsg>", "<div class=yahoo_quoted>"),
        *("<b>From:</b> Jan &lt;a@b.cz&gt;<br>", "<b>Sent:</b> 3.3.2024 10:05<br>", "<b>Subject:</b> x<br>", "<pre>"),
        *("On 3 Mar 2024 at 10:05 Jan &lt;a@b.cz&gt; wrote:", "some more words of the writer", "&gt; quoted", "</pre>"),
        *("<div class=moz-signature>", "Sent from my iPhone", "-----Original Message-----", "<li>item", "<td>cell"),
    ]
)


@given(st.lists(PIECES | st.text(alphabet="abc ž한&;\n", max_size=20), max_size=30), st.booleans())
@settings(deadline=None, max_examples=300)
def test_every_word_of_html_is_in_one_of_the_three(pieces: list[str], knows: bool) -> None:
    html = "".join(pieces)
    split = split_reply(None, html, known=["some more words of the writer and others too"] if knows else [])
    together = "".join(f"{split.reply}{split.folded}{split.signature}".split())
    assert sorted(together.replace(">", "")) == sorted("".join(html_to_text(html).split()).replace(">", ""))


def test_answers_between_the_lines_of_our_own_mail_are_kept() -> None:
    head = "Answers below.\n\nFrom: Petra\nSent: 4 March 2024 14:15\nTo: Owen\nSubject: Questions\n\n"
    asked = "Do you have a driving licence for lorries?\nWhen could you start at our depot in Leeds?"
    answered = asked.replace("lorries?", "lorries?\nYes, since 2011.") + "\nOn the first of May."
    split = split_reply(head + answered, known=[asked])
    assert "Yes, since 2011." in split.reply
    assert "On the first of May." in split.reply
    assert split.folded.startswith("From: Petra")
    assert not split_reply(head + asked, known=[asked]).reply.count("lorries")


def test_thanks_above_known_text_stay_although_we_write_them_too() -> None:
    ours = "지원자님, 면접 결과 합격하셨음을 알려 드립니다. 입사 가능일을 알려 주세요.\n\n감사합니다."
    split = split_reply(f"네 가능합니다.\n감사합니다.\n\n{ours}", known=[ours])
    assert split.reply == "네 가능합니다.\n감사합니다."


@pytest.mark.parametrize(
    "text",
    [
        "Travel details:\n\nFrom: Leeds\nTo: London\nDate: 12 March 2025 06:15\nPrice: 84.50\n\nReceipt attached.",
        "My manager wrote this:\n\nOwen is careful.\n\nI hope it helps.",
        "Here is my phone.\nVon meinem iPhone kann ich das nicht sehen.",
        "네.\n어제 메일 보냈습니다.",
    ],
)
def test_more_own_words_that_look_like_a_clients_stay(text: str) -> None:
    assert split_reply(text).reply.split() == text.split()


def test_a_blockquote_that_the_writer_made_stays() -> None:
    html = "<p>My referee wrote this about me:</p><blockquote>Owen is careful.</blockquote><p>I hope it helps.</p>"
    assert "Owen is careful." in split_reply(None, html).reply
    assert "quoted" in split_reply(None, "Reply<br><blockquote>quoted</blockquote>").folded


def test_a_line_that_a_mailbox_file_mangled_is_no_quote() -> None:
    text = (
        "Thank you.\n>From Monday on I can start.\n\nOn 3 March 2024 at 10:05 Jan <a@b.cz> wrote:\n>From Monday?\n>Yes?"
    )
    split = split_reply(text)
    assert split.reply == "Thank you.\nFrom Monday on I can start."
    assert ">From Monday?" in split.folded


def test_lines_with_a_bar_are_a_quote_below_an_attribution_and_a_table_is_not() -> None:
    quoted = "Yes, gladly.\n\nOn Mar 3, 2026, Moa Labs wrote:\n| Hello Dana,\n|\n| which day suits you best?"
    assert split_reply(quoted).reply == "Yes, gladly."
    table = "My free hours:\n| day | hours |\n| Monday | ten to two |"
    assert split_reply(table).reply == table


def test_pictures_of_the_mail_are_found_where_they_stood() -> None:
    """RFC 2392: by their Content-IDs. Those of the quote are not the writer's; a sign for one is no word."""
    html = (
        '<p>Here \ufffcis my desk: <img src="cid:a%40b"></p><p><img src="CID:c"></p><p>Tidy.</p><img src="http://x.y/z">'
        '<blockquote type="cite">Show us <img src="cid:quoted"></blockquote>'
    )
    split = split_reply(html=html)
    assert (split.reply, split.folded) == ("Here is my desk:\n\nTidy.", "> Show us ")
    assert split.pictures == ((16, "a@b"), (18, "c"))
    assert html_to_text(html).count("\ufffc") == 0
    assert split_reply(html="<img src=cid:only>").pictures == ((0, "only"),)


APPLE_FORWARD = (
    '<div>Please see below.</div><div><br><blockquote type="cite"><div>Begin forwarded message:</div><br>'
    "<div><b>From: </b>Ann &lt;ann@a.example&gt;</div><div><b>Subject: </b>Offer</div>"
    "<div><b>Date: </b>3 June 2026 at 10:00</div><div><b>To: </b>bo@b.example</div><br><div>Our offer stands.</div>"
    "</blockquote></div>"
)


def test_a_forward_inside_a_quote_that_nobody_introduces_is_kept() -> None:
    """SJ-7: Apple Mail. The same quote below an attribution is an answer to somebody who forwarded."""
    assert "Our offer stands." in split_reply(html=APPLE_FORWARD).reply
    answered = APPLE_FORWARD.replace(
        "<br><blockquote", "On 4 June 2026 at 11:00, Cy &lt;cy@c.example&gt; wrote:<blockquote", 1
    )
    split = split_reply(html=answered)
    assert (split.reply, "Our offer stands." in split.folded) == ("Please see below.", True)


def test_a_header_block_in_a_table_begins_history() -> None:
    rows = "".join(
        f"<tr><td>{label}</td><td>{value}</td></tr>"
        for label, value in (
            ("보낸사람", "인사팀 &lt;hr@firma.example&gt;"),
            ("받는사람", "anna@mail.example"),
            ("날짜", "2027-05-03 10:12:01"),
            ("제목", "면접"),
        )
    )
    split = split_reply(html=f"<p>참석하겠습니다.</p><table>{rows}</table><div>목요일에 뵙겠습니다.</div>")
    assert split.reply == "참석하겠습니다."
    form = (
        "<table><tr><td>From</td><td>June</td></tr><tr><td>To</td><td>September</td></tr></table><p>Is that fine?</p>"
    )
    assert split_reply(html=form).folded == ""


def test_a_piped_header_block_begins_history() -> None:
    block = "---- 回复的原邮件 ----\n| 发件人 | 人事部<hr@firma.example> |\n"
    block += "| 日期 | 2027年05月03日 10:12 |\n| 主题 | 面试 |\n"
    assert split_reply(f"周四我可以到。\n\n{block}请携带证书。").reply == "周四我可以到。"


def test_two_dashed_lines_are_a_frame_if_the_writer_goes_on() -> None:
    text = "My work:\n--\n2019 to 2022: Acme\n2022 to now: Globex\n--\nI can start in June."
    assert split_reply(text).reply == text
    assert split_reply("I will come.\n-- \nAnna Kim\nAcme\n-- \nAnna").reply == "I will come."


def test_a_forward_is_kept_whatever_words_lead_to_its_header() -> None:
    text = (
        "Is this real?\n\nBörja vidarebefordrat brev:\n\n> Från: Eva <eva@other.example>\n> Ämne: Offer\n"
        "> Datum: 2 maj 2027 09:00:00 CEST\n> Till: anna@mail.example\n>\n> We can offer you the position.\n"
    )
    assert split_reply(text).folded == ""


def test_an_answer_below_our_whole_mail_keeps_its_greeting() -> None:
    ours = "Beste Anna,\n\nWe willen je graag ontmoeten op donderdag om 14 uur.\n\nNeem je diploma's mee."
    block = "Van: HR <hr@firma.example>\nVerzonden: vrijdag 3 mei 2027 10:12\nAan: Anna\nOnderwerp: Gesprek\n\n"
    split = split_reply(f"{block}{ours}\n\nBeste Jan,\n\ndonderdag komt mij goed uit, tot dan.", known=[ours])
    assert split.reply.split() == ["Beste", "Jan,", "donderdag", "komt", "mij", "goed", "uit,", "tot", "dan."]


def test_a_quoted_header_below_a_ruler_heads_a_mail_without_marks() -> None:
    head = "&gt; Od: HR &lt;hr@firma.example&gt;<br>&gt; Komu: a@b.example<br>&gt; Datum: 03.05.2027 10:12"
    html = f"<p>Přijdu ve čtvrtek.</p><p>{'_' * 62}<br>{head}</p><div>Zveme Vás na pohovor.</div>"
    assert split_reply(html=html).reply == "Přijdu ve čtvrtek."
