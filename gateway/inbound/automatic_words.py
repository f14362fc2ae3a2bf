"""In charge of: how machines word what they send, in the languages we know: subjects, and sentences of the text.

Not in charge of: headers and how much each sign counts (`automatic`); what a bounce says of a mailbox (`bounce_words`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from gateway.inbound.machine_doubts import NOTE_LABEL, is_cited, is_said_otherwise, is_told


def _any(parts: Sequence[str]) -> str:
    return "|".join(parts)


# An automatic something, in both orders: Germanic and Slavic languages put the adjective first, Romance ones last.
_AUTO = r"(?:auto|autom[aá]+[tz]\w*|otomat\w*|автомат\w*|αυτόματ\w*|samodej\w*)"
_NOTICE = (
    r"(?:reply|response|responder|answer|message|e-?mail|notice|notification|acknowledgement|"
    r"(?:(?:e-?mail-)?|rück)antwort|nachricht|mitteilung|svar|besked|melding|meddelande|vastaus|viesti|ilmoitus|"
    r"réponse|respuesta|contestación|mensaje|aviso|notificación|risposta|messaggio|avviso|notifica|"
    r"resposta|mensagem|notificação|antwoord|bericht|reactie|odpowiedź|wiadomość|powiadomienie|"
    r"odpověď|odpovídač|zpráva|informace|odpoveď|správa|ответ|уведомление|сообщение|відповідь|повідомлення|"
    r"yanıt|yanit|cevap|mesaj|ileti|bildirim|válasz|üzenet|értesítés|răspuns|απάντηση|μήνυμα|"
    r"отговор|съобщение|odgovor|одговор|vastus|atbilde|atsakymas|balasan)"
)
_OF_ABSENCE = r"(?: (?:об отсутствии|об отпуске|o nepřítomnosti|o neprítomnosti|o nieobecności|of absence|d'absence))?"
_MADE = r"(?: (?:generated|generier\w+|generovan\w+|wygenerowan\w+|genererat?\w*|generad\w+|сгенерированн\w+))?"
_MACHINE_NOTICE = rf"(?:{_AUTO}{_MADE}[ -]?{_NOTICE}|{_NOTICE}(?: \w+)? {_AUTO}){_OF_ABSENCE}"

# Confirmations and answers of machines, as clients and servers word them at the start of a subject. People do not begin
# one so.
_MACHINE_SUBJECTS = (
    r"(?:yahoo!? )?auto(?:matic|mated)?[ -]?(?:reply|response|antwort|svar)"
    r"(?! (?!re\b|from\b|to\b|for\b|on\b|regarding\b|about\b|auf\b|från\b|fra\b)\w)|auto\s?[:：]",
    r"(?:vacation|out[ -]of[ -](?:the )?office|absence) (?:auto-?)?(?:reply|response|responder|message|notice|"
    r"notification)\s*(?:\Z|[:：\[(-])|out of office autoreply",
    r"(?:support )?ticket (?:has been )?(?:received|opened|created)(?=\s*(?:\Z|[^\w\s]))|"
    r"your (?:ticket|request|inquiry|enquiry) has been received",
    r"automatische (?:antwort|abwesenheits)|abwesenheits(?:notiz|hinweis|nachricht|meldung|assistent|"
    r"benachrichtigung|info)",
    r"automatisch (?:antwoord|bericht)|afwezigheids(?:bericht|melding|assistent)",
    r"automatiskt? svar|(?:frånvaro|semester)(?:meddelande|besked)|fravær(?:smelding|sbesked|sassistent)",
    r"(?:poissaolo|loma)(?:viesti|ilmoitus)|automaattinen (?:poissaolo)?(?:vastaus|viesti|ilmoitus)|automaattivastaus",
    r"réponse automatique|message (?:d'absence|automatique)|accusé de réception automatique",
    r"risposta (?:automatica|automatizzata)|messaggio automatico",
    r"respuesta automática|mensaje automático|resposta automática|mensagem automática|resposta automàtica",
    r"automatická odpov[ěe]ď|automatická odpoveď|automatick[áé] (?:zpráva|správa)",
    r"автоматический ответ|автоответ|автоматична відповідь|автовідповідь",
    r"odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|wiadomość automatyczna",
    r"otomatik (?:yanıt|cevap|mesaj|ileti)",
    r"\(?자동\s?(?:응답|회신|답장|답변|발송|발신)(?:\s?(?:메일|메시지|안내|알림))?(?:입니다)?(?=\s*(?:\Z|[^\w\s]|re:))|"
    r"부재(?:\s?중)?\s?(?:메일\s?)?(?:자동\s?)?(?:알림|안내|메시지|응답|회신|답장)(?:\s?(?:메일|메시지|안내|알림))?"
    r"(?:입니다)?(?=\s*(?:\Z|[^\w\s]|re:))",
    r"自動(?:返信|応答|送信|配信)(?:メール|通知|メッセージ)?(?=\s*(?:\Z|[^\w\s]|re:))|不在(?:通知|応答|のお知らせ)|"
    r"(?:不在|休暇|出張|外出)中?(?:の?ため|につき)の?自動(?:返信|応答)",
    r"(?:外出|休假|假期)?(?:自动(?:回复|答复)|自動(?:回覆|回复|答覆))(?:邮件|郵件|通知)?"
    r"(?=\s|\Z|[^\w\s]|来自|來自)",
    r"automatikus válasz|αυτόματη απάντηση|תשובה אוטומטית|מענה אוטומטי|رد (?:تلقائي|آلي)|الرد (?:التلقائي|الآلي)",
    r"(?:thư )?trả lời tự động|(?:การ)?ตอบกลับอัตโนมัติ|balasan otomatis|jawapan automatik",
    r"răspuns automat|автоматичен отговор|automatski odgovor|аутоматски одговор|samodejni odgovor",
    r"automaatvastus|autom[āa]tisk[āa] atbilde|automatinis atsakymas|sjálfvirkt svar|पूर्वनिर्धारित उत्तर|"
    r"स्वचालित (?:उत्तर|जवाब)",
    r"پاسخ خودکار",
)
# Words of absence, which people use too: nothing but a name may follow.
_ABSENCE_SUBJECTS = (
    r"(?:currently )?(?:out[ -]of[ -](?:the )?office|away from (?:the |my )?(?:office|desk|mail))",
    r"ooo|(?:i am |i'm )?(?:away )?on (?:(?:annual |parental |maternity |sick )?leave|vacation|holidays?)",
    r"(?:ich bin )?(?:abwesend|nicht im (?:büro|haus)|au(?:ß|ss)er haus|im urlaub)|abwesenheit",
    r"absence(?: du bureau)?|réponse d'absence|absente?(?:\(e\))? du bureau|en congés?|en vacances",
    r"fuori (?:sede|ufficio)|assen(?:te|za)(?: dall'ufficio)?|in ferie",
    r"fuera de (?:la )?oficina|ausente|de vacaciones",
    r"fora do escritório|aus(?:ência|ente)(?: temporária| do escritório)?|de férias|fora de l'oficina",
    r"afwezig(?:heid)?|niet op kantoor|op vakantie",
    r"frånvar(?:o|ande)|inte på kontoret|"
    r"på (?:semester|ferie)|fravær|ikke (?:på kontoret|til stede)|borte fra kontoret",
    r"poissa(?:olo)?(?: toimistosta)?|lomalla",
    r"poza biurem|nieobecność|nieobecn[ay]|na urlopie",
    r"mimo kancelář|mimo kancelárie|nepřítom(?:nost|en|na|ná|ný)|neprítom(?:nosť|ný|ná)|na dovolenej?|"
    r"oznámení o nepřítomnosti|oznámenie o neprítomnosti",
    r"уведомление об? (?:отпуске|отсутствии)|"
    r"отсутствие на рабочем месте|нет на (?:работе|месте|рабочем месте)|вне офиса|не в офисе|в отпуске",
    r"відсутність на роботі|немає на (?:роботі|місці)|поза офісом|у відпустці",
    r"ofis dışında|ofiste değil|izinde(?:yim)?|szabadságon|házon kívül|nu sunt la birou|absenț[aă] din birou|"
    r"în concediu|odsotnost",
    r"(?:부재|휴가|출장)\s?중(?:입니다)?[.]?|不在(?:の[ご連絡]+)?|不在办公室|不在辦公室|外出(?:中)?|休假(?:中|通知)?|休暇中",
    r"εκτός γραφείου|לא במשרד|מחוץ למשרד|خارج المكتب|vắng mặt|ไม่อยู่ที่สำนักงาน|di luar kantor|u uredu nisam",
)
# Words that alone, or before a colon, people use as well.
_AWAY = (
    r"vacations?|holidays?|away|(?:annual|parental|maternity|paternity|sick|medical) leave|"
    r"urlaub|dovolen(?:á|ka)|отпуск|отсутствую(?: на (?:работе|рабочем месте))?|відпустка|"
    r"semester|ferie|vacances|vacaciones|férias|vakantie|urlop|izin|szabadság|loma|휴가|출장|자리 ?비움|休暇|休假"
)
_CJK_NOTICE = (
    r"(?:自動(?:返信|応答|送信|配信)(?:メール)?|自动(?:回复|答复)|自動回覆|자동\s?(?:응답|회신|답장|답변|발송|발신))"
)
_ABSENT = _any(_ABSENCE_SUBJECTS)
_I_AM = r"(?:я|ich bin|i am|i'm|je suis|estoy|sono|estou|ik ben|jag är|jeg er|olen|jestem|jsem|som)"
_SUBJECT = re.compile(
    rf"\s*[\[【(]?(?:{_any(_MACHINE_SUBJECTS)})|"
    rf"\s*[\[【(]?{_MACHINE_NOTICE}\s*(?:\Z|[\]】:：|(]|[-–—]\s|\bre:)|"
    rf"\s*[\[【(]?(?:{_ABSENT})\s*(?:\Z|[\]】:：|(]|[-–—]\s|\bre:)|"
    # In front of "Re:", where people put nothing.
    rf"\s*[\[【(]?(?:{_I_AM} )?(?:{_ABSENT}|{_AWAY})\s*(?:안내|알림)?\s*(?:[\])】]\s*[:：]?|[:：])"
    rf"\s*(?:re|aw|sv|vs|odp|ant|ynt|r)[:：]|"
    rf"\s*[\[【(]?(?:{_I_AM} )?(?:{_ABSENT}|away|absente?(?:\(e\))?)(?:(?!\s[-–—]\s)[^:：?？!,]){{0,40}}\bre:|"
    # Notes: a name, the fact, and when they are back.
    r"(?!i\b)[^:：]{2,60} (?:is out of the office|ist außer haus|est absent\(?e?\)? du bureau)[. ]*(?:\([^)]*\)\s*)?\Z",
    re.IGNORECASE,
)
# What gateways and help desks put in front of any subject: [EXTERNAL], ***SPAM***, [firma.example #1234].
_TAG = re.compile(
    r"\s*(?:[\[(【{](?!(?:re|aw|sv|wg|fwd?|답장|회신|전달|回复|返信|转发|轉寄|転送)\b)[^\[\](){}【】]{1,40}[\])】}]|"
    r"\*{2,5}[^*]{1,40}\*{2,5}|(?:extern(?:al)?|ext|spam)\s?[:：])\s*",
    re.IGNORECASE,
)
_MOST_TAGS = 2
_SUBJECT_END = re.compile(rf"[-–—\[(（【]\s*(?:{_MACHINE_NOTICE}|{_CJK_NOTICE})\s*[\])）】]?\s*\Z", re.IGNORECASE)
# The same as the first line of a text, alone, or in brackets before a greeting.
_HEADING = re.compile(
    rf"\s*+(?:[*_]{{0,3}}(?:{_MACHINE_NOTICE}|{_CJK_NOTICE})[*_]{{0,3}}[ \t]*+(?:\r?\n|\Z)|"
    rf"[\[【(]\s?(?:{_MACHINE_NOTICE}|{_CJK_NOTICE})\s?[\]】)]"
    r"[ \t]*+(?:\r?\n|\Z|您好|你好|안녕|お世話|hello|hi\b|dear|guten|bonjour|hola))",
    re.IGNORECASE,
)
_ANSWERED = re.compile(r"\s*[^\W\d_]{1,8}\s*(?:\[\d+\])?\s*[:：]")

# What a machine says of its own mail, at the start of a sentence.
_THIS_IS = (
    r"(?:(?:dies|das) ist eine|dit is een|det(?:ta|ter| här)? är (?:ett|en)|dette er (?:en|et)|tämä on|to jest|jest to|"
    r"(?:toto|tohle|to) je|jedná se o|ide o|это|це|bu bir|bu|ez egy|това е|ovo je|ово је)"
)
_BY_ITSELF = r"(?:ge)?(?:automat|avtomat|автомат|otomat|auto|system|maschinell)\w*"
_SAID = (
    r"(?:e-)?\w*(?:antwort|nachricht|mail|mitteilung|bestätigung|antwoord|bericht|svar|besked|melding|meddelande|mejl|"
    r"vastau|"
    r"viesti|ilmoitus|odpowied|wiadomo|odpov[ěe]|zpráv|správ|ответ|сообщени|письмо|уведомлени|відповід|повідомлен|"
    r"yanıt|cevap|mesaj|ileti|posta|válasz|üzenet|levél|отговор|съобщени|odgovor|poruk|одговор|порук)"
)
# Absence notices: nobody who answers by hand says that the mail is not handed on. What was may have been a mishap.
_YOUR_MAIL = (
    r"(?:please note (?:that )?|bitte beachten sie,? (?:dass )?)?(?:your|this|ihre|diese|uw|je|vaše|tato|táto|ваше|это|"
    r"ditt|dit|din|votre|su|sua|il suo|la sua|o seu|twoja|państwa) "
    r"(?:e-?mails?|mails?|messages?|nachricht(?:en)?|bericht|zpráva|správa|письмо|сообщение|mejl|meddelande|besked|"
    r"melding|courriel|correo|mensaje|mensagem|messaggio|wiadomość)"
)
_NOT_HANDED_ON = (
    r"(?:is|are|will|has|have) not (?:be |been |being )?(?:automatically )?forwarded|"
    r"(?:wird|werden) (?:automatisch )?nicht (?:gelesen (?:und|oder) (?:nicht )?)?(?:automatisch )?weitergeleitet|"
    r"wordt niet (?:automatisch )?doorgestuurd|(?:nebude|není|nie je) (?:automaticky )?(?:přeposlána?|přesměrována?|"
    r"přeposílána?|preposlan[ýáé])|не (?:будет )?(?:автоматически )?(?:перенаправлен[оа]|переслан[оа]|пересылается)|"
    r"(?:vidarebefordras|skickas) (?:inte|ej)(?: vidare)?|kommer inte att vidarebefordras|"
    r"(?:bliver|blir) ikke (?:automatisk )?videresendt|"
    r"ne sera pas (?:automatiquement )?(?:transférée?|redirigée?)|no será reenviado|non (?:sarà|verrà) inoltrat[oa]|"
    r"não será (?:re)?encaminhad[oa]|nie (?:będzie|jest|zostanie) przekazywana?"
)
_PLEASE = r"please|do not|don't|no reply|bitte|merci|ne pas|por favor|si prega|proszę|prosím|пожалуйста|просьба|lütfen"
_SELF_SENTENCES = (
    rf"{_THIS_IS} {_BY_ITSELF}(?: \w+)? ?{_SAID}|{_THIS_IS} auto(?:svar|reply|matvastaus|maattivastaus)",
    rf"{_AUTO}[ -]?{_NOTICE}\s*(?:[.*–-]|[)\]]?\s*\Z|,?\s*(?:{_PLEASE}))",
    rf"(?:this (?:e-?mail|message) (?:is|was|has been)|{_NOTICE}) (?:sent|generat|generad|gerad|inviat|enviad|"
    rf"envoyé|gesendet|"
    rf"erstellt|"
    rf"wygenerowan|vygenerov|odeslán|skapa|sendt|lähetetty)\w* {_AUTO}",
    r"(?:please note (?:that )?)?(?:it(?:'s| is) an|this (?:is an?|(?:e-?mail|mail|message|reply|response|"
    r"notification) (?:is|was|has been)(?: an?)?))"
    r" (?:auto-?|automatic|automated|automatically|system-?|computer-?)[ -]?"
    r"(?:generated|created|sent|reply|response|message|e-?mail|mail|notification|notice|acknowledg\w+|confirmation|"
    r"out)",
    r"diese (?:e-?mail|mail|nachricht|antwort|benachrichtigung) (?:wurde|wird|ist)(?: eine)? (?:automati|maschinell|"
    r"vom system)",
    r"(?:ceci est|il s'agit d')\s?une? (?:message|réponse|e-?mail|courriel|notification|accusé)(?: \w+){0,2} automati|"
    r"ce(?:t|tte)? (?:message|e-?mail|courriel|réponse|mail) (?:est|a été) (?:\w+ )?automati",
    r"est[ea] es una? (?:mensaje|correo|respuesta|e-?mail|notificación)(?: \w+){0,2} automátic|"
    r"este (?:mensaje|correo|e-?mail)(?: electrónico)? (?:es|fue|ha sido|se ha|se) (?:\w+ )?automátic",
    r"quest[oa] è una? (?:messaggio|e-?mail|risposta|notifica|mail)(?: \w+)? automatic|"
    r"quest[oa] (?:messaggio|e-?mail|mail) (?:è|viene) (?:stat[oa] )?(?:\w+ )?automatic",
    r"est[ea] é uma? (?:mensagem|e-?mail|resposta|notificação)(?: \w+)? autom[aá]tic|"
    r"est[ea] (?:mensagem|e-?mail) (?:é|foi) (?:\w+ )?automatic",
    r"(?:dit bericht|deze (?:e-?mail|mail)) (?:is|werd|wordt) (?:\w+ )?automatisch",
    r"det(?:ta|ter| här) (?:mail|mejl|meddelande|e-post)\w* (?:är|har|skickas|genereras) (?:\w+ )?auto(?!svar)",
    r"denne (?:e-?mail|mail|besked|meddelelse|e-post|melding)\w* er (?:\w+ )?auto(?!svar)",
    r"tämä (?:viesti|sähköposti)\w* on (?:\w+ )?automaatti(?:sesti|nen)",
    r"(?:to jest|jest to) wiadomość (?:\w+ )?automatyczn|"
    r"(?:ta|niniejsza) wiadomość (?:została|jest) (?:\w+ )?automatyczn",
    r"t(?:ento|ato|oto|áto) (?:e-?mail|zpráv|správ)\w* (?:byl|bol|je)\w* (?:\w+ )?automatick",
    r"(?:это|данное|настоящее) (?:письмо|сообщение) (?:\w+ ){0,2}автоматическ|письмо (?:\w+ )?автоматически",
    r"(?:це|цей) (?:лист|повідомлення) (?:\w+ ){0,2}автоматичн",
    r"bu otomatik bir (?:yanıt|cevap|mesaj|ileti|e-?posta)|bu (?:e-?posta|mesaj|ileti)\w* otomatik olarak",
    r"ez (?:az )?(?:e-?mail|üzenet|levél) automatikus",
    r"acest(?:a este| mesaj| e-?mail| răspuns) (?:\w+ ){0,3}automat|αυτό (?:είναι ένα|το μήνυμα) (?:\w+ ){0,2}αυτόματ",
    r"(?:이|본|해당) ?(?:메일|이메일|메시지|회신|답장|편지)(?:은|는)[^.]{0,30}"
    r"(?:자동(?:으로| ?응답| ?회신| ?발송| ?생성| ?답장)(?!에)|발신 ?전용)|"
    r"(?:부재 ?중 )?자동(?:으로)? ?(?:응답|회신|발송|답장)(?:된|되는)? ?(?:메일|이메일|메시지)?입니다",
    r"(?:この|本)(?:メール|メッセージ|返信|通知)は[^。]{0,30}(?:自動(?:返信|応答|送信|配信|で|的)(?!へ|に対|メールへ)|送信専用|配信専用)|"
    r"(?:(?:これ|こちら)は)?自動(?:返信|応答|送信|配信)(?:(?:メール)?です|で送信|にてお?送|(?:に?て|で)(?:失礼|恐れ入|申し訳))",
    r"(?:这|這|此|本)(?:是|为|為|邮件|郵件|信)[^。对對]{0,15}(?:自动|自動|系统|系統)"
    r"(?:回复|回覆|答复|答覆|发送|發送|发出|發出|生成|產生)(?!系统|系統|功能|机器人)",
    r"هذ[اه] (?:رد|رسالة|بريد|الرسالة)[^.]{0,12}(?:تلقائي|آلي)|(?:זוהי|זו|הודעה זו|זה)[^.]{0,15}אוטומטי",
    r"đây là (?:thư|email|tin nhắn|phản hồi|câu trả lời)[^.]{0,15}tự động|"
    r"(?:นี่คือ|อีเมลนี้|ข้อความนี้|อีเมล์นี้)[^.]{0,40}อัตโนมัติ",
    # Filters that let nobody through who does not confirm first.
    r"your (?:message|e-?mail|mail) (?:requires verification|awaits? (?:your )?confirmation|"
    r"(?:is being|has been) (?:held|quarantined|placed on hold)(?! in my))|"
    r"(?:the|this) (?:message|e-?mail) (?:that )?you sent requires (?:that you )?verif|"
    r"to (?:confirm|prove|verify) (?:that )?you(?:'re| are) (?:(?:a )?human|a (?:real|live)|"
    r"not a (?:robot|spammer|machine|bot))|"
    r"i(?:'m| am) protecting myself from (?:receiving )?(?:junk|spam)|"
    r"(?:보내신|발송하신) ?(?:메일|이메일)[은이][^.]{0,30}(?:스팸 ?(?:방지|차단)|인증|보류)",
    r"i apologi[sz]e for this automatic reply|to control spam, i (?:now )?(?:only )?allow|"
    r"your message about [^\n]{1,200} was waitlisted",
    # Addresses that nobody reads, and phones on the road.
    r"you(?:'ve| have) reached an? (?:un(?:attended|monitored)|inactive|no longer (?:active|monitored))"
    r" (?:e-?mail )?(?:mailbox|inbox|address|account)|"
    r"i'm driving with [^.\n]{1,40} turned on|i'm not receiving notifications\. if this is urgent, reply",
    # Help desks, of the mail that they opened a ticket for.
    r"your (?:request|ticket|inquiry)(?: \(?#?\d+\)?)? has been received and is being (?:reviewed|processed)|"
    r"to add (?:additional )?comments, (?:please )?reply to this (?:e-?mail|message)|"
    r"na t(?:ento|uto|áto) (?:e-?mail|zprávu|správu) (?:prosím )?(?:neodpovídejte|neodpovedajte), "
    r"(?:byla?|je|bola?|bol) (?:\w+ )?automatick",
    rf"{_YOUR_MAIL} (?:{_NOT_HANDED_ON})\s*(?:[.!]|\Z)",
    r"aquesta? és una? (?:resposta|missatge|correu)(?: \w+)? automàtic|"
    r"aquest (?:missatge|correu) (?:s'ha |ha estat )?(?:\w+ )?automàtic|"
    r"این (?:یک )?(?:پاسخ|پیام|ایمیل)[^.]{0,12}خودکار|यह (?:एक )?स्वचालित (?:उत्तर|जवाब|संदेश|ईमेल)",
    r"(?:ini adalah|email ini|e-mail ini|pesan ini) (?:\w+ ){0,3}otomatis",
)
# What they ask for; people may ask for it too, so it counts from a no-reply address only.
_SILENCE_SENTENCES = (
    r"(?:please )?(?:do not|don't) (?:reply|respond)(?: directly)? to this|replies to this (?:e-?mail|message|"
    r"address|mailbox)",
    r"this (?:mailbox|inbox|(?:e-?mail )?address|account) is (?:not (?:being )?(?:monitored|attended|read|checked)|"
    r"un(?:monitored|attended))",
    r"bitte (?:antworten sie nicht auf|nicht (?:auf diese[^.]{0,20} )?antworten)|"
    r"dieses postfach wird nicht (?:gelesen|überwacht)",
    r"(?:merci de|veuillez|prière de) ne pas (?:y |[^.]{0,15})?répondre|ne répondez pas à ce",
    r"(?:por favor,? )?no (?:responda|responder|conteste)[^.]{0,5} a este|(?:si prega di |"
    r"la preghiamo di )?non rispondere a quest",
    r"(?:por favor,? )?não respond(?:a|er)|gelieve niet te|(?:u kunt |reageer )?niet (?:antwoorden|reageren) op d|"
    r"reageer niet op d",
    r"(?:vänligen )?svara (?:inte|ej) på det|(?:vennligst |venligst )?(?:ikke svar|svar (?:venligst )?ikke|"
    r"besvar ikke)[^.]{0,10} denne",
    r"(?:ethän|älä|älkää) vasta\w* tähän|(?:prosimy|proszę) (?:nie odpowiadać|o nieodpowiadanie) na",
    r"(?:prosím,? )?(?:neodpovídejte|neodpovedajte) na t|(?:пожалуйста,? )?не отвечайте на|просьба не отвечать",
    r"(?:будь ласка,? )?не відповідайте на|(?:lütfen )?bu (?:e-?posta|mesaj|ileti)\w* (?:yanıtla|cevapla|cevap ver|"
    r"yanıt ver)ma?",
    r"kérjük,? ne válaszoljon|(?:vă rugăm )?(?:să )?nu răspundeți",
    r"(?:본|이) ?(?:메일|이메일)(?:은|에|에는|로)[^.]{0,20}회신[^.]{0,12}(?:않|없|마|불가)|회신하(?:지 마|셔도)",
    r"(?:この|本)(?:メール|アドレス)(?:に|へ|は)[^。]{0,15}返信[^。]{0,20}(?:できません|お控え|ご遠慮|お答え)|ご返信(?:いただいても|頂いても|は)",
    r"(?:请|請)(?:不要|勿)(?:直接)?(?:回复|回覆)",
)
# One of these parts of words stands in each of these sentences, and in each heading. Most mails have none, and looking
# for them costs a fifth of trying the sentences.
_PLAIN_SIGNS = (
    *("auto", "tomat", "samodej", "system", "maschinell", "computer", "verif", "confirm", "prove "),
    *("being held", "been held", "quarantin", "on hold", "protecting myself", "spam", "waitlisted"),
    *("reached a", "driving with", "notifications", "been received", "to add ", "forwarded"),
    *("weitergeleitet", "doorgestuurd", "prepos", "vidarebefordr", "skickas", "videresendt", "redirig"),
    *("reenviad", "inoltrat", "encaminhad", "przekaz"),
)
_SIGNS = (
    *("томат", "τόματ", "자동", "전용", "自動", "自动", "専用", "系统", "系統", "تلقائي", "آلي", "אוטומטי", "tự động"),
    *("อัตโนมัติ", "خودکار", "स्वचालित", "스팸", "인증", "보류", "přepos", "přesm", "перенаправлен", "пересл"),
    *("пересыл", "transfér"),
)
_SELF = re.compile(_any(_SELF_SENTENCES), re.IGNORECASE)
_SILENCE = re.compile(_any(_SILENCE_SENTENCES), re.IGNORECASE)
_SENTENCE_START = re.compile(
    rf"(?:\A|[\n.!?。！？;])[\s*_※=#•>\[(（【~·-]{{0,12}}(?:(?:{NOTE_LABEL})[\s*_]{{0,3}})?", re.IGNORECASE
)
_AFTER_GREETING = re.compile(r"\s*+[^\n,，]{1,30}[,，]\s*+")  # "您好，这是…"
_NO_REPLY = re.compile(r"(?:.*[-_.+])?(?:no|not|donot|do-not|do_not)[-_.]?reply\b.*|.*[-_.+]noreply\Z")
_MOST_CHARS = 6_000
_MOST_SENTENCES = 200
_MOST_SUBJECT = 300


def is_answer(subject: str) -> bool:
    """Whether a subject begins with a short word and a colon, as "Re:" in any language."""
    return bool(_ANSWERED.match(subject[:_MOST_SUBJECT]))


def behind_tags(subject: str) -> str:
    """The subject without what servers put before those of mails from outside: "[EXTERNAL] Re: …"."""
    at = 0
    for _ in range(_MOST_TAGS):
        if not (tag := _TAG.match(subject, at)):
            break
        at = tag.end()
    return subject[at:]


def has_machine_subject(subject: str) -> bool:
    """Whether only machines begin a subject like this; "Re:" in front of it makes it a person's."""
    subject = subject[:_MOST_SUBJECT].replace("’", "'")
    if subject[:3].lower() == "re:":  # none of them begins so
        return False
    at = 0
    for _ in range(_MOST_TAGS + 1):
        if notice := _SUBJECT.match(subject, at):
            return not is_told(notice[0], subject[notice.end() :])
        if not (tag := _TAG.match(subject, at)):
            break
        at = tag.end()
    return not _ANSWERED.match(subject) and bool(_SUBJECT_END.search(subject))


