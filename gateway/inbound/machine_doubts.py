"""In charge of: signs that a machine's words in a mail are told by a person: cited, asked about, or a checker's note.

Not in charge of: those words (`automatic_words`). Called only where they were found, so ordinary mail pays nothing.
"""

from __future__ import annotations

import re

_PARAGRAPH = 400  # characters above that are looked at for an open quotation mark
_SENTENCE = 200
_QUOTE_PAIRS = (("„", "“”"), ("«", "»"), ("「", "」"), ("『", "』"), ("“", "”"))
_INCHES = re.compile(r'(?<!["\w])\d{1,3}"')
_COLONS = (":", "：")
NOTE_LABEL = (
    r"(?:please )?(?:note|notice|important|attention|disclaimer|hinweis|achtung|wichtig|remarque|nota|aviso|importante|"
    r"atención|atenção|avviso|attenzione|let op|obs|huom|uwaga|poznámka|примечание|внимание|важно|увага|not|dikkat|"
    r"megjegyzés|notă|참고|안내|주의|알림|注|注意|ご注意|備考|提示|重要)(?:\s?[:：]|\s[-–—])"
)
# What stands before a colon and cites nobody.
_NO_CITATION = re.compile(
    r"\W*(?:(?:hola|estimad|querid|buen[oa]s|apreciad|caro|cara|prezad|olá|dear|hello|hi\b|guten|sehr|liebe)[^\n.]{0,60}|"
    rf"{NOTE_LABEL})",
    re.IGNORECASE,
)
_MOST_ABOVE = 120  # characters that are looked at for a colon
# Somebody tells what came to them, and cites it after a colon. "I received your mail:" is how machines confirm.
_I_GOT = re.compile(
    r"(?:\bi(?:'ve| have)?(?: only| just| always)? (?:got|get|received?+)(?! your)|"
    r"\b(?:mail|message|reply|answer|it|which|you) (?:says|said|reads|states|wrote)|"
    r"\b(?:bekam|erhielt|bekomme|erhalte) ich|\bich (?:bekam|erhielt|bekomme|erhalte)|"
    r"\b(?:habe ich|ich habe)(?! (?:ihre|deine|eure))[^\n:：.]{0,60} (?:erhalten|bekommen)|"
    r"\bj'ai (?:bien )?(?:reçu|eu)(?! (?:votre|ton))|\bje reçois|"
    r"\b(?:he recibido|recibí|recibo|me llegó|me llega)(?! (?:su|tu)\b)|"
    r"\b(?:ho ricevuto|ricevo)(?! (?:la sua|il suo))|\b(?:recebi|recebo)(?! (?:a sua|o seu|sua|seu)\b)|"
    r"\b(?:kreeg|krijg|ontving|ontvang) ik|\bik (?:kreeg|krijg|ontving|ontvang)|"
    r"\b(?:otrzymał[ae]m|dostał[ae]m)|\b(?:dostala?|obdržela?|přišl[aio]|dostal som) |"
    r"\bjag (?:fick|får)|\bjeg (?:fik|fikk|får)|\bsain |\bkaptam |\b(?:aldım|geldi)|"
    r"\b(?:получила?+|пришл[оа]|пришёл|отримала?+|прийшло)(?! ваш)|"
    r"(?:메일|답장|회신|메시지|답변)[을를이가만]? ?(?:받았|왔|와서|수신)|"
    r"(?:メール|返信|メッセージ)[をがのみだけ]{1,3}(?:受け取|届|受信|来)|收到了?+(?![您你]))[^\n:：]{0,80}[:：]",
    re.IGNORECASE,
)
# What gateways and clients do to a person's mail and note below it: they check, translate, encrypt, store it.
_HANDLED = re.compile(
    r"\b(?:(?:über|ge)prüft|gescannt|durchsucht|untersucht|übersetzt|verschlüsselt|archiviert|signiert|gelöscht|"
    r"analys[ée]|vérifié|contrôlé|scanné|tradui|chiffré|archivé|analizad|escanead|verificad|traducid|traduzid|"
    r"analisad|cifrad|criptograf|arquivad|archivad|archiviat|controllat|scansionat|analizzat|verificat[oăa]\b|tradott|"
    r"gescand|gecontroleerd|vertaald|versleuteld|gearchiveerd|s[ck]ann[ea][td]|kontroller[ea]|översatt|oversat|"
    r"krypter|arkiver|tarkist|käännet|salat|проверен|просканир|переведен|зашифрован|архивир|перевірен|перекладен|"
    r"sprawdzon|przeskanowan|przetłumaczon|zaszyfrowan|z?kontrolován|skontrolovan|přeložen|preložen|zašifrov|"
    r"taran|çevril|kontrol edil|şifrele|ellenőriz|lefordít|titkosít|scanat|tradus|ελέγχθηκ|μεταφράστηκ|"
    r"провере|преведен|dipindai|diperiksa|diterjemahkan|được dịch|được quét)|แปล|ตรวจ|สแกน|فحص|ترجم|נסרק|נבדק|תורגמ|"
    r"스팸함|振り分け|迷惑メール(?:に|フォルダ)|垃圾箱|검사|검역|번역|암호화|보관|スキャン|チェック|検査|翻訳|暗号化|检查|檢查|扫描|掃描|翻译|翻譯|加密|归档",
    re.IGNORECASE,
)
# Who denies it, reports it, made it, or had it sent at an hour.
_OWN = re.compile(
    r"자동[^.]{0,12}아[니닙닌]|自動(?:返信|応答|送信|配信)(?:メール)?(?:では|じゃ)|(?:并非|並非|不是)[^。]{0,10}(?:自|系)|"
    r", (?:it|he|she) sa(?:id|ys)\b|\bstod det\b|\b(?:heißt|hieß) es\b|\b(?:steht|stand) (?:da|dort|unten|im)\b|"
    r"\bsegún (?:dice|pone)|라고 (?:되어|돼|적혀|쓰여|나와|해서|하는)|と(?:あり|書|記載)|写着|寫著|"
    r"\b(?:that|which) i(?:'ve| have)? (?:built|wrote|written|made|designed|developed|programmed|created)\b|"
    r"^(?:this|it)(?: is|'s) an? auto\w{0,10}[ -](?:[a-z-]{1,20} )?(?:system|service|server|pipeline|tool|engine|bot|"
    r"app|module|library|platform|generator|handler|queue|template)\b|"
    r"\b(?:die|den|das) ich [^.]{0,40}(?:gebaut|geschrieben|entwickelt|programmiert|entworfen)|"
    r"\bque j'ai (?:conçu|écrit|créé|développé|programmé)|\bque (?:he )?(?:hice|creé|diseñ|desarroll|escrib)|"
    r"\bche ho (?:creato|scritto|sviluppato|progettato)|\bque (?:eu )?(?:fiz|criei|desenvolvi|escrevi)|"
    r"\bdie ik [^.]{0,40}(?:gemaakt|gebouwd|geschreven|ontwikkeld)|\bкотор\w{2,3} я |"
    r"제가 (?:직접|만든|만들|개발|작성|설계)|"
    r"(?:私|自分)[がの](?:作|開発|設計|書)|我(?:自己)?(?:写|寫|做|开发|開發|设计|設計)|"
    r"\bat a (?:scheduled|later) time|zeitversetzt|예약 ?(?:발송|전송|메일)|予約送信|定时发送|定時發送",
    re.IGNORECASE,
)
# "This mail was automatically …" is a machine's only with a verb of making or sending; there is no end of others.
_BY_ITSELF = re.compile(
    r"\b(?:automatisch|automatiskt?|автоматически|автоматично)\b"
    r"(?! (?:antwoord|bericht|svar|besked|melding|medd|mejl|mail|e-?post|съобщ|извест|писмо))|"
    r"automatiquement|autom[aá]ticamente|automatycznie|automaticky\b|otomatik olarak|automatikusan|automaattisesti|"
    r"secara otomatis|자동으로|自動的?[でに]",
    re.IGNORECASE,
)
_MADE = re.compile(
    r"g[eé]n[eé]r|gerad|crea[dt]|criad|créé|erstell|erzeug|sen[dt]|versand|verschick|gesandt|zugestellt|ausgelöst|"
    r"vom system|expédi|expedid|sän[dt]|envoy|envi[aou]|invi[ao]|emitid|verzond|verstuur|aangemaakt|skick|skapa|lähet|"
    r"luotu|wysł|wygener|utworz|oprett|üret|vytvo[řr]|"
    r"odesl|odosl|сформ|отправ|направл|созда|сгенер|надісл|створ|згенер|gönder|oluştur|küld|készül|trimis|dikirim|"
    r"dibuat|dihasilkan|발송|발신|생성|작성|전송|보내|보낸|응답|회신|답장|送|配信|返信|応答|生成|作成",
    re.IGNORECASE,
)
_ASKS = re.compile(r"(?:でしょう|です|ます)か$")
_SENTENCE_END = re.compile(r"[.!?。！？]|\n\s{0,20}\n")
_NEXT_WORD = re.compile(r"\s+([^\W\d_]+)(?:\s+([^\W\d_]+))?\s*([:：])?")
_FROM = {"from", "by", "von", "de", "da", "di", "van", "från", "fra", "od", "от", "від", "dari"}
_LINKS = _FROM | {
    *("to", "for", "on", "regarding", "about", "and", "re", "auf", "zu", "zur", "an", "à", "au", "du", "d", "a", "al"),
    *("del", "per", "alla", "op", "aan", "på", "till", "til", "na", "do", "w", "k", "на", "по", "la", "az", "om", "su"),
    *("bezüglich", "betreffend", "wegen", "concernant", "sobre", "riguardo", "over", "angående"),
}
_MY = {
    *("my", "meine", "meinen", "meiner", "ma", "mon", "mi", "mia", "mio", "minha", "meu", "mijn", "min", "mitt"),
    *("mit", "moje", "moją", "мое", "моё", "мою"),
}
_YOU = {
    *("you", "your", "ihnen", "euch", "dir", "vous", "votre", "toi", "usted", "ustedes", "vosotros", "ti", "você"),
    *("vocês", "lei", "voi", "te", "u", "jullie", "jou", "er", "dig", "dere", "jer", "deg", "państwa", "was"),
    *("ciebie", "vás", "tebe", "вас", "тебя", "тебе", "anda"),
}


