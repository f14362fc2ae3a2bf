"""What programs and companies put below the writer's words: taglines, help desks' lines, lists, lawyers (SJ-7)."""

from __future__ import annotations

import pytest

from gateway.inbound.replies import split_reply

OWN = "Thank you, that suits me well.\n\nMina"
QUOTE = "On 25 Nov 2026, at 09:14, Hiring <r@x.example> wrote:\n\n> Could you come?"
TAGLINES = [
    "Outlook für Android<https://aka.ms/AAb9ysg> beziehen",
    "Yahoo Mail: Search, Organize, Conquer",
    "Sent using https://www.zoho.com/mail/",
    "Provenance : Courrier pour Windows",
    "Skickades från E-post för Windows 10",
    "从 Windows 版邮件发送",
    "從 Windows 的郵件傳送",
    "Sent from HCL Verse",
    "Sent via Shortwave",
    "Wysłano z Onet Poczta",
    "Відправлено з мобільного додатку пошти ukr.net",
    "Sent from my iPhone, so please excuse typos.",
    "Sent from my iPhone. Please excuse brevity and spelling errors.",
    "Von meinem Android-Mobiltelefon mit K-9 Mail gesendet. Bitte entschuldigen Sie die Kürze.",
    "Sent from Mailspring, the best free email app for work",
    "나의 Galaxy에서 전송",
    "通过邮箱大师发送",
    "使用 iPhone 傳送",
    "مُرسل من الـ iPhone الخاص بي",
    "Von unterwegs gesendet",
    "Virenfrei.www.avast.com",
    "Bez virů.www.avast.com <https://www.avast.com/sig-email>",
    "바이러스가 없습니다.www.avast.com",
    "Без вирусов.www.avast.ru",
    "נשלח מהגלקסי שלי",
    "Отправлено из мобильной Почты Mail",
    "Sent from Mail",
    "Odesláno z Pošty pro Windows",
    "来自 QQ邮箱",
    "네이버 메일 앱에서 보냈습니다.",
]
SCANNERS = [
    "---\nThis email has been checked for viruses by AVG.\nhttps://www.avg.com",
    "---\nTato zpráva byla zkontrolována na viry programem Avast Antivirus.\nhttps://www.avast.com/antivirus",
    "---\nЭто сообщение проверено на вирусы антивирусом Avast.\nhttps://www.avast.com/antivirus",
    "---\nDenna e-post kontrolleras för virus av Avast antivirusprogram.\nhttps://www.avast.com/antivirus",
    "---\n이 이메일은 Avast 바이러스 백신 소프트웨어로 바이러스 검사를 완료했습니다.\nhttps://www.avast.com/antivirus",
    "---\nDiese E-Mail wurde von Avast Antivirus-Software auf Viren geprüft.\nhttps://www.avast.com/antivirus",
    "---\nL'absence de virus dans ce courrier électronique a été vérifiée par le logiciel antivirus Avast.",
    f"{'_' * 70}\nThis email has been scanned by the Symantec Email Security.cloud service.\n"
    f"For more information please visit http://www.symanteccloud.com\n{'_' * 70}",
    "__________ Information from ESET NOD32 Antivirus, version of virus signature database 12345 (20261124) __________"
    "\n\nThe message was checked by ESET NOD32 Antivirus.\n\nhttp://www.eset.com",
    "__________ Informace od ESET Endpoint Antivirus, verze databáze 12345 (20261124) __________\n\n"
    "Tuto zprávu zkontroloval ESET Endpoint Antivirus.\n\nhttp://www.eset.cz",
]
PRINTING = [
    "P Please consider the environment before printing this email",
    "Pensez à l’environnement avant d’imprimer ce message.",
    "Myslete na životní prostředí, než tento e-mail vytisknete.",
    "Tänk på miljön innan du skriver ut detta mejl.",
    "Перед тем как распечатать это письмо, подумайте об окружающей среде.",
    "이 메일을 인쇄하기 전에 환경을 생각해 주세요.",
]
REPLY_LINES = [
    "##- Bitte geben Sie Ihre Antwort über dieser Zeile ein. -##",
    "##- 이 줄 위에 답장을 입력하세요 -##",
    "##- この行より上に返信内容を入力してください -##",
    "##- Any words that we have never seen -##",
    "Reply above this line.",
    "--- Veuillez répondre au-dessus de cette ligne ---",
    "-- Bitte antworten Sie oberhalb dieser Zeile --",
    "****** Bitte Antwort oberhalb dieser Linie eingeben ******",
    "[Please reply above this line]",
    "To respond, reply above this line",
    "Please enter your reply above this line.",
    "--- 이 줄 위에 답장을 작성해 주세요 ---",
    "=====この線より上に返信を入力してください=====",
    "-------- 请在这行上面回复 --------",
    "---- Bu satırın üzerine yanıtınızı yazın ----",
    "---- Vui lòng trả lời phía trên dòng này ----",
    "---- يرجى الرد فوق هذا السطر ----",
    "Odpovedzte nad týmto riadkom",
]
NOTICES = [
    "This e-mail and any attachments are confidential and intended solely for the addressee. If you are not the\n"
    "intended recipient, please delete it and notify the sender.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie\n"
    "bitte den Absender und vernichten Sie diese Mail.",
    "본 메일은 지정된 수신자만을 위한 것이며 비밀정보를 포함할 수 있습니다. 잘못 수신하신 경우 즉시 삭제하십시오.",
    "본 메일은 지정된 수취인만을 위해 작성되었으며, 중요한 정보나 저작권을 포함하고 있을 수 있습니다. 본 문서에\n"
    "포함된 정보의 전부 또는 일부를 무단으로 제3자에게 공개, 배포, 복사 또는 사용하는 것을 금지합니다.",
    "Tato zpráva a veškeré připojené soubory jsou důvěrné a určené výhradně adresátovi. Pokud jím nejste, prosíme\n"
    "o její vymazání.",
    "This message (including any attachments) is confidential and may be privileged. If you have received it by\n"
    "mistake please notify the sender by return e-mail and delete this message from your system.",
    "Dit bericht is uitsluitend bestemd voor de geadresseerde. Indien u dit bericht onterecht ontvangt, wordt u\n"
    "verzocht de afzender te informeren en het bericht te vernietigen.",
    "Ez az üzenet bizalmas információkat tartalmazhat, és kizárólag a címzettnek szól. Ha tévedésből kapta meg,\n"
    "kérjük, értesítse a feladót.",
    "Bu e-posta ve ekleri gizlidir ve yalnızca gönderilen kişiye özeldir. Yanlışlıkla aldıysanız lütfen siliniz.",
    "Ova poruka je povjerljiva i namijenjena isključivo primatelju. Ako ste je primili greškom, molimo obrišite\n"
    "ovaj e-mail.",
    "本メールには機密情報が含まれている場合があります。誤って受信された場合は、直ちに削除してください。",
    "本邮件及其附件含有保密信息，仅限于发送给上面地址中列出的个人或群组。禁止任何其他人以任何形式使用。\n"
    "如果您错收了本邮件，请您立即电话或邮件通知发件人并删除本邮件。",
]


