"""In charge of: whether a whole paragraph is what companies and programs put below every mail: their lawyers' words,
that a scanner looked for viruses, that nobody should print it.

Not in charge of: where such a paragraph counts (`signatures`), or single sentences (`prose`). In doubt it is the
writer's: whoever speaks of themselves is no lawyer and no scanner.
"""

from __future__ import annotations

import re

from gateway.inbound.reply.lines import JUDGED_CHARS
from gateway.inbound.reply.prose import CONFIDENTIAL

_LEAST = 24
_LEAST_LAWYERS = 60
_LEAST_LAWYERS_CJK = 36
_MOST_OF_SCANNER = 400
_MOST_OF_PRINTING = 240
_MOST_OF_LINK = 200


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


# A lawyer's paragraph says of the mail that it is secret, for whom it is, and what others must do with it. Parts of
# words, in lower case; looking for each is ten times as quick as one pattern of all.
_SECRET = _words(f"{CONFIDENTIAL}|privileged|대외비|not the intended recipient|중요한 정보나|무단으로|無断")
_FOR_WHOM = _words(
    "intended|addressee|recipient|notify the sender|received this|empfänger|adressat|destinat|geadresseerde|ontvanger|"
    "odbiorc|adresat|adresát|příjemc|príjemc|адресат|получател|отримувач|mottagare|modtager|mottaker|vastaanottaja|"
    "alıcı|kişiye özel|címzett|παραλήπτ|primatelj|primaoc|naslovnik|người nhận|penerima|ผู้รับ|المرسل إليه|المستلم|"
    "المتلقي|נמען|수신인|수신자|수취인|宛先|受信者|名宛人|收件人|收件者|收信人|仅限|僅限"
)
# If it begins with "this mail", it may say as well that it is for them alone, and that it may have gone astray.
_ALONE = _words(
    "ausschließlich für|exclusivement|exclusivamente|esclusivamente|uitsluitend|wyłącznie|výhradně|výlučne|"
    "исключительно|виключно|kizárólag|yalnızca|endast avse|udelukkende|utelukkende|"
    "만을 위한|만을 위해|のみを対象|仅限|僅限"
)
_ASTRAY = _words(
    "irrtümlich|versehentlich|par erreur|por error|por engano|per errore|onterecht|per abuis|przez pomyłkę|omylem|"
    "по ошибке|помилково|av misstag|ved en fejl|ved en feil|yanlışlıkla|tévedés|din greșeală|잘못 수신|잘못 전송|"
    "誤って受信|誤送信|错收|誤收"
)
_MUST = _words(
    "delet|destroy|disclos|unauthoris|unauthoriz|prohibited|löschen|vernichte|nicht gestattet|untersagt|unbefugt|"
    "supprime|détrui|interdit|elimin|destru|borr|prohibid|cancell|distrugg|vietat|verwijder|vernietig|usun|zniszcz|"
    "smaž|smazat|vymaz|vymaž|znič|odstra|удал|уничтож|видал|radera|slett|slet |poista|silin|삭제|파기|금지|削除|破棄|"
    "删除|刪除|销毁|銷毀|禁止|apag|töröl|ștergeți|distrug|obriši|obrisa|izbriši|izbrisa|изтри|διαγρά|xóa|xoá|hapus|ลบ|حذف|מחק|"
    # or at least tell the sender
    "informujte|upozorněte|upovedomte|informieren sie|sporočite|notifíqu|comuníqu|avvis|avertir|poinformow|"
    "powiadom|сообщите|повідомте|meddela|underrett|értesít|bildirin"
)
# Of themselves only people speak.
_MYSELF = re.compile(
    r"\bI(?:'m|'ve|'ll|'d| am| have| will| would| did?| do| can| was| sent| need| work| worked| built| made| wrote|"
    r" checked| scanned| signe?d?| hope| know| think| want| like)\b|"
    r"(?i:\b(?:send|tell|let|call|write) me\b|\bmy\b|\bich\b|\bmeine?[nmrs]?\b|"
    r"\bmůj\b|\bmoj[eií]\b|\bmého\b|\bjsem\b|\bsom\b|\bя\b|\bмо[йяеёию]\w{0,2}\b|\bпрошу\b|\bмне\b|\bjag\b|\bmin\b|\bmitt\b|\bmina\b|"
    r"\bjeg\b|\bj['’]ai\b|\bmon\b|\bmes\b|\bmis?\b|\bmi[oae]i?\b|\bmeus?\b|\bminhas?\b|\bmój\b|\bmoją\b|\bik\b|"
    r"\bmijn\b)|제가|저는|저의|제 [가-힣]|보냈|드렸|私[はがのも]|お送り|送ってしま|送信してしま|"
    r"我[的在把会會要想]|发错|發錯|"
    r"(?i:\bkérem\b|\bnekem\b|\bvagyok\b|\w{2}yorum\b|\brica ederim\b|\bbenim\b|\bvă rog\b|\bmeu\b|\bmea\b|\btôi\b|"
    r"\bsaya\b|\bmohon\b|\bpeço\b|\bproszę\b|\bles pido\b|\bmolim\b|\bmoj\w{0,2}\b|\bμου\b|\bmôj\w?\b)|"
    r"أنا|أرجو|אני|שלי|ผม|ดิฉัน|ฉัน"
)
# Chinese, Japanese and Korean lawyers need fewer signs, but they begin with the mail.
_BRIEF = re.compile(r"(?:본|이|この|本|此)[ ]?(?:전자우편|이?메일|メッセージ|メール|电子|電子|邮件|郵件)")
# A scanner names itself and the mail, and what it did, and begins with that mail.
_SCANNER = re.compile(
    r"avast|\bavg\b|\beset\b|nod32|kaspersky|касперск|symantec|messagelabs|mailscanner|mcafee|sophos|bitdefender|"
    r"f-secure|trend ?micro|dr\. ?web|clamav|norton|barracuda|g data|avira|mimecast|proofpoint|hornetsecurity|comodo|"
    r"\bpanda\b|알약|ahnlab|안랩",
    re.IGNORECASE,
)
_VIRUS = re.compile(r"vir[uůy]|вірус|вирус|malware|바이러스|ウイルス|病毒|antivir|антивир|security|://", re.IGNORECASE)
_LOOKED = _words(
    "scan|check|geprüft|untersucht|verific|vérifi|analys|analiz|controll|kontroll|kontrol|prověř|провер|перевір|"
    "sprawdz|tarandı|tarkist|information from|informace od|informácia od|informacja |информация |검사|확인|検査|"
    "スキャン|扫描|掃描|检查"
)
_THIS_MAIL = re.compile(
    r"[-_*=~\s]*(?:(?:this|the|diese|este|esta|quest[oa]|deze|dit|denn[ae]|dett[ae]|t[aeoáu][tn]?to|tohle|эт[оа]|"
    r"данное|ц[ей]й?|ce|cet|cette|l['’]absence|t[ae]n?|niniejsza|bu|tämä|ez az|acest|ovaj?|ova|това|αυτό|이|본|"
    r"information|informac\w+|информация)[\s -]|この|本|此)",
    re.IGNORECASE,
)
_MAIL = _words(
    "mail|message|nachricht|zpráv|správ|сообщен|повідомл|письм|courriel|courrier|correo|mensaje|mensagem|messaggio|"
    "bericht|wiadomoś|meddelande|e-post|besked|melding|viesti|ileti|posta|üzenet|levél|mesaj|communication|"
    "transmission|메일|메시지|전자우편|メール|邮件|郵件|antivir|антивир"
)
_SCANNER_LINK = re.compile(
    rf"<?(?:https?://)?[\w.-]{{0,40}}(?:{_SCANNER.pattern})[\w.-]{{0,40}}(?:/[!-~]{{0,100}})?>?", re.I
)
# That it should not be printed for the sake of nature.
_NATURE = _words(
    "environment|umwelt|environnement|planète|planet|životní|životné|окружающ|природ|довкілл|miljö|miljø|ambient|"
    "środowisk|çevre|milieu|ympäristö|环境|環境|환경|trees|tree "
)
_PRINTING = re.compile(
    r"before (?:you )?print|(?:do|really) (?:you )?(?:not |need to )?print|bevor sie .{0,40}drucken|"
    r"avant d['’e ]{1,4}imprimer|než .{0,40}(?:tisk|tiskn)|pred .{0,20}vytlač|"
    r"(?:прежде|перед тем,?) (?:чем|как) .{0,20}печатать|"
    r"(?:innan|før) (?:du|ni|i) (?:skriver|printer)|antes de imprimir|prima di stampare|voordat? (?:u|je) .{0,40}print|"
    r"zanim .{0,20}wydrukuj|yazdırmadan önce|ennen kuin tulost|인쇄하기 전|印刷する前|打印.{0,10}前|列印.{0,10}前",
    re.IGNORECASE,
)


