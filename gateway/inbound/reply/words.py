"""In charge of: the words by which mail clients introduce quoted and forwarded mail, in the languages we know.

Not in charge of: how much they count (`reply.cues`). The rules work without these lists; a word only makes them surer.
Languages: en ko ja zh cs sk ru uk sv no da fi de fr es it pt nl pl tr hu ro el he ar th vi, bg hr sr sl et lv lt id fa
hi ca, and a few neighbours.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in text.split("|") if word.strip())


# Labels of the header block above a quoted mail, in lower case, without colon.
FROM_LABELS = _words(
    "από|จาก|من|מאת|from|sender|보낸 사람|보낸사람|보낸이|발신|발신자|발신인|差出人|送信者|送信元|发件人|发信人|"
    "發件人|寄件者|寄件人|od|odesílatel|odosielateľ|от|от кого|отправитель|від|від кого|відправник|från|"
    "avsändare|fra|afsender|avsender|lähettäjä|von|absender|de|expéditeur|remitente|da|mittente|remetente|van|"
    "afzender|nadawca|kimden|gönderen|feladó|de la|saatja|nuo|no|dari|daripada|des de|de part de|من طرف|از|frá|đến từ|"
    "từ|người gửi|ผู้ส่ง|प्रेषक|expeditor|шаље|пошиљалац|wysłane przez"
)
SENT_LABELS = _words(
    "στάλθηκε|ημερομηνία|ส่ง|วันที่|تم الإرسال|التاريخ|נשלח|תאריך|sent|date|sent at|sent on|보낸 날짜|보낸날짜|"
    "날짜|보낸 시간|발송일|일시|送信日時|日時|送信日|日付|发送时间|发送日期|日期|时间|傳送時間|寄件日期|寄送時間|"
    "odesláno|odoslané|datum|dátum|datum a čas|отправлено|дата|дата отправки|відправлено|надіслано|skickat|"
    "skickat den|sendt|dato|lähetetty|päivämäärä|pvm|päiväys|gesendet|envoyé|envoyé le|enviado|enviado el|"
    "enviada em|fecha|inviato|data|data e ora|enviado em|verzonden|verzonden op|wysłano|data wysłania|gönderildi|"
    "gönderme tarihi|tarih|elküldve|trimis|изпратено|ngày|ngày gửi|đã gửi|trimisă|trimis la|expediat|"
    "data trimiterii|wysłane|enviada|enviadas|enviados|enviado às|data de envio|poslano|poslato|послато|датум|"
    "датум слања|saadetud|kuupäev|nosūtīts|datums|išsiųsta|dikirim|dihantar|испратено|tanggal|"
    "تاريخ الإرسال|أُرسلت|ارسال|تاریخ|"
    "भेजा गया|दिनांक|sendt den|dags|dagsetning|sent date|data d'enviament|date d'envoi|fecha de envío|"
    "fecha de envio|data di invio|verzenddatum|отправлен|отправлена|дата и время|надіслано о|küldve|dátum és idő|"
    "ส่งเมื่อ|שנשלח|נשלח בתאריך|gönderilme tarihi|gönderildiği tarih|作成日時|日期和时间|发送于|보낸 일시|"
    "전송 시간"
)
TO_LABELS = _words(
    "προς|ถึง|إلى|אל|to|받는 사람|받는사람|받는이|수신|수신자|수신인|宛先|受信者|收件人|收件者|komu|pre|кому|"
    "куда|до|till|til|vastaanottaja|an|empfänger|à|a|para|pour|destinatario|destinataire|destinatário|aan|do|"
    "kime|alıcı|címzett|către|đến|người nhận|kepada|prima|primatelj|прима|за|za|adressaat|saaja|kam|adresāts|"
    "gavėjas|per a|به|प्रति|받은 사람|받은사람|받을 사람|destinatari|destinataires|destinatarios|destinatários|"
    "ontvanger|odbiorca|příjemce|príjemca|получатель|отримувач|modtager|mottaker|mottagare|viðtakandi|ผู้รับ|"
    "לכבוד|المستلم|παραλήπτης|收信人"
)
CC_LABELS = _words(
    "cc|bcc|참조|숨은 참조|숨은참조|抄送|副本|密送|kopie|kópia|копия|копія|kopia|kopi|kopio|dw|bilgi|c.c|"
    "con copia|cópia|copie à|copia|đồng gửi|másolat|másolatot kap|κοιν|κοιν.|עותק|נسخة|نسخة|สำเนา|tembusan|copie|"
    "kopija|koopia|копие|до копия|cci|kopie an"
)
SUBJECT_LABELS = _words(
    "θέμα|เรื่อง|الموضوع|נושא|subject|제목|件名|主题|主題|主旨|předmět|predmet|тема|ämne|emne|aihe|betreff|objet|"
    "asunto|oggetto|assunto|onderwerp|temat|konu|tárgy|subiect|относно|chủ đề|re|tiêu đề|zadeva|teema|tēma|tema|"
    "subjek|perihal|thema|предмет|naslov|assumpte|موضوع|विषय|efni|sujet|หัวข้อ|הנושא|عنوان|标题|標題|表題|タイトル"
)
REPLY_TO_LABELS = _words(
    "reply-to|reply to|답장|返信先|回复|antwort an|répondre à|responder a|odpověď|ответить|importance|priority|"
    "attachments|첨부|vedlegg"
)

# The line that stands for the whole header: between dashes, or alone.
ORIGINAL_PHRASES = _words(
    "original message|original mail|original email|original appointment|reply message|원본 메시지|원본 메일|"
    "원본메일|원본 이메일|받은 메일 내용|원래 메시지|"
    "원문|元のメッセージ|オリジナルメッセージ|原始邮件|原始郵件|原邮件|原始信件|"
    "原件|původní zpráva|původní e-mail|původní email|pôvodná správa|pôvodný e-mail|исходное сообщение|"
    "оригинальное сообщение|исходное письмо|первоначальное сообщение|пересылаемое сообщение|"
    "оригінальне повідомлення|початкове повідомлення|вихідне повідомлення|ursprungligt meddelande|"
    "originalmeddelande|ursprüngliche nachricht|ursprungliche nachricht|originalnachricht|original-nachricht|"
    "opprinnelig melding|oprindelig meddelelse|oprindelig besked|original meddelelse|alkuperäinen viesti|"
    "message d'origine|message original|mensaje original|messaggio originale|mensagem original|"
    "oorspronkelijk bericht|originele bericht|oryginalna wiadomość|wiadomość oryginalna|wiadomość pierwotna|"
    "orijinal ileti|orijinal mesaj|özgün ileti|eredeti üzenet|mesaj original|оригинално съобщение|αρχικό μήνυμα|"
    "tin nhắn gốc"
)
# What help desks write above their mail and `reply_line` does not know by its form: it says where not to write.
REPLY_ABOVE_PHRASES = frozenset({"please do not write below this line", "do not write below this line"})
# Whole lines that Apple Mail and the like put above a forwarded mail, without dashes and colon.
FORWARD_PHRASES = _words(
    "begin forwarded message|begin forward message|forwarded message|forwarded mail|전달된 메시지|"
    "다음은 전달된 메시지|다음은 전달된 메시지입니다|시작 - 전달된 메시지|転送されたメッセージ|"
    "転送された メッセージ|転送メッセージ|转发的邮件|开始转发的邮件|開始轉寄郵件|開始轉寄訊息|轉寄的郵件|"
    "以下是转发的邮件|以下是轉寄的郵件|začátek přeposílané zprávy|přeposlaná zpráva|začátek přeposlané zprávy|"
    "začiatok preposlanej správy|preposlaná správa|začiatok preposielanej správy|"
    "начало переадресованного сообщения|начало пересылаемого сообщения|пересылаемое сообщение|"
    "початок переадресованого повідомлення|початок листа, що пересилається|переслане повідомлення|"
    "початок переспрямованого повідомлення|vidarebefordrat brev|vidarebefordrat meddelande|videresendt melding|"
    "videresendt meddelelse|start på videresendt besked|start på videresendt meddelelse|"
    "starten på videresendt melding|välitetty viesti|välitetty viesti alkaa|välitetyn viestin alku|"
    "anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|weitergeleitete nachricht|"
    "début du message transféré|début du message réexpédié|message transféré|inicio del mensaje reenviado|"
    "mensaje reenviado|inizio messaggio inoltrato|messaggio inoltrato|início da mensagem encaminhada|"
    "início da mensagem reencaminhada|mensagem encaminhada|begin doorgestuurd bericht|"
    "begin van doorgestuurd bericht|doorgestuurd bericht|początek przekazywanej wiadomości|przekazana wiadomość|"
    "iletilen mesaj|iletilen ileti|iletilmiş mesaj|iletilen mesajın başlangıcı|továbbított levél kezdete|"
    "továbbított üzenet|továbbított üzenet kezdete|începutul mesajului redirecționat|mesaj redirecționat|"
    "începe mesajul redirecționat|αρχή προωθημένου μηνύματος|έναρξη προωθημένου μηνύματος|προωθημένο μήνυμα|"
    "תחילת ההודעה שהועברה|הודעה שהועברה|بداية الرسالة المعاد توجيهها|بداية الرسالة المحولة|رسالة معاد توجيهها|"
    "bắt đầu thư được chuyển tiếp|thư được chuyển tiếp|เริ่มข้อความที่ส่งต่อ|ข้อความที่ส่งต่อ|"
    "начало на препратеното съобщение|препратено съобщение"
)
# Between dashes a stem is enough; none of these stands in a phrase for the original mail.
FORWARD_STEMS = _words(
    "forward|weitergel|transf[ée]r|réexpéd|reenvi|reencaminh|encaminh|inoltrat|doorgest|doorgez|przekaz|przesłan|"
    "přepos|přesměr|předan|prepos|preposiel|перенаправ|пересыл|пересл|переадрес|переспрям|перепос|vidarebef|"
    "videresend|framsend|välite|edelleenl|전달|転送|转发|轉寄|轉發|yönlendir|iletilen|iletilmi|iletildi|továbbít|"
    "redirec|προωθ|מועבר|הועבר|محول|معاد توجيه|إعادة توجيه|chuyển tiếp|ส่งต่อ|препрат|proslij|prosleđ|прослеђ|"
    "posredov|edastat|edasi saad|pārsūt|persių|diterus|फ़ॉरवर्ड|अग्रेषित|بازارسال|هدایت‌شده"
)

# What an attribution says of its author. Parts of a line, in lower case.
WROTE_WORDS = _words(
    "wrote|writes|quoth |wiadomość napisana przez|schrieb|geschrieben|a écrit|écrivait|escribió|escribio|ha scritto|"
    "scrisse|escreveu|schreef|heeft geschreven|geschreven:|skrev|kirjoitti|napsal|napsala|napsal(a)|napísal|"
    "napísala|písal|píše|написал|написала|написав|пишет|пише|писал|писала|писав|pisze|napisał|napisała|"
    "napisał(a)|napisao|napisala|yazdı|şunu yazdı|írta|ezt írta|a scris|написа|έγραψε|님이 작성|님이 썼|"
    "이(가) 작성|이가 작성|님이 쓴|쓴 글|작성한|작성하였|작성했|씀|님의 말|写道|写到|來信|来信|寫道|"
    "さんは書きました|書きました|が書き|のメール|のメッセージ|wrote the following|đã viết|viết:|menulis|"
    "odgovorio|kirjutas|rakstīja|rašė|parašė|је написао|napisala je|je napisao|je napisal|je napisala|skrifaði|"
    "เขียนว่า|เขียน|כתב|כתבה|מאת|كتب|كتبت|تمت كتابة|نوشت|ने लिखा|va escriure|ha escrit|написао|quoting|citát|"
    "zitat von|citerar|выразил"
)

# Outlook names files in the header block of what it forwards; of an answered mail they stay behind.
FILE_LABELS = _words(
    "attachments|attachment|첨부|첨부파일|첨부 파일|添付ファイル|附件|přílohy|příloha|prílohy|príloha|вложения|"
    "вложение|вкладення|bifogade filer|vedlegg|vedhæftede filer|vedhæftet|liitteet|anlagen|anhänge|pièces jointes|"
    "datos adjuntos|archivos adjuntos|adjuntos|allegati|anexos|bijlagen|załączniki|ekler|mellékletek"
)