@pytest.mark.parametrize("line", TAGLINES)
def test_tagline_is_a_signature(line: str) -> None:
    split = split_reply(f"{OWN}\n\n{line}\n\n{QUOTE}")

    assert (split.reply, split.signature) == (OWN, line)


@pytest.mark.parametrize(
    "line",
    [
        "I sent it from my phone, sorry for the delay.",
        "Sent you the papers from my phone, because my laptop broke.",
        "Provenance: Korea",
        "Sent from my desk, is much easier than from the phone.",
        "Sent by email on Monday",
        "Sent from my university mail",
        "Sent from my Gmail account",
        "Gesendet mit E-Mail vom 3. März",
        "Envoyé avec mon autre adresse mail",
        "Inviato dal mio indirizzo gmail lunedì",
        "Отправлено с рабочей почты в понедельник",
        "회사 메일에서 보냈습니다.",
        "会社のメールから送信",
        "Outlook, Windows, Android",
    ],
)
def test_sentence_about_sending_stays(line: str) -> None:
    assert split_reply(f"Hello,\n{line}\n\n{QUOTE}").reply == f"Hello,\n{line}"


def test_line_that_the_words_above_lead_to_is_no_tagline() -> None:
    own = "My diploma:\nSent from my phone"

    assert split_reply(f"{own}\n\n{QUOTE}").reply == own