def is_cited(text: str, at: int) -> bool:
    """Whether what stands at `at` is a citation of the writer: quoted, in quotation marks, or told of above."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if line.lstrip().startswith(">"):
        return True
    above = text[max(0, at - _MOST_ABOVE) : at].rstrip(" \t\r\n*_")
    if above.endswith(_COLONS) and not _NO_CITATION.fullmatch(re.split(r"[\n.!?]", above)[-1]):
        return True
    paragraph = text[max(text.rfind("\n\n", 0, at), at - _PARAGRAPH, 0) : at]
    return _opens_quotation(paragraph) or bool(_I_GOT.search(text[:at].replace("’", "'")))


def is_said_otherwise(text: str, at: int) -> bool:
    """Whether the sentence at `at` asks or denies that a machine wrote the mail, tells of one that the writer built, or
    says what else a machine did: checked, translated, encrypted it.
    """
    end = _SENTENCE_END.search(text, at, at + _SENTENCE)
    sentence = text[at : end.start() if end else at + _SENTENCE].replace("\n", " ").replace("’", "'")
    if (end and end[0] in "?？") or _ASKS.search(sentence):
        return True
    if _BY_ITSELF.search(sentence) and not _MADE.search(sentence):
        return True
    return bool(_HANDLED.search(sentence) or _OWN.search(sentence))


def is_told(notice: str, rest: str) -> bool:
    """Whether a subject that begins with a machine's `notice` goes on as people do: a question, or a sentence.

    After a colon it is the subject of another mail, whatever it says.
    """
    whole = notice + rest
    if whole.rstrip().endswith(("?", "？")) and not any(colon in whole for colon in _COLONS):
        return True
    following = _NEXT_WORD.match(rest) if notice[-1:].isalpha() else None
    if not following or following[3] or not following[1].islower():
        return False
    if following[1] not in _LINKS:
        return True
    after = (following[2] or "").lower()
    return after in _MY or (following[1] in _FROM and after in _YOU)


def _opens_quotation(paragraph: str) -> bool:
    if (paragraph.count('"') - len(_INCHES.findall(paragraph))) % 2:
        return True
    for opening, closing in _QUOTE_PAIRS:
        if opening in paragraph:
            return paragraph.count(opening) > sum(paragraph.count(mark) for mark in closing)
    return False
