"""In charge of: recognising the line that a phone or an app adds ("Sent from my iPhone"), in many languages.

Not in charge of: where such a line counts (`signatures`). A tagline is a whole short line: words of sending *and* the
name of a device or app, or an invitation to get Outlook. "Sent from my desk, is much easier" is a sentence.
"""

from __future__ import annotations

import re

_MAX_CHARS = 120
_MAX_WORDS = 14
_MAX_APP_CHARS = 200

_SENDING_FIRST = re.compile(
    r"provenance ?:|(?:sent|posted)(?: \w+)?(?: wirelessly)? (?:from|via|by|using|with|on)\b|"
    r"(?:diese nachricht wurde |diese e-mail wurde )?gesendet (?:von|vom|mit|über)|"
    r"envoyée? (?:de|depuis|à partir|avec)|enviad[oa] (?:desde|do|de|da|através|a partir|com)|"
    r"enviat (?:des d|de)|inviat[oa] (?:da|dal|dall|con)|ver(?:zonden|stuurd) (?:vanaf|vanuit|met|via)|"
    r"skicka(?:t|des) från|sendt (?:fra|via)|sent úr|lähetetty|saadetud|nosūtīts no|išsiųsta (?:iš|naudojant)|"
    r"odesláno (?:z|ze|prostřednictvím|pomocí)|odoslané (?:z|zo|pomocou)|poslano (?:z|s|iz|sa)|poslato (?:s|sa|iz)|"
    r"wysłan[eo] (?:z|ze|za|przez)|отправлен[оа] (?:с|со|из|через)|(?:надіслано|відправлено) (?:з|із|зі|через)|"
    r"изпратено от|"
    r"послато с|elküldve|küldve|trimis (?:de pe|de la|din|cu)|στάλθηκε από|αποστολή από|εστάλη από|"
    r"נשלח (?:מ|באמצעות)|(?:تم ال[إا]رسال|[أا]ُ?رسلت|مُ?رسل|مرسلة) (?:من|بواسطة)|ارسال شده از|"
    r"ส่งจาก|(?:đã |được )?gửi từ|dikirim dari|dihantar dari|"
    r"(?:发自|發自|来自|來自|寄自)(?:我的)?",
    re.IGNORECASE,
)
_SENDING_LAST = re.compile(
    r"(?:gesendet|에서 보냄|에서 보냈습니다|에서 보낸 메일입니다|에서 작성함|에서 전송|에서 전송됨|에서 전송했습니다|"
    r"から送信|から送信されました|からの送信|gönderildi|küldve|ارسال شد|ارسال شده|से भेजा गया)[.!。]?\Z|"
    r"\A(?:(?:从|從) ?(?:我的|windows)|通过(?=.{0,6}大师)|使用 ?(?=iphone|ipad|android))"
    r".{1,40}(?:发送|發送|傳送|寄出)\Z|보낸 메일입니다[.]?\Z",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"iphone|iphon|айфон|아이폰|אייפון|آيفون|آیفون|ไอโฟน|ipad|айпад|אייפד|ipod|android|андроид|안드로이드|אנדרואיד|أندرويد|"
    r"galaxy|갤럭시|גלקסי|جالاكسي|samsung|삼성|סמסונג|سامسونج|huawei|华为|"
    r"xiaomi|小米|redmi|poco|oppo|vivo|honor|荣耀|xperia|motorola|\bmoto\b|realme|\blg\b|htc|nokia|lumia|pixel|"
    r"oneplus|blackberry|windows|mobil|handy|phone|telefon|teléfono|telefono|telefoon|puhelin|téléphone|telemóvel|"
    r"celular|smartphone|tablet|handheld|handset|смартфон|телефон|мобил|מהטלפון|هاتف|جهاز|โทรศัพท์|điện thoại|"
    r"모바일|휴대폰|휴대전화|スマートフォン|スマホ|携帯|手机|手機|cihaz|mail\.\w{2,3}\b|(?<!we)[a-df-z]mail\b|ukr\.net|한메일|지메일|"
    r"메일 ?앱|메일플러그|メールアプリ|ドコモメール|ソフトバンクメール|"
    r"(?:网易|新浪|搜狐|阿里|腾讯|企业|\b1\d\d|\bqq) ?邮箱|邮箱大师|邮箱客户端|邮件大师|邮件客户端|"
    r"outlook|yahoo|\baol\b|gmail|yandex|яндекс|proton|tutanota|\btuta\b|spark|airmail|superhuman|"
    r"mailbird|mailspring|mymail|\bnine\b|naver|네이버|daum|다음|kakao|hiworks|sparrow|mailbox|blue|thunderbird|"
    r"fairemail|k-9|canary|edison|missive|\bhey\b|zoho|fastmail|\bverse\b|mixmax|\bstreak\b|shortwave|polymail|\bspike\b|seznam|gmx|web\.de|\bapp\b|aplikac|appen|앱",
    re.IGNORECASE,
)
# A program that is called after mail itself has a capital; mail as people speak of it has none, or it has a day.
_PROGRAM = re.compile(
    r"(?<![-\w])(?:[A-Z]\w{1,20} )?(?:Mail|Email|E-post|Poczt|Почт|Пошт|Pošt|Posta|Correo|Courrier|Correio)"
)
# Of an account or of another program speaks who tells from where something else was sent.
_ACCOUNT = re.compile(
    r"\b(?:address|adress[ea]?n?|adresse|account|konto|indirizzo|direcci[oó]n|cuenta|compte|endereço|conta|adresu?|"
    r"adresy|schránky|účtu|skrzynki|konta|адреса|аккаунта|ящика|скриньки|hesab\w+|fiók\w*)\b|주소|계정|アドレス|アカウント|"
    r"地址|账号|帐号|帳號|\b(?:other|second|another|otro|otra|altro|altra|autre|andere[nrm]?|andra|anden|annen|toise\w+|"
    r"jin[éý]\w{0,3}|druhé\w{0,2}|innej|innego|drugiej|друг\w{2,3}|інш\w{2,3}|outro|outra|másik|başka|diğer)\b|다른|別の|另",
    re.IGNORECASE,
)
_SYSTEM = re.compile(r"\b(?:ios|android|androidille|windows|mac|macos)(?![a-z])|iOS용|Android용", re.IGNORECASE)
_INVITING = re.compile(
    r"(?:get|download|try) (?:outlook|bluemail|typeapp|the (?:yahoo|outlook|gmail|new)\b.{0,20}\bapp)\b|"
    r"yahoo mail: search, organize|virus-free\.? ?(?:www\.avast|www\.avg)|(?:www\.)?avast\.com\Z|"
    r"von unterwegs gesendet\Z",
    re.IGNORECASE,
)
# "Virus-free.www.avast.com", in whatever language.
_VIRUS_FREE = re.compile(
    r"(?=.{0,30}(?:vir|wirus|вір|вир|바이러스|ウイルス|病毒))[^.!?@/]{3,30}[. ]{1,2}"
    r"(?:www\.)?(?:avast|avg)\.[a-z]{2,3}\Z",
    re.IGNORECASE,
)
# What an app says right below a signature mark, where no answer stands.
_APP_SAYS = re.compile(
    r"(?:sicher versendet|sent securely|securely sent|secured) (?:mit|with|by)\b|(?:.{3,60}, )?создано в |"
    r"diese (?:nachricht|e-?mail) wurde .{0,80}gesendet",
    re.IGNORECASE,
)
_CERTAIN = re.compile(
    r"sent from my [\w-]+, (?:samsung|an at&t|apple|lg)\b|sent with tuta(?:nota)?[;,]|"
    r"sent (?:from|with) \w+, the best\b",
    re.IGNORECASE,
)
_MAX_OUTLOOK_WORDS = 8
_SENTENCE = re.compile(
    r"[!?;](?!メール)|(?<![ (]):\s+\S|[.。]\s+\w+\s+\w+\s+\w+|"
    r", \w+ \w+ \w+|\b(?:because|since|while|but|weil|aber|parce|porque|perché|omdat|потому|protože)\b"
    # when it was: people send by post and tell the day
    r"|\b(?:yesterday|today|tomorrow|gestern|heute|včera|dnes|zítra|zajtra|вчера|сегодня|завтра|вчора|завтра|i ?går|"
    r"i ?dag|i ?morgon|i ?morgen|hier|aujourd|demain|ayer|hoy|mañana|ieri|oggi|domani|ontem|hoje|amanhã|wczoraj|"
    r"dzisiaj|jutro|gisteren|vandaag|dün|bugün|yarın)\b|어제|오늘|내일|昨日|今日|明日|昨天|今天|明天"
)
# What people let follow on their tagline, which makes it no sentence of this mail.
_EXCUSE = re.compile(
    r"[.!,;–-]\s(?:so |and )?(?:please |bitte |veuillez |prosím |proszę |vänligen )?"
    r"(?:excuse|forgive|pardon|sorry|apologi|entschuldig|verzeih|disculp|perd[oó]n|scus|desculp|omluv|prominte|excuus|"
    r"wybacz|przepras|извин|прост|ursäkta|beklager|ignore|typed|오타|誤字)[^.!?]{0,60}[.!]?\Z",
    re.IGNORECASE,
)
# A day, which no program tells of itself; but "Windows 10" and "S23" have figures.
_DAY = re.compile(r"\b\d{1,2}[./]|\b(?:19|20)\d\d\b|\bon [A-Z]\w{2,5}day\b|\blast\b")
_LINK = re.compile(r"\s*[<(\[]?https?://\S+[>)\]]?\s*")


