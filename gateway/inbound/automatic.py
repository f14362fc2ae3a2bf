"""In charge of: whether a machine wrote a mail, and which kind.

Not in charge of: what to do about it (`policies/loops`).

The union of what the best gateways look at (RFC 3834 `Auto-Submitted`, `Precedence`, vendor headers, null sender
reports, subjects in many languages). `Auto-Submitted: no` means a person; `X-Auto-Response-Suppress` alone does not
count, because Exchange and many ticket systems put it on mail that people wrote; nor does a no-reply sender.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.threads.incoming import Address, Automatic, CalendarAnswer, Complaint, DeliveryReport, ReadReceipt

# Confirmations and out of office, as mail clients and servers word them at the start of the subject. People do not
# begin a subject with the first ones; the second ones are words of theirs too, so that nothing but a name may follow.
_REPLY_SUBJECT = re.compile(
    r"\s*[\[【]?(?:"
    r"(?:yahoo!? )?auto(?:matic|mated)?[ -]?(?:reply|response|antwort|svar)|auto:|"
    r"vacation (?:reply|response|message)|out of office autoreply|"
    r"automatische (?:antwort|abwesenheits)|abwesenheits(?:notiz|nachricht|meldung|assistent)|automatisch antwoord|"
    r"automatiskt? svar|frånvaromeddelande|fravær(?:smelding|sbesked)|"
    r"poissaolo(?:viesti|ilmoitus)|automaattinen (?:poissaolo)?vastaus|"
    r"réponse automatique|message d'absence|risposta automatica|respuesta automática|resposta automática|"
    r"automatická odpov[ěe]ď|automatická odpoveď|"
    r"автоматический ответ|автоответ|автоматична відповідь|автовідповідь|"
    r"odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|otomatik (?:yanıt|cevap)|"
    r"\(?자동\s?(?:응답|회신|답장)|부재\s?중\s?(?:알림|안내|메시지|자동)|"
    r"自動(?:返信|応答)|不在(?:通知|のお知らせ)|(?:外出)?自动(?:回复|答复)|自動(?:回覆|回复)|"
    r"automatikus válasz|αυτόματη απάντηση|תשובה אוטומטית|מענה אוטומטי|رد تلقائي|(?:thư )?trả lời tự động|"
    r"(?:การ)?ตอบกลับอัตโนมัติ|răspuns automat|автоматичен отговор|automatski odgovor|аутоматски одговор|"
    r"samodejni odgovor|automaatvastus|automātiska atbilde|automatinis atsakymas|balasan otomatis|resposta automàtica"
    r")|"
    r"\s*[\[【]?(?:"
    r"out of (?:the )?office|ooo|(?:i am |i'm )?(?:away )?on (?:(?:annual |parental )?leave|vacation|holidays?)|"
    r"away from (?:the |my )?office|afwezig(?:heid)?|niet op kantoor|frånvaro|"
    r"inte på kontoret|fravær|ikke (?:på kontoret|til stede)|poissa(?: toimistosta)?|absence(?: du bureau)?|"
    r"absente?(?:\(e\))? du bureau|fuori (?:sede|ufficio)|fuera de la oficina|fora do escritório|ausência|"
    r"mimo kancelář|mimo kancelárie|nepřítomnost|neprítomnosť|отсутствие на рабочем месте|нет на работе|"
    r"відсутність на роботі|немає на роботі|poza biurem|nieobecność|ofis dışında|nicht im büro|"
    r"abwesend|abwesenheit|im urlaub|"
    r"på (?:semester|ferie)|lomalla|en congés?|de vacaciones|in ferie|de férias|op vakantie|na urlopie|"
    r"na dovolenej?|в отпуске|у відпустці|izinde(?:yim)?|"
    r"부재\s?중|휴가\s?중|不在(?:の[ご連絡]+)?|不在办公室|不在辦公室|外出中"
    r")\s*(?:\Z|[\]】:：|(]|[-–—]\s|\bre:)|"
    # Notes: a name, the fact, and when they are back.
    r"(?!i\b)[^:：]{2,60} (?:is out of the office|ist außer haus|est absent\(?e?\)? du bureau)[. ]*(?:\([^)]*\)\s*)?\Z",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"\s*(?:undeliver(?:able|ed)|delivery status notification|mail delivery (?:failed|failure|system)|"
    r"returned mail|failure notice|delivery (?:failure|has failed)|nondeliverable|message not delivered|"
    r"mail system error|warning: message .* delayed|unzustellbar|non remis|échec de la remise|no se puede entregar|"
    r"mancata consegna|não foi possível entregar|onbestelbaar|niedostarcz|nie można dostarczyć|nedoruč|недоставлен|"
    r"не доставлен|det går inte att leverera|kan ikke leveres|ei voitu toimittaa|teslim edilemedi|系统退信|"
    r"배달 실패|전송 ?실패|반송|배달되지 않|配信不能|配信できません|退信|无法送达)",
    re.IGNORECASE,
)
_AUTO_VALUE = re.compile(
    r"auto-(?:replied|notified|response|reply|responder|submitted|generated)|holidayreply|machinegenerated|vacation",
    re.IGNORECASE,
)
_BULK_PRECEDENCE = {"bulk", "list", "junk"}
_DAEMONS = ("mailer-daemon", "mailerdaemon", "postmaster", "mail-daemon", "maildeliverysystem", "mdaemon")


def detect_automatic(
    headers: Sequence[tuple[str, str]],
    *,
    from_: Sequence[Address],
    content_type: str = "",
    reports: Sequence[DeliveryReport] = (),
) -> Automatic:
    """What kind of machine wrote the mail, NO if it looks like a person's. Bounce wins over reply, reply over bulk."""
    values: dict[str, str] = {}
    for name, value in headers:
        values.setdefault(name.lower(), value.strip())
    if _is_bounce(values, from_, content_type, reports):
        return Automatic.BOUNCE
    if values.get("auto-submitted", "").lower().split(";")[0].strip() == "no":
        return Automatic.NO
    if _is_reply(values):
        return Automatic.REPLY
    return Automatic.BULK if _is_bulk(values) else Automatic.NO