def speaks_as_machine(text: str, sender: str) -> bool:
    """Whether the text says of itself that a machine wrote it.

    `text`: the writer's own words, without quotes. `sender`: their address; from a no-reply one the request not to
    answer is enough.
    """
    flat = text[:_MOST_CHARS].replace("\n", " ").replace("’", "'")
    unread = bool(_NO_REPLY.match(sender.lower().partition("@")[0]))
    if not unread and not _has_sign(flat):
        return False
    if _HEADING.match(text):
        return True
    greeting = _AFTER_GREETING.match(text)
    if greeting and _says(_SELF, text, flat, greeting.end()):
        return True
    return any(
        _says(_SELF, text, flat, start.end()) or (unread and _says(_SILENCE, text, flat, start.end()))
        for start in islice(_SENTENCE_START.finditer(text, 0, _MOST_CHARS), _MOST_SENTENCES)
    )


def _has_sign(flat: str) -> bool:
    folded = flat.casefold().replace("i\u0307", "i").replace("ı", "i")  # patterns take every i for the same letter
    plain = folded.encode("ascii", "ignore").decode()  # of other scripts little is left to look through
    return any(map(plain.__contains__, _PLAIN_SIGNS)) or any(map(folded.__contains__, _SIGNS))


def _says(sentence: re.Pattern[str], text: str, flat: str, at: int) -> bool:
    return bool(sentence.match(flat, at)) and not is_cited(text, at) and not is_said_otherwise(text, at)
