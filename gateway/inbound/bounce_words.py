"""In charge of: what a bounce in prose says where it gives no code: no such person, full, closed, refused, not reached.

Not in charge of: finding the recipient or the codes themselves (`bounces`).

The words are those of Exchange and Microsoft 365, Gmail, Yahoo and Yahoo Japan, Naver, Daum, QQ, Mail.ru, Yandex,
docomo, Seznam, GMX, qmail, Postfix, Exim and Sendmail, and of the status texts of RFC 3463.
"""

from __future__ import annotations

import re

FAILURE = re.compile(
    r"permanent(?:ly)? (?:fatal )?(?:error|fail)|could ?n[o']t be (?:delivered|found)|was(?:n't| not) delivered|"
    r"unable to deliver|address not found|user unknown|no such user|"
    r"mailbox (?:is )?(?:unavailable|full|not found|over)|"
    r"does(?:n't| not) exist|delivery to the following recipients? (?:has )?failed|undeliverable|"
    r"message (?:was )?blocked|"
    r"has been rejected|account (?:has been|is) (?:disabled|inactive)|recipient(?:'s)? (?:address )?rejected|"
    r"wasn't able to deliver|delivery has failed|"
    r"존재하지 ?않|수신자를 찾을 수 없|메일함 ?용량|용량.{0,6}초과|"
    r"(?:전송|발송|수신)(?:에|이|을|하지)? ?(?:실패|못|거부)|"
    r"배달되지 ?(?:못|않)|전달되지 ?(?:못|않)|반송|휴면|"
    r"nebyla? doručen|ne(?:lze|mohla? být|podařilo se) doručit|neexistuj|schránka je plná|"
    r"не (?:был[ао]? |может быть )?доставлен|невозможно доставить|не удалось доставить|не существует|переполнен|"
    r"kunde inte levereras|finns inte|konnte nicht zugestellt|nicht zustellbar|"
    r"n'a pas (?:pu être|été)|no se (?:ha )?p[ou]d[oi]|nebol[ao]? doručen|sa nepodarilo doručiť|échec de la remise|"
    r"impossibile (?:recapitare|consegnare)|"
    r"не (?:вдалося доставити|було доставлено)|k(?:unne|an) ikke leveres|ei voitu toimittaa|teslim edilemedi|"
    r"non è stato (?:possibile|consegnato|recapitato)|não (?:foi|pôde)|kon niet worden|"
    r"nie (?:można|udało się) dostarczyć|"
    r"配信できません|配信不能|届けできません|送信できません|送達できません|宛先.{0,10}(?:不明|見つかりません|存在しません)|"
    r"无法投递|退信|不存在|无法送达|邮箱已满|拒收",
    re.IGNORECASE,
)
_STATUS = (
    (
        "5.2.2",
        r"mailbox (?:is )?(?:full|over)|over ?quota|quota exceeded|exceeded .{0,30}(?:quota|storage)|"
        r"insufficient storage|"
        r"용량.{0,10}(?:초과|부족)|schránka je plná|plná schránka|překročen|переполнен|переповнен|квот|"
        r"full brevlåda|postfach .{0,20}voll|buzón .{0,40}llen|casella .{0,40}piena|boîte .{0,30}pleine|"
        r"caixa .{0,20}cheia|skrzynka .{0,20}pełna|postvak .{0,40}vol\b|postlaatikko .{0,40}täynnä|kutusu dolu|"
        r"容量.{0,10}(?:超|オーバー)|邮箱已满|容量不足",
    ),
    (
        "5.2.1",
        r"(?:account|mailbox|user|recipient).{0,30}(?:disabled|inactive|suspended|locked|deactivated|not accepting)|"
        r"휴면|사용.{0,4}중지|해지된|заблокирован|отключ[её]н|zablokován|deaktiv|inaktiv|停止され|被禁用|已停用|已注销",
    ),
    (
        "5.1.2",
        r"(?:host|domain)(?: name)? (?:was )?(?:not found|unknown|does ?n[o']t exist)|nxdomain|no mx|unrouteable|"
        r"name or service not known|couldn'?t find any host|도메인.{0,8}(?:없|존재하지)|"
        r"doména neexist|домен не (?:найден|существ)|"
        r"ドメイン.{0,8}(?:見つかり|存在し)|域名不存在",
    ),
    (
        "5.1.1",
        r"user unknown|unknown user|no such (?:user|person|address|recipient|mailbox)|"
        r"does(?:n't| not) (?:exist|have an?)|"
        r"address not found|(?:was not|wasn't|not) found|unknown to address|couldn'?t be found|"
        r"unknown (?:local|recipient)|"
        r"requested action not taken: mailbox unavailable|no mailbox here|"
        r"invalid (?:recipient|mailbox|user)|존재하지 ?않|없는 (?:사용자|계정|주소)|"
        r"찾을 수 없|neexistuj|"
        r"не существует|не найден|нет такого|не існує|не знайден|finns inte|"
        r"fin(?:des|nes) ikke|ei ole olemassa|bulunamadı|"
        r"existiert nicht|unbekannt|n'existe pas|introuvable|no existe|no se (?:ha )?enc[uo]ntr|não foi encontrad|"
        r"non esiste|"
        r"não existe|bestaat niet|nie istnieje|存在しません|見つかりません|不明|不存在",
    ),
    (
        "5.7.1",
        r"spam|blocked|black ?list|block ?list|policy|reputation|not authori[sz]ed|denied|dmarc|스팸|차단|수신 ?거부|"
        r"спам|отклонен|odmítnut|zamítnut|avvisa|abgelehnt|refus|迷惑メール|拒否|垃圾邮件|拒收",
    ),
    (
        "5.4.7",
        r"timed? ?out|too long|retry time|no response|connection refused|시간 ?초과|응답.{0,4}없|"
        r"vypršel|тайм-?аут|истекло|"
        r"タイムアウト|超时|连接",
    ),
)
_BY_WORDS = [(status, re.compile(words, re.IGNORECASE)) for status, words in _STATUS]


def guess_status(text: str) -> str:
    """The enhanced status (RFC 3463) that these words mean, "" if they say nothing that we know."""
    return next((status for status, words in _BY_WORDS if words.search(text)), "")
