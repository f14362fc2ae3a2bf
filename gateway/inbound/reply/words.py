"""In charge of: the words by which mail clients introduce quoted and forwarded mail, in the languages we know.

Not in charge of: how much they count (`reply.cues`). The rules work without these lists; a word only makes them surer.
Languages: en ko ja zh cs sk ru uk sv no da fi de fr es it pt nl pl tr, and a few neighbours.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in text.split("|") if word.strip())


# Labels of the header block above a quoted mail, in lower case, without colon.
FROM_LABELS = _words(
    "από|จาก|من|מאת|"
    "from|sender|보낸 사람|보낸사람|보낸이|발신|발신자|발신인|差出人|送信者|送信元|发件人|发信人|發件人|"
    "寄件者|寄件人|od|odesílatel|odosielateľ|от|от кого|отправитель|від|από|від кого|відправник|från|"
    "avsändare|fra|afsender|avsender|lähettäjä|von|absender|de|expéditeur|remitente|da|mittente|"
    "remetente|van|afzender|nadawca|kimden|gönderen|feladó|de la|από:|čo|saatja|nuo|no|za"
)
SENT_LABELS = _words(
    "στάλθηκε|ημερομηνία|ส่ง|วันที่|تم الإرسال|التاريخ|נשלח|תאריך|"
    "sent|date|sent at|sent on|보낸 날짜|보낸날짜|날짜|보낸 시간|발송일|일시|送信日時|日時|送信日|日付|"
    "发送时间|发送日期|日期|时间|傳送時間|寄件日期|寄送時間|odesláno|odoslané|datum|dátum|datum a čas|"
    "отправлено|дата|дата отправки|відправлено|надіслано|skickat|skickat den|sendt|dato|lähetetty|"
    "päivämäärä|pvm|päiväys|gesendet|envoyé|envoyé le|enviado|enviado el|enviada em|fecha|inviato|data|"
    "data e ora|enviado em|verzonden|verzonden op|wysłano|data wysłania|gönderildi|gönderme tarihi|tarih|"
    "elküldve|trimis|изпратено|ngày|ngày gửi|đã gửi"
)
TO_LABELS = _words(
    "προς|ถึง|إلى|אל|"
    "to|받는 사람|받는사람|받는이|수신|수신자|수신인|宛先|受信者|收件人|收件者|komu|pre|кому|куда|до|"
    "till|til|vastaanottaja|an|empfänger|à|a|para|pour|destinatario|destinataire|destinatário|aan|do|"
    "kime|alıcı|címzett|către|đến"
)
CC_LABELS = _words(
    "cc|bcc|참조|숨은 참조|숨은참조|抄送|副本|密送|kopie|kópia|копия|копія|kopia|kopi|kopio|dw|bilgi|c.c|"
    "con copia|cópia|copie à|copia|đồng gửi"
)
SUBJECT_LABELS = _words(
    "θέμα|เรื่อง|الموضوع|נושא|"
    "subject|제목|件名|主题|主題|主旨|předmět|predmet|тема|ämne|emne|aihe|betreff|objet|asunto|oggetto|"
    "assunto|onderwerp|temat|konu|tárgy|subiect|относно|chủ đề|re"
)
REPLY_TO_LABELS = _words(
    "reply-to|reply to|답장|返信先|回复|antwort an|répondre à|responder a|odpověď|ответить|importance|"
    "priority|attachments|첨부|vedlegg"
)

# The line that stands for the whole header: between dashes, or alone.
ORIGINAL_PHRASES = _words(
    "original message|original mail|original email|original appointment|reply message|원본 메시지|"
    "원본 메일|원본메일|원본 이메일|원래 메시지|원문|元のメッセージ|オリジナルメッセージ|原始邮件|"
    "原始郵件|原邮件|原始信件|原件|původní zpráva|původní e-mail|původní email|pôvodná správa|"
    "pôvodný e-mail|исходное сообщение|оригинальное сообщение|исходное письмо|первоначальное сообщение|"
    "пересылаемое сообщение|оригінальне повідомлення|початкове повідомлення|вихідне повідомлення|"
    "ursprungligt meddelande|originalmeddelande|ursprüngliche nachricht|ursprungliche nachricht|"
    "originalnachricht|original-nachricht|opprinnelig melding|oprindelig meddelelse|oprindelig besked|"
    "original meddelelse|alkuperäinen viesti|message d'origine|message original|mensaje original|"
    "messaggio originale|mensagem original|oorspronkelijk bericht|originele bericht|oryginalna wiadomość|"
    "wiadomość oryginalna|wiadomość pierwotna|orijinal ileti|orijinal mesaj|özgün ileti|eredeti üzenet|"
    "mesaj original|оригинално съобщение|αρχικό μήνυμα|tin nhắn gốc"
)
FORWARD_PHRASES = _words(
    "forwarded message|forwarded by|forwarded mail|forwarded email|begin forwarded message|"
    "begin forward message|전달된 메시지|전달된 메일|전달 메시지|전달된 이메일|전달한 메시지|"
    "転送メッセージ|転送されたメッセージ|転送された メッセージ|转发的邮件|转发邮件|转发邮件信息|轉寄郵件|"
    "轉寄的郵件|开始转发的邮件|開始轉寄郵件|以下是转发的邮件|přeposlaná zpráva|přeposlaný e-mail|"
    "předaná zpráva|preposlaná správa|пересылаемое сообщение|пересланное сообщение|"
    "начало переадресованного сообщения|переслане повідомлення|переадресоване повідомлення|"
    "vidarebefordrat meddelande|vidarebefordrat brev|videresendt melding|videresendt meddelelse|"
    "videresendt besked|välitetty viesti|edelleenlähetetty viesti|weitergeleitete nachricht|"
    "anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|message transféré|"
    "début du message transféré|début du message réexpédié|mensaje reenviado|"
    "inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|mensagem encaminhada|"
    "mensagem reencaminhada|início da mensagem encaminhada|início da mensagem reencaminhada|"
    "doorgestuurd bericht|begin doorgestuurd bericht|przekazana wiadomość|wiadomość przekazana|"
    "początek przekazywanej wiadomości|iletilen mesaj|yönlendirilen mesaj|iletilmiş mesaj|"
    "továbbított üzenet|mesaj redirecționat|препратено съобщение|προωθημένο μήνυμα"
)

# What an attribution says of its author. Parts of a line, in lower case.
WROTE_WORDS = _words(
    "wrote|writes|wiadomość napisana przez|schrieb|geschrieben|a écrit|écrivait|escribió|escribio|"
    "ha scritto|scrisse|escreveu|schreef|heeft geschreven|geschreven:|skrev|kirjoitti|napsal|napsala|"
    "napsal(a)|napísal|napísala|písal|píše|написал|написала|написав|пишет|пише|писал|писала|писав|pisze|"
    "napisał|napisała|napisał(a)|napisao|napisala|yazdı|şunu yazdı|írta|ezt írta|a scris|написа|έγραψε|"
    "님이 작성|이(가) 작성|님이 쓴|쓴 글|작성한|작성하였|작성했|씀|님의 말|写道|写到|來信|来信|寫道|"
    "さんは書きました|書きました|が書き|のメール|のメッセージ|wrote the following|đã viết|menulis|"
    "odgovorio|kirjutas|rakstīja|rašė|quoting|citát|zitat von|citerar|выразил"
)