@pytest.mark.parametrize(
    "line",
    [
        "Reply above this line does not work in my client.",
        "I wrote my answers above this line:",
        "My answers are above this line.",
        "Please reply above this line of code in the pull request:",
        "(You find my answers above this line.)",
        "Ответ пишу выше этой строки, так удобнее.",
    ],
)
def test_words_about_a_line_stay(line: str) -> None:
    own = f"Hello,\n\n{line}\n\nProf. Novak, Brno"

    assert split_reply(f"{own}\n\n{QUOTE}").reply == own


@pytest.mark.parametrize("line", REPLY_LINES)
def test_line_of_a_help_desk_begins_its_mail(line: str) -> None:
    split = split_reply(f"{OWN}\n\n{line}\n\nYour request (1234) was updated.\n\nCould you come?")

    assert split.reply == OWN
    assert "Could you come?" in split.folded


@pytest.mark.parametrize("line", ["‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐", "-----원본메시지-----"])
def test_dashes_and_spaces_of_another_kind(line: str) -> None:
    split = split_reply(f"{OWN}\n\n{line}\n{QUOTE}")

    assert split.reply == OWN


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("below", ["", f"\n\n{QUOTE}"])
def test_paragraph_of_lawyers_is_a_signature(notice: str, below: str) -> None:
    split = split_reply(f"{OWN}\n\n{notice}{below}")

    assert (split.reply, split.signature) == (OWN, notice)


@pytest.mark.parametrize("footer", [*SCANNERS, *PRINTING])
@pytest.mark.parametrize("below", ["", f"\n\n{QUOTE}"])
def test_what_scanners_and_companies_add_is_no_answer(footer: str, below: str) -> None:
    assert split_reply(f"{OWN}\n\n{footer}{below}").reply == OWN


@pytest.mark.parametrize(
    "own",
    [
        "I checked the file for viruses with Avast: it is clean. You can open it.",
        "This message filter I built at Avast checked mail for viruses, see https://www.avast.com.",
        "My employer until May:\n\nhttps://www.eset.com",
        "Do I need to print the form before signing it? I would rather save the trees.",
    ],
)
def test_words_about_scanners_and_printing_stay(own: str) -> None:
    assert split_reply(f"Hello,\n\n{own}\n\n{QUOTE}").reply.endswith(own)


@pytest.mark.parametrize(
    "below",
    [
        "-- \nSicher versendet mit Tutanota. Hol dir deinen eigenen kostenlosen, verschlüsselten E-Mail-Account:\n"
        "https://tuta.com\n\n\n24. Nov. 2026, 09:14 von r@x.example:\n\n> Kommen Sie?",
        "24 ноября 2026 г. 9:14:10 GMT+03:00, Jun <r@x.example> пишет:\n>Придёте?\n\n-- \n"
        "Простите за краткость, создано в K-9 Mail.",
        f"{QUOTE}\n\n{'_' * 47}\nJobs mailing list -- jobs@lists.example\n"
        "To unsubscribe send an email to jobs-leave@lists.example",
    ],
    ids=["tuta", "k9", "mailman"],
)
def test_what_an_app_or_a_list_says_of_itself_is_no_answer(below: str) -> None:
    assert split_reply(f"{OWN}\n\n{below}").reply == OWN


