"""In charge of: the words of mail systems: who they are, and what a bounce says where it gives no code, or a vague one:
no such person, full, closed, refused, not reached.

Not in charge of: finding the recipient or the codes themselves (`bounces`).

The words are those of Exchange and Microsoft 365, Gmail, Yahoo and Yahoo Japan, Naver, Daum, QQ, Mail.ru, Yandex,
docomo, Seznam, GMX, qmail, Postfix, Exim and Sendmail, and of the status texts of RFC 3463.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.threads.incoming import Address

_MAIL_SYSTEM = re.compile(
    r"mailer-?daemon|mail-daemon|postmaster|\bmdaemon\b|maildeliver|mail ?system\b|"
    r"mail (?:delivery|router|transport|transfer|administrator|server)|systemadministrat|system administrator|"
    r"microsoftexchange[0-9a-f]{8}|content-filter|delivery (?:subsystem|system|agent)|"
    r"spam (?:firewall|filter)|^\s*<>\s*$|<@>",
    re.IGNORECASE,
)
# One of these stands in each of those names; none has an "i", which patterns take for the same letter as "İ" and "ı".
_MAIL_SYSTEM_PARTS = (
    *("daemon", "postmaster", "mailde", "system", "very", "router", "mail trans", "strat", "server"),
    *("exchange", "content-f", "spam ", "<>", "<@>"),
)
_DAEMONS = ("mailer-daemon", "mailerdaemon", "postmaster", "mail-daemon", "maildeliverysystem", "mdaemon")

BOUNCE_SUBJECT = re.compile(
    r"(?:undeliver(?:able|ed)|delivery status notification|mail delivery (?:failed|failure|system)|"
    r"returned mail|failure notice|delivery (?:failure|has failed)|nondeliverable|message not delivered|"
    r"mail system error|warning: (?:message .* delayed|could not send)|delayed mail|message you sent blocked|"
    r"permanent delivery failure|message status - undeliver|(?:nachricht )?(?:unzustellbar|nicht zustellbar)|"
    r"non remis|échec de la remise|no se puede entregar|"
    r"mancata consegna|não foi possível entregar|onbestelbaar|bezorging mislukt|niedostarcz|"
    r"nie można dostarczyć|nedoruč|недоставлен|"
    r"не доставлен|не уда[её]тся доставить|не может быть доставлен|не вдається доставити|"
    r"(?:zprávu|e-mail|správu) (?:se|sa) ne(?:po)?dař|ne(?:po)?dařilo (?:se )?doručit|zpráva nebyla doručena|"
    r"olevererat|ej levererat|kunde inte leverera|ikke levert|toimittamatta|kézbesíthetetlen|nelivrat|"
    r"recapito non riuscito|non recapitabil|não entregue|no entregado|"
    r"det går inte att leverera|kan ikke leveres|ei voitu toimittaa|teslim edilemedi|系统退信|"
    r"niedoręcz|zwrot (?:wiadomości|poczty)|kunde inte levereras|kan inte levereras|(?:message|e-?mail) non distribué|"
    r"non consegnat|kézbesítetlen|không (?:thể )?gửi|ไม่สามารถส่ง|tidak terkirim|gagal (?:ter|di)kirim|nelivrabil|"
    r"غير قابل للتسليم|تعذر (?:ال)?تسليم|לא ניתן למסירה|kan niet (?:worden )?bezorg|toimittaminen ei onnistu|"
    r"배달 실패|(?:전송|발송|전달) ?실패|반송|배달되지 않|(?:전송|발송|전달)되지 ?(?:못|않)|"
    r"配信不能|配信できません|退信|无法送达|未送达|无法传递|無法(?:傳遞|投遞|送達))",
    re.IGNORECASE,
)
# It has stopped, whatever else is said of attempts.
NO_MORE = re.compile(
    r"stopped trying|no (?:further|more) attempts|not (?:going to )?try again|given up|giving up|"
    r"keine weiteren (?:zustell)?versuche|aucune (?:autre|nouvelle) tentative|no se (?:realizar|har)án más intentos|"
    r"nessun ulteriore tentativo|geen (?:verdere|nieuwe) pogingen|(?:żadnych|nie będzie) (?:dalszych|kolejnych) prób|"
    r"попыток (?:больше )?не будет|исчерпан|inga fler försök|더 이상 (?:시도|재시도)하지|"
    r"これ以上.{0,12}(?:試|再送).{0,6}ません|"
    r"不再(?:尝试|嘗試|重试|重試)",
    re.IGNORECASE,
)
# Of those, what says that the mail is still under way.
_LATE = (
    r"지연|zpožd|zpozd|oneskor|задерж|затрим|verzöger|försen|fördröj|forsink|viiväst|retardé|retraso|retrasad|"
    r"différée?\b|ritard|in ritardo|atrasad|\batraso|adiad|vertraag|opóźni|gecik|késés|késlelt|întârzi|trì hoãn|ล่าช้า|"
    r"tertunda|تأخ[ري]|מתעכב|התעכב|עיכוב|遅延|遅れ|延迟|延遲"
)
DELAY_SUBJECT = re.compile(
    rf"\(delay\)|delayed|still being retried|could not send (?:message )?for|delivery warning|{_LATE}", re.IGNORECASE
)
DELAY_WORDS = re.compile(rf"\bdelay|temporar|{_LATE}", re.IGNORECASE)
# The sender of the notice goes on by itself; never what asks the reader to try again.
TRIES_ON = re.compile(
    r"will (?:keep|be) (?:trying|retried)|will (?:continue to )?(?:re)?try|still being (?:retried|processed)|"
    r"not yet been delivered|attempts will continue|still waiting to be delivered|been delivered yet|"
    r"will continue (?:trying|delivery|to be)|"
    r"(?:배달|전송|발송)[을를]? ?(?:계속|다시) ?시도(?:합니다|할)|계속 (?:해서 )?(?:배달|전송|발송)?[을를]? ?시도|"
    r"재(?:시도|전송|발송)(?:합니다|할 예정|됩니다)|다시 시도(?:합니다|할 (?:것|예정))|"
    r"引き続き.{0,12}(?:試|再送|送信)|再送を(?:試|続)|再試行(?:されます|します|を続)|"
    r"(?:继续|繼續)(?:尝试|嘗試|投递|投遞|重试)|(?:将|將|会|會)(?:自动|自動)?重(?:试|試|发|發)|"
    r"weiterhin versucht|wird (?:erneut|weiter) versucht|weitere (?:zustell)?versuche|"
    r"nouvelles tentatives|continuera .{0,20}(?:essayer|tent)|tentera .{0,12}nouveau|"
    r"seguir[áe]\w* intent|(?:volverá|continuará) .{0,12}intent|reintentará|"
    r"continuer[àa] .{0,20}(?:tent|prov)|(?:ulteriori|nuovi) tentativi|verrà ritentat|"
    r"continuar[áa] .{0,20}tent|novas tentativas|tentará novamente|"
    r"blij\w{1,3} .{0,20}proberen|opnieuw (?:worden )?geprobeerd|verdere pogingen|"
    r"(?:kolejne|dalsze) próby|będzie(?:my)? (?:nadal )?(?:prób|ponawi)|"
    r"продолж\w{1,6} .{0,20}попыт|попытк\w .{0,30}(?:продолж|будут повтор)|"
    r"продовж\w{1,6} .{0,20}спроб|спроб\w .{0,30}продовж|"
    r"bude(?:me)? .{0,20}(?:pokračovat|pokračovať|zkoušet|pokoušet|opakovat|opakovať|skúšať)|"
    r"další pokusy|ďalšie pokusy|"
    r"fortsätt\w{1,3} .{0,12}försök|försöker igen|forts[æe]tt\w{1,3} .{0,12}(?:forsøg|forsøk|prøv)|"
    r"nye forsøg|nye forsøk|"
    r"yritetään (?:edelleen|uudelleen)|yrittämistä jatketaan|denemeye devam|(?:tekrar|yeniden) denenecek|"
    r"próbálkoz|va continua|va încerca din nou|tiếp tục (?:thử|gửi|cố)|จะพยายาม|akan (?:terus )?(?:men|di)?coba|"
    r"(?:ستستمر|سيستمر|سنستمر)|(?:ימשיך|ימשיכו|נמשיך) לנסות",
    re.IGNORECASE,
)
FAILURE = re.compile(
    r"permanent(?:ly)? (?:fatal )?(?:error|fail)|could ?n[o']t be (?:delivered|found|sent)|was(?:n't| not) delivered|"
    r"unable to deliver|address not found|user unknown|no such user|"
    r"mailbox (?:is )?(?:unavailable|full|not found|over)|"
    r"does(?:n't| not) exist|delivery to the following recipients? (?:has )?failed|undeliverable|"
    r"message (?:was )?blocked|"
    r"not been delivered|not delivered|could not be reached|failed to (?:deliver|send)|has been rejected|"
    r"account (?:has been|is) (?:disabled|inactive)|recipient(?:'s)? (?:address )?rejected|"
    r"wasn't able to deliver|delivery has failed|"
    r"존재하지 ?않|수신자를 찾을 수 없|메일함 ?용량|용량.{0,6}초과|"
    r"(?:전송|발송|수신)(?:에|이|을|하지)? ?(?:실패|못|거부)|"
    r"배달되지 ?(?:못|않)|전달되지 ?(?:못|않)|반송|휴면|"
    r"nebyla? doručen|ne(?:lze|mohla? být|podařilo (?:se )?)doručit|doručen[ií] .{0,40}selhal|"
    r"neexistuj|schránk\w* .{0,20}pln|"
    r"не (?:был[ао]? |может быть )?доставлен|невозможно доставить|не удалось доставить|не существует|переполнен|"
    r"kunde inte levereras|finns inte|nicht (?:zugestellt|zustellbar|übermittelt|ausgeliefert|erreicht werden)|"
    r"n'a pas (?:pu être|été)|no (?:se )?(?:ha(?:n)? )?p[ou]d[oi]|no (?:fue|ha sido) (?:posible )?entreg|"
    r"nebol[ao]? doručen|sa nepodarilo doručiť|échec de la remise|"
    r"impossibile (?:recapitare|consegnare)|"
    r"не (?:вдалося доставити|було доставлено)|k(?:unne|an) ikke leveres|ei voitu toimittaa|teslim edilemedi|"
    r"non è stato (?:possibile|consegnato|recapitato)|não (?:foi|pôde)|kon niet worden|niet (?:bezorgd|afgeleverd)|"
    r"bezorging .{0,80}mislukt|"
    r"nie (?:można|udało się) dostarczyć|"
    r"配信できません|配信不能|届けできません|送信できません|送達できません|宛先.{0,10}(?:不明|見つかりません|存在しません)|"
    r"配信に失敗|(?:배달|전달)하지 ?못|배달에 ?실패|recapito non riuscito|mancato recapito|"
    r"error (?:en|de) (?:la )?entrega|falha na entrega|nie powiodło się dostarczenie|"
    r"doručen[ií] .{0,60}ne(?:zdařil|podařil)|"
    r"gick inte att leverera|сбой доставки|не удается доставить|fehler bei der (?:nachrichten)?zustellung|"
    r"levering(?:en)? .{0,60}mislykke|toimitus .{0,60}epäonnistui|nem kézbesíthető|kézbesítés.{0,60}sikertelen|"
    r"teslim edilem[ei]|傳遞.{0,20}失敗|無法(?:傳遞|傳送|送達|投遞)|"
    r"nie (?:została?|mogła?|może|można) .{0,20}(?:doręcz|dostarcz)|dostarczenie .{0,80}nie powiodło|"
    r"(?:nebylo|nelze) .{0,20}doručit|falha na entrega|se pudo entregar|livrarea .{0,80}nu a reușit|"
    r"nu a (?:putut fi|fost) livrat|livrare eșuată|"
    r"(?:blev|ble) ikke lever|nem sikerült .{0,40}kézbesít|sikertelen kézbesítés|leveransen misslyck|"
    r"teslimat başarısız|zustellung .{0,60}(?:fehlgeschlagen|gescheitert)|"
    r"consegna (?:è )?fallita|échec de (?:distribution|remise|livraison)|"
    r"(?:помилка|ошибка) доставки|chyba (?:při )?doruč|błąd (?:doręcz|dostarcz)|"
    r"không (?:thể )?(?:gửi|chuyển)|ไม่สามารถ(?:จัด)?ส่ง|การส่ง.{0,60}ล้มเหลว|ตีกลับ|"
    r"tidak (?:dapat |bisa )?(?:ter|di)?kirim|(?:pengiriman|gagal) .{0,20}(?:gagal|kirim)|"
    r"(?:تعذر|فشل|لم يتم) (?:ال)?تسليم|המסירה .{0,60}נכשלה|לא (?:ניתן למסירה|נמסרה)|"
    r"无法(?:将邮件)?(?:传递|递送)|被退回|"
    r"无法投递|退信|不存在|无法送达|邮箱已满|拒收",
    re.IGNORECASE,
)
# A mailbox, and what is said of it when it is full, in whatever words stand between.
_BOX = (
    r"(?:mailbox|inbox|postfach|boîte|buzón|cas(?:ell|sett)a|caixa|postvak|skrzynk|ящик|скриньк|brevlåd|postlåd|"
    r"postkass|postboks|postilaatik|posta kutu|postafiók|postalád|schránk|cutia|căsuț|사서함|메일함|편지함|"
    r"메일박스|信箱|邮箱|郵箱|"
    r"メールボックス|hộp thư|กล่องจดหมาย|kotak|علبة|صندوق|תיבת)"
)
_FULL = (
    r"(?:\bfull\b(?! (?:details|names?|text|headers?|message|cop))|\bfuld|\bvoll|plein|llen[oa]|pien[ao]|chei[ao]|"
    r"\bvol\b|pełn|täynnä|dolu|(?:meg|be)telt|\bpln[áýé]|přeplněn|"
    r"plin[ăa]|가득|꽉|满|滿|一杯|いっぱい|満杯|đầy|เต็ม|penuh|ممتل|מלא)"
)
_STATUS = (
    # About us, not about the mailbox: first, because the words are those of a mailbox that is not there.
    (
        "5.7.1",
        r"(?:sender|reverse|\bptr\b|\brdns\b|\bhelo\b|client host|your (?:ip|host|domain|server)).{0,40}"
        r"(?:not found|not exist|n't exist|rejected|unknown|denied|invalid|cannot find|blocked|listed|verify failed)",
    ),
    (
        "5.2.2",
        r"mailbox (?:is )?(?:full|over|exceed)|over ?quota|exceeds (?:allowed|maximum) size|quota exceeded|"
        r"exceeded .{0,30}(?:quota|storage)|"
        r"insufficient storage|"
        r"용량.{0,10}(?:초과|부족)|(?:메일|편지)함.{0,6}가득|"
        r"překročen|переполнен|переповнен|квот|przepełnion|kutusu dolu|plná schránka|full brevlåda|"
        rf"{_BOX}.{{0,40}}{_FULL}|"
        r"容量.{0,10}(?:超|オーバー)|邮箱已满|容量不足|(?:信箱|邮箱|郵箱).{0,6}[满滿]|メールボックス.{0,8}(?:一杯|いっぱい|満杯)",
    ),
    (
        "5.2.1",
        r"(?:account|mailbox|user|recipient).{0,30}(?:disabled|inactive|suspended|locked|deactivated|not accepting)|"
        r"휴면|사용.{0,4}중지|해지된|заблокирован|отключ[её]н|zablokován|deaktiv|inaktiv|停止され|被禁用|已停用|已注销",
    ),
    (
        "5.1.2",
        r"(?:host|domain)(?: name)? (?:was )?(?:not found|unknown|does ?n[o']t exist)|nxdomain|no mx|unrouteable|"
        r"non-?existent (?:hosts?|domains?)|no route (?:found )?to|null ?mx|does not accept mail|"
        r"name or service not known|couldn'?t find any host|도메인.{0,8}(?:없|존재하지)|"
        r"doména neexist|домен не (?:найден|существ)|"
        r"ドメイン.{0,8}(?:見つかり|存在し)|域名不存在",
    ),
    ("5.4.6", r"loops? back to|mail loop|hop count|too many hops"),
    ("5.3.4", r"(?:exceeds|over) .{0,20}size limit|message (?:is )?too (?:large|big)|size exceeds"),
    (
        "5.1.1",
        r"user unknown|unknown user|no such (?:user|person|address|recipient|mailbox)|"
        r"does(?:n't| not) (?:exist|have an?)|"
        r"unknown (?:or illegal )?(?:alias|address)|address not found|(?:was not|wasn't|not) found|"
        r"unknown to address|couldn'?t be found|"
        r"unknown (?:local|recipient)|"
        r"requested action not taken: mailbox unavailable|no mailbox here|"
        r"invalid (?:recipient|mailbox|user)|존재하지 ?않|없는 (?:사용자|계정|주소)|"
        r"찾을 수 없|neexistuj|"
        r"не существует|не найден|нет такого|не існує|не знайден|finns inte|"
        r"fin(?:des|nes) ikke|ei ole olemassa|bulunamadı|"
        r"nenaš(?:el|la|lo)|nelze naléz|не (?:удалось|вдалося) найти|не знайден|inte att hitta|okänd|"
        r"(?:fant|funnet) ikke|ikke (?:blev |ble |blitt )?fun[dn]et|inte hittades|odnaleźć|없거나 잘못|"
        r"알 수 없는 (?:사용자|받는)|見つから(?:ない|ず)|nu a fost găsit|"
        r"không tìm thấy|không tồn tại|(?:tidak|tak) (?:dapat )?ditemukan|not listed in .{0,30}directory|"
        r"existiert nicht|unbekannt|n'existe pas|introuvable|no existe|no se (?:ha )?enc[uo]ntr|não foi encontrad|"
        r"non esiste|non è stato trovato|niet gevonden|nie znaleziono|neb?yla? nalezen|nenalezen|hittades inte|"
        r"kunde inte hittas|(?:blev|ble) ikke fun[dn]et|kunne ikke findes|nicht gefunden|ei löydy|ei löytynyt|"
        r"inconnue?s?\b|inexistant|desconocid|desconhecid|inexistente|sconosciut|inesistent|"
        r"nieznan|necunoscut|ismeretlen|nie ma takiego|neznám|"
        r"tuntematon|ukendt|ukjent|nem létez|nu există|mevcut değil|ไม่พบ(?:ที่อยู่|ผู้ใช้|ผู้รับ)|ไม่มี(?:ที่อยู่|ผู้ใช้)|"
        r"(?:تعذر|لم يتم) العثور|غير موجود|לא (?:נמצא|קיימת?)|alamat .{0,30}tidak ada|"
        r"nem található|找不到|無此(?:使用者|帳號)|查無此|"
        r"não existe|bestaat niet|onbekend|nie istnieje|存在しません|見つかりません|不明|不存在",
    ),
    (
        "5.7.1",
        r"spam|virus|malware|blocked|prohibit|black ?list|block ?list|policy|reputation|not authori[sz]ed|denied|dmarc|"
        r"스팸|차단|수신 ?거부|"
        r"спам|отклонен|odmítnut|zamítnut|avvisa|abgelehnt|refus|迷惑メール|拒否|垃圾邮件|拒收",
    ),
    (
        "5.4.7",
        r"timed? ?out|too long|retry time|no response|connection refused|시간 ?초과|응답.{0,4}없|"
        r"vypršel|тайм-?аут|истекло|"
        r"タイムアウト|超时|连接",
    ),
)
_MOST_CHARS = 8_000  # of a notice are looked at
_BY_WORDS = [(status, re.compile(words, re.IGNORECASE)) for status, words in _STATUS]


# What nobody says but of a mailbox, for codes that say something else.
_NO_SUCH = re.compile(
    r"(?:no such|unknown|invalid) (?:user|mailbox)\b|\buser (?:is )?(?:unknown|not found)", re.IGNORECASE
)


def names_mail_system(sender: str) -> bool:
    """Whether a From header names a mail system, by address or by name."""
    sender = sender[:1000]
    folded = sender.casefold()
    return any(map(folded.__contains__, _MAIL_SYSTEM_PARTS)) and bool(_MAIL_SYSTEM.search(sender))


def is_named_only(sender: str) -> bool:
    """Whether the display name alone sounds like a mail system: shops, carriers and administrators have such names."""
    address = sender[:1000].rpartition("<")[2]
    return "@" in address[1:] and not _MAIL_SYSTEM.search(address)


def is_daemon_address(from_: Sequence[Address]) -> bool:
    """Whether one of these addresses is a mail system's."""
    return any(a.address.lower().partition("@")[0] in _DAEMONS for a in from_)


def says_why(status: str) -> bool:
    """More than that it failed: X.n.0 is "other or undefined" (RFC 3463 §3); of a policy nobody says more."""
    return bool(status) and (not status.endswith(".0") or status.endswith(".7.0"))


def refine_status(status: str, diagnostic: str) -> str:
    """The status, or what the diagnostic's words mean if it is vague, or the 5.7.1 that some say to everything."""
    if says_why(status):
        gone = status == "5.7.1" and _NO_SUCH.search(diagnostic) and guess_status(diagnostic) == "5.1.1"
        return "5.1.1" if gone else status
    guessed = guess_status(diagnostic)
    return f"{status[:1] or '5'}{guessed[1:]}" if guessed else status


def guess_status(text: str) -> str:
    """The enhanced status (RFC 3463) that these words mean, "" if they say nothing that we know."""
    return next((status for status, words in _BY_WORDS if words.search(text, 0, _MOST_CHARS)), "")