def name_report(
    kind: Automatic,
    *,
    complaint: Complaint | None,
    receipt: ReadReceipt | None,
    calendar: CalendarAnswer | None,
) -> Automatic:
    """The kind of a mail, given what its parts for machines say: they are surer than its headers."""
    if complaint is not None:
        return Automatic.COMPLAINT
    if receipt is not None:
        return Automatic.RECEIPT
    return Automatic.CALENDAR if calendar is not None and kind is not Automatic.BOUNCE else kind


def _is_bounce(
    values: dict[str, str], from_: Sequence[Address], content_type: str, reports: Sequence[DeliveryReport]
) -> bool:
    kind = values.get("content-type", "").lower()
    if content_type == "multipart/report" and "disposition-notification" not in kind:
        return True
    if "x-failed-recipients" in values:
        return True
    daemon = any(a.address.lower().partition("@")[0] in _DAEMONS for a in from_)
    null_path = values.get("return-path", "-").replace(" ", "") in ("<>", "")
    bounce_subject = bool(_BOUNCE_SUBJECT.match(values.get("subject", "")))
    return (daemon and (bool(reports) or bounce_subject or null_path)) or (null_path and bounce_subject)


def _is_reply(values: dict[str, str]) -> bool:
    submitted = values.get("auto-submitted", "").lower()
    if submitted and not submitted.startswith("auto-generated"):
        return True
    if values.get("precedence", "").lower() == "auto_reply" or values.get("x-precedence", "").lower() == "auto_reply":
        return True
    if any(values.get(name, "no").lower() not in ("no", "false", "") for name in ("x-autoreply", "x-autorespond")):
        return True
    if any(name in values for name in ("x-autoresponder", "x-mdautoresponder", "x-autoreply-from", "x-vacation")):
        return True
    if values.get("x-autogenerated", "").lower() == "reply" or values.get("delivered-to") == "autoresponder":
        return True
    if "x-ms-exchange-inbox-rules-loop" in values or values.get("x-mail-autoreply", ""):
        return True
    if values.get("x-ms-exchange-generated-message-source", "").lower().startswith("mailbox rules"):
        return True
    if "disposition-notification" in values.get("content-type", "").lower():
        return True
    if any(
        _AUTO_VALUE.search(values.get(name, "")) for name in ("x-auto-response", "x-autogenerated", "x-pobox-vacation")
    ):
        return True
    return bool(_REPLY_SUBJECT.match(values.get("subject", "")))


def _is_bulk(values: dict[str, str]) -> bool:
    if values.get("auto-submitted", "").lower().startswith("auto-generated"):
        return True
    if (
        values.get("precedence", "").lower() in _BULK_PRECEDENCE
        or values.get("x-precedence", "").lower() in _BULK_PRECEDENCE
    ):
        return True
    if len(values.get("list-unsubscribe", "")) > 5 or "list-id" in values or "feedback-id" in values:
        return True
    return values.get("x-loop", "").lower() in ("yes", "true")