def is_footer(text: str) -> bool:
    """Whether a paragraph, its lines joined, stands below every mail of its sender's and says nothing of this one."""
    text = text[: 2 * JUDGED_CHARS]
    if len(text) < _LEAST:
        return False
    folded = text.casefold()
    if not (_is_legal(text, folded) or _is_of_scanner(text, folded) or _is_against_printing(text, folded)):
        return False
    return _MYSELF.search(text) is None


def is_scanner_notice(text: str) -> bool:
    """ "This email has been checked for viruses by …", in many languages."""
    return _is_of_scanner(text, text.casefold())


def is_scanner_link(text: str) -> bool:
    """A link alone that names a scanner; it counts below the scanner's words only."""
    return "." in text and len(text) <= _MOST_OF_LINK and " " not in text and bool(_SCANNER_LINK.fullmatch(text))


def _is_legal(text: str, folded: str) -> bool:
    if len(folded) < (_LEAST_LAWYERS_CJK if _BRIEF.match(folded) else _LEAST_LAWYERS):
        return False
    if not _says(folded, _MUST, _MAIL):
        return False
    if _says(folded, _SECRET, _FOR_WHOM):
        return True
    return _says(folded, _SECRET + _ALONE, _FOR_WHOM + _ASTRAY) and _THIS_MAIL.match(text) is not None


def _is_of_scanner(text: str, folded: str) -> bool:
    if len(text) > _MOST_OF_SCANNER or not _says(folded, _LOOKED, _MAIL) or not _THIS_MAIL.match(text):
        return False
    return bool(_SCANNER.search(text)) and bool(_VIRUS.search(text))


def _is_against_printing(text: str, folded: str) -> bool:
    return len(text) <= _MOST_OF_PRINTING and _says(folded, _NATURE) and bool(_PRINTING.search(text))


def _says(folded: str, *signs: tuple[str, ...]) -> bool:
    """Whether a text in lower case holds one of each."""
    return all(any(map(folded.__contains__, words)) for words in signs)
