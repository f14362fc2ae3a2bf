"""In charge of: the line above which a help desk asks for the answer: "Reply above this line", in many languages.

Not in charge of: what becomes of the lines below it (`roles`). It asks, it says where, and it says nothing else: who
writes "I replied above this line", or of the line of some code, tells us something.
"""

from __future__ import annotations

import re

from gateway.inbound.reply.words import REPLY_ABOVE_PHRASES


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_LEAST = 6
_LONGEST = 160
_MOST_WORDS = 20
_MARKS = "-*=#_~+<>[]|·•‐‑—–─━═【】"
_SPACE = " \t\u3000"
# The end of a request in a language whose verb comes first, and of one whose verb comes last.
_WHERE = (
    r"(?:above|over) th(?:is|e) (?:(?:dashed|dotted) )?line|above the dotted line|"
    r"(?:au[- ]dessus de|avant) cette ligne|(?:encima|arriba) de esta l[ií]nea|sobre esta l[ií]nea|"
    r"acima des[ts]a linha|sopra (?:a )?questa (?:riga|linea)|di sopra di questa (?:riga|linea)|"
    r"ovanför (?:den här|denna) (?:rad|linje)(?:n|en)?|(?:over|ovenfor|ovenover) denne (?:linje|linjen|linien|streken)|"
    r"(?:powyżej|nad) te(?:j|go) (?:lini[iął]|wiersz[au]|kresk[iaą])|nad tą (?:linią|kreską)|"
    r"nad (?:tento|tímto) (?:řádek|řádkem)|nad tuto (?:čáru|linku)|nad touto (?:čarou|linkou)|"
    r"nad (?:tento|týmto) (?:riadok|riadkom)|nad túto (?:čiaru|linku)|nad touto (?:čiarou|linkou)|"
    r"(?:выше|над) эт(?:ой|ою|у) (?:лини\w{1,2}|строк\w{1,2}|черт\w{1,2})|"
    r"(?:вище|над) ц(?:ього|им|ієї|ією|ей) (?:рядк?\w{0,2}|лінії|лінією|риски)|"
    r"deasupra acest(?:ei|ui) (?:linii|rând)|над (?:тази|този) (?:линия|ред)|"
    r"i?znad (?:ove|te) (?:crte|linije|črte)|iznad ovog(?:a)? (?:reda|retka)|"
    r"πάνω από αυτ(?:ή|ήν|ό) τη(?:ν)? γραμμή|(?:phía )?trên dòng này|เหนือ(?:บรรทัด|เส้น)นี้|di atas (?:baris|garis) ini|"
    r"(?:فوق|أعلى) هذا (?:السطر|الخط)|מעל (?:ל)?(?:שורה זו|שורה זאת|קו זה|השורה הזו|הקו הזה)"
)
_WHERE_VERB_LAST = (
    r"(?:über|oberhalb) (?:dieser|der) (?:zeile|linie|trennlinie)|boven deze (?:regel|lijn)|"
    r"tämän (?:rivin|viivan) (?:yläpuolelle|yläpuolella|päälle)|"
    r"bu (?:satırın|çizginin|hattın) (?:üst|üzer|yukarı)\w{1,6}|"
    r"(?:e|ezen|az alábbi) (?:sor|vonal) fölé|(?:이|본|아래) ?(?:줄|선|라인|행)(?:의|보다)? ?위(?:쪽)?(?:에|으로)?|"
    r"(?:こ|以下)の(?:行|線|ライン|点線|区切り線)(?:より|の|から)?上(?:部|側)?|"
    r"(?:此|这|這|本)(?:一)?(?:行|线|線|条线|條線)(?:的|之)?(?:以上|上方|上面|上)"
)
# Looking for words costs a twentieth of the patterns, and most requests are about something else.
_LINES = _words(
    "line|zeile|linie|ligne|líne|linha|riga|linea|rad|linj|strek|regel|lijn|rivi|viiv|lini|wiersz|kresk|řád|čár|čar|"
    "link|riad|čiar|лини|стро|черт|ряд|ліні|риск|rând|ред|crt|reda|retka|γραμμ|dòng|บรรทัด|เส้น|baris|garis|سطر|خط|"
    "שור|קו|satır|çizg|hatt|sor f|vonal|줄|선|라인|행|行|線|线|ライン"
)
_PLACE = re.compile(rf"(?:{_WHERE}|{_WHERE_VERB_LAST})", re.IGNORECASE)
_AT_END = re.compile(
    rf"(?:(?:{_WHERE})(?: to [\w ]{{2,40}})?|(?:{_WHERE_VERB_LAST})[^,.:?\d]{{0,24}})\Z", re.IGNORECASE
)
# How a request begins whose line has no dashes.
_ASKS = _words(
    "please |kindly |to reply|to respond|to answer|to comment|reply |respond |answer |type |write |enter |add |"
    "bitte |antwort|schreiben sie|veuillez |merci de|répond|saisi|por favor|respond|escrib|digit|per favore|"
    "rispond|inserisci|scriv|typ |gelieve|antwoord|schrijf|svar|skriv|vänlig|vennligst|vastaa|kirjoita|"
    "proszę|odpowie|wpisz|napisz|prosím|odpov|napište|napíšte|пожалуйста|введите|ответ|отвеч|напишите|"
    "будь ласка|відпов|введіть|напишіть|lütfen|yanıt|kérj|válasz|írj|vă rugăm|răspund|scrie|моля|отговор|"
    "molimo|odgovor|παρακαλ|απαντ|vui lòng|trả lời|กรุณา|ตอบ|โปรด|silakan|mohon|balas|tulis|يرجى|الرجاء|"
    "נא|אנא|השב|이 줄|이 선|이줄|이선|본 선|아래 줄|아래 선|この|以下の|返信|ご返信|请|請|回复|回覆|在此|"
    "此行|此线|此線"
)
REPLY_STARTS = frozenset(start[:2] for start in _ASKS)
_ANSWER = re.compile(
    r"repl[yi]|respon|answer|comment|\btype\b|\bwrite\b|antw|schreib|eingeb|répon|répond|saisi|écri|escrib|risp|"
    r"inser|scriv|digit|typ\b|schrijf|svar|skriv|vasta|kirjoit|odpow|wpis|napis|odpov|napiš|napíš|ответ|введ|напиш|"
    r"відпов|напиш|yanıt|cevap|yaz|válasz|írj|răspun|scrie|отговор|odgovor|απαντ|απάντ|trả lời|phản hồi|ตอบ|"
    r"balas|tulis|jawab|الرد|رد|להשיב|השב|תשוב|답|회신|작성|입력|返信|回答|入力|記入|回[复覆]|[输輸]入|填写|填寫|답장",
    re.IGNORECASE,
)


def is_reply_line(text: str) -> bool:
    """Whether the whole line asks for an answer above it: between dashes or the like, or as a request of its own.

    `##- … -##` is one in whatever language.
    """
    if not _LEAST <= len(text) <= _LONGEST:
        return False
    line = text.strip(_SPACE)
    bare = line.strip(_MARKS + _SPACE)
    framed = line[:2] != bare[:2] and line[-2:] != bare[-2:] and _is_frame(line, bare)
    if framed and line.lstrip("*").startswith("##-") and line.rstrip("*").endswith("-##"):
        return True
    bare = bare.rstrip(".。!")
    folded = bare.casefold()
    if not framed and not folded.startswith(_ASKS):
        return False
    if folded in REPLY_ABOVE_PHRASES:
        return True
    if not any(word in folded for word in _LINES) or not (_PLACE if framed else _AT_END).search(bare):
        return False
    return len(bare.split()) <= _MOST_WORDS and _ANSWER.search(bare) is not None


def _is_frame(line: str, bare: str) -> bool:
    """Whether two marks or more stand on either side, or brackets: one star is bold type."""
    start = line.find(bare)
    return line[:1] in "[【" or (start >= 2 and len(line) - start - len(bare) >= 2)
