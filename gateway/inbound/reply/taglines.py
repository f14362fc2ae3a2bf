"""In charge of: recognising the line that a phone or an app adds ("Sent from my iPhone"), in many languages.

Not in charge of: where such a line counts (`reply.signatures`). A tagline is a whole short line, with a phrase of
sending *and* the name of a device or app: "Sent from my desk, is much easier" is a sentence.
"""

from __future__ import annotations

import re

_MAX_CHARS = 120
_MAX_WORDS = 14

_SENDING_FIRST = re.compile(
    r"(?:sent|posted)(?: \w+)?(?: wirelessly)? (?:from|via|by|using|with|on)\b|sent from|get outlook for|"
    r"outlook (?:for|für|pour|para|per)\b|(?:von|vom) (?:mein(?:em)?|iphone|ipad)|"
    r"gesendet (?:von|vom|mit|über)|holen sie sich|envoyé (?:de|depuis|à partir|avec)|téléchargez|"
    r"télécharger|enviado (?:desde|do|de|através|a partir|com)|obtén|obtener|inviato (?:da|dal|con)|"
    r"scarica|verzonden (?:vanaf|vanuit|met|via)|verstuurd vanaf|skickat från|hämta|sendt fra|hent|"
    r"lähetetty|odesláno (?:z|ze|prostřednictvím|pomocí)|odoslané (?:z|zo)|získejte|získajte|"
    r"wysłan[eo] (?:z|ze|za)|pobierz|отправлено (?:с|со|из|через)|скачать|получите|"
    r"надіслано (?:з|із|через)|(?:发自|發自|从|從)(?:我的)?|iphone(?:'|’)?u?m?dan|trimis de pe|"
    r"poslano (?:z|s)|küldve",
    re.IGNORECASE,
)
_SENDING_LAST = re.compile(
    r"(?:gesendet|보냄|보냈습니다|보낸 메일입니다|전송됨|전송했습니다|"
    r"から送信|から送信されました|からの送信|发送|傳送|gönderildi|küldve)[.!。]?\Z",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"iphone|iphon|айфон|아이폰|ipad|ipod|android|안드로이드|galaxy|갤럭시|samsung|삼성|huawei|华为|"
    r"xiaomi|小米|redmi|oppo|vivo|honor|\blg\b|htc|nokia|lumia|pixel|oneplus|blackberry|windows|mobil|"
    r"handy|phone|telefon|teléfono|telefono|puhelin|téléphone|tablet|handheld|handset|смартфон|телефон|"
    r"모바일|휴대폰|スマートフォン|携帯|手机|手機|cihaz|\bmail\b|mail\.ru|почт|почты|메일|メール|邮箱|"
    r"邮件|outlook|yahoo|\baol\b|gmail|yandex|яндекс|proton|tutanota|\btuta\b|spark|airmail|superhuman|"
    r"mailbird|naver|네이버|daum|다음|kakao|hiworks|sparrow|mailbox|blue|thunderbird|fairemail|k-9|seznam|"
    r"gmx|web\.de|\bapp\b|aplikace|appen|앱",
    re.IGNORECASE,
)


def is_tagline(text: str) -> bool:
    """Whether the line is a tagline as a whole."""
    if len(text) > _MAX_CHARS * 2:
        return False
    text = text.strip(" \t*_<>")
    if not 4 < len(text) <= _MAX_CHARS or len(text.split()) > _MAX_WORDS or re.search(r"[!?;]|, \w+ \w+ \w+", text):
        return False
    return bool(_DEVICE.search(text)) and bool(_SENDING_FIRST.match(text) or _SENDING_LAST.search(text))