def test_several_paragraphs_of_lawyers_below_a_ruler() -> None:
    split = split_reply(f"{OWN}\n\n________________________________\n{NOTICES[0]}\n\n{NOTICES[1]}")

    assert split.reply == OWN


@pytest.mark.parametrize(
    "own",
    [
        "Please keep my application confidential, and delete my data when the position is filled, thank you very much.",
        "The attached file is confidential and intended only for Ms Park. Please delete it after the interview.",
        "Přiložený soubor je důvěrný a určený jen adresátovi, paní Novákové. Po pohovoru ho prosím smažte.",
        "Die E-Mail mit den Zahlen war ausschließlich für Frau Park bestimmt und kam irrtümlich an, bitte löschen.",
        "Tę wiadomość proszę traktować jako poufną, adresatem są tylko Państwo; po przeczytaniu proszę ją usunąć.",
        "Bu mesajı gizli tutmanızı rica ediyorum, alıcı yalnızca sizsiniz; okuduktan sonra siliniz.",
        "宛先を間違えて機密情報のメールをお送りしました。恐れ入りますが、誤って受信されたメールは削除をお願いいたします。",
        NOTICES[0],
    ],
)
def test_words_about_secrecy_stay(own: str) -> None:
    assert split_reply(f"Hello,\n\n{own}" if own is not NOTICES[0] else own).reply.endswith(own)


def test_ruler_of_the_writer_above_the_footer_of_a_list() -> None:
    own = f"Question 1\n{'_' * 32}\nI would use a queue."
    footer = f"{'_' * 47}\nJobs mailing list\nhttps://lists.example/mailman/listinfo/jobs"

    assert split_reply(f"{own}\n\n{footer}").reply == own


def test_link_of_a_list_in_the_midst_of_own_words() -> None:
    own = f"I ran this list:\n{'-' * 40}\nhttps://lists.example/mailman/listinfo/dev\nIt has 500 users."

    assert split_reply(own).reply == own


def test_footer_of_a_list_below_a_signature_mark() -> None:
    footer = (
        '-- \nYou received this message because you are subscribed to the Google Groups "jobs" group.\n'
        "To unsubscribe from this group, send an email to jobs+unsubscribe@x.example.\n"
        "To view this discussion visit https://groups.x.example/d/msgid/jobs/1."
    )

    assert split_reply(f"{OWN}\n\n{footer}").reply == OWN


@pytest.mark.parametrize(
    "mark",
    [
        'id="Zm-_Id_-Sgn" data-sigid="123"',
        'data-signature-widget="container"',
        'name="messageSignatureSection"',
        'id="composer_signature"',
        'class="front-signature"',
        'class="k9mail-signature"',
        'id="_rc_sig"',
    ],
)
def test_signature_in_the_element_of_a_client(mark: str) -> None:
    html = f"<div>Tuesday suits me.</div><div><br></div><div {mark}><div>Mina Kim</div><div>Engineer</div></div>"

    split = split_reply(html=html)

    assert (split.reply, split.signature) == ("Tuesday suits me.", "Mina Kim\nEngineer")


def test_quote_and_signature_in_the_elements_of_fairemail() -> None:
    html = (
        '<div>Tuesday suits me.<br><div fairemail="signature">Mina Kim</div></div><br>'
        '<div fairemail="reference"><p>Xx 25, Jun zz</p><div>Could you come?</div></div>'
    )

    split = split_reply(html=html)

    assert (split.reply, split.signature) == ("Tuesday suits me.", "Mina Kim")


def test_quote_in_the_element_of_spark() -> None:
    html = (
        '<div name="messageBodySection">Tuesday suits me.</div><div name="messageReplySection">'
        "Xx 25. Yy 2026, 9.14 +0900, Jun, zz<br><blockquote>Could you come?</blockquote></div>"
    )

    assert split_reply(html=html).reply == "Tuesday suits me."
