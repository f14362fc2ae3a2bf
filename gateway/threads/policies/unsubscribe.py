"""In charge of: whether a mail says nothing but that its writer wants no more of them.

Not in charge of: what follows (`usecases.remark_mail`). Mail clients make such mails from a List-Unsubscribe link, and
people answer "STOP". Only the whole of what they wrote counts: "please stop the process" is a message.
"""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"unsubscribe|stop|opt out|optout|remove me|unsubscribe me|please unsubscribe me|please unsubscribe|"
    r"수신거부|수신 거부|수신거부합니다|구독취소|구독 취소|구독해지|구독 해지|"
    r"odhlásit|odhlásit odběr|odhlaste mě|zrušit odběr|nezasílat|odhlásiť|odhlásiť odber|"
    r"отписаться|отпишите меня|отписка|стоп|відписатися|"
    r"avregistrera|avregistrera mig|avprenumerera|avsluta prenumeration|stopp|avmeld|meld meg av|afmeld|afmeld mig|"
    r"abmelden|abbestellen|austragen|bitte abmelden|désabonner|se désabonner|désinscription|désinscrire|"
    r"darse de baja|cancelar suscripción|disiscrivimi|cancellami|cancelar inscrição|afmelden|uitschrijven|"
    r"wypisz mnie|wypisz|peru tilaus|abonelikten çık|配信停止|配信停止希望|登録解除|退订|退訂|取消订阅|取消訂閱|td"
)
_MAX_CHARS = 40
_EDGES = " \t\r\n.!,;:\"'«»„“”*_-"
_PREFIX = re.compile(r"(?:re|aw|sv|odp|vs|rif|res)\s*:\s*", re.IGNORECASE)


def asks_to_unsubscribe(subject: str, words: str) -> bool:
    """By all that they wrote; without a word, by the subject."""
    said = words.strip()
    if not said:
        said = _PREFIX.sub("", subject.strip(), count=1)
    return len(said) <= _MAX_CHARS and bool(_WORDS.fullmatch(" ".join(said.casefold().strip(_EDGES).split())))