def is_tagline(text: str) -> bool:
    """Whether the line is a tagline as a whole."""
    if len(text) > _MAX_CHARS * 3:
        return False
    whole = text  # an app may be named by its link alone
    text = _LINK.sub(" ", text.replace("\u200e", "").replace("\u200f", "")) if "http" in text else text
    text = text.strip(" \t*_<>[]()")
    if not 4 < len(text) <= _MAX_CHARS or len(text.split()) > _MAX_WORDS:
        return False
    if _invites(text):
        return True
    text = _EXCUSE.sub("", text)
    if not (_SENDING_FIRST.match(text) or _SENDING_LAST.search(text)) or not _names_sender(text, whole):
        return False  # the devices last: looking for them costs most
    return _sends_for_sure(text) or not _SENTENCE.search(text)


def is_app_line(text: str) -> bool:
    """Whether an app speaks of itself, by the line right below a signature mark."""
    text = text[:_MAX_APP_CHARS].strip(" \t*_")
    return bool(_SENDING_FIRST.match(text) or _APP_SAYS.match(text)) and bool(_DEVICE.search(text))


def _names_sender(text: str, whole: str) -> bool:
    """Whether a device or a program is named that sends, not an account of the writer's."""
    if _DEVICE.search(whole) is None and (_PROGRAM.search(text) is None or _DAY.search(text)):
        return False
    return _ACCOUNT.search(text) is None


def _invites(text: str) -> bool:
    """ "Get Outlook for iOS", whatever the language: no sentence, and both names."""
    if _INVITING.match(text):
        return len(text.split()) <= _MAX_OUTLOOK_WORDS
    if "avast." in text or "avg." in text:
        return bool(_VIRUS_FREE.match(text))
    if "utlook" not in text or text[-1] in ".!?" or "," in text or len(text.split()) > _MAX_OUTLOOK_WORDS:
        return False
    return bool(_SYSTEM.search(text))


def _sends_for_sure(text: str) -> bool:
    """A carrier's and an app's line may have a comma: "Sent from my Verizon, Samsung Galaxy smartphone"."""
    return _CERTAIN.match(text) is not None and text.count(",") <= 1
