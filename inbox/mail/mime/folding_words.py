"""What mail programs of many languages write above the mail that they quote: data of `folding`."""

# How the line above a quote ends, or what stands in it. English, German, French, Spanish, Catalan, Italian, Portuguese,
# Dutch, Polish, Swedish, Danish, Norwegian, Finnish, Czech, Slovak, Hungarian, Romanian, Croatian, Greek, Turkish,
# Russian, Ukrainian, Bulgarian, Arabic, Hebrew, Chinese, Japanese, Korean, Thai, Vietnamese, Indonesian.
WROTE = (
    "wrote", "writes", "said", "schrieb", "a écrit", "écrit", "escribió", "escribio", "va escriure", "ha scritto",
    "scrisse", "escreveu", "schreef", "geschreven", "napisał", "napisała", "napisał(a)", "pisze", "skrev",
    "kirjoitti", "napsal", "napsala", "napsal(a)", "napísal", "napísala", "napísal(a)", "ezt írta", "írta", "a scris",
    "napisao je", "napisala je", "έγραψε", "yazdı", "написал", "написала", "написал(а)", "пишет", "пише", "написав",
    "написа", "كتب", "كتبت", "تمت كتابة ما يلي بواسطة", "כתב", "כתבה", "写道", "寫道", "のメッセージ",
    "のメール", "は書きました", "님이 작성", "เขียนว่า", "đã viết", "menulis",
)  # fmt: skip
STARTS = (
    "on ", "am ", "le ", "el ", "il ", "em ", "op ", "dnia ", "w dniu ", "den ", "dne ", "on", "at ", "за ", "в ",
    "ons ", "tor ", "fre ", "lör ", "sön ", "mån ", "tis ", "man ", "lun ", "mar ", "mer ", "gio ", "ven ", "sab ",
    "dom ", "pon ", "wt ", "śr ", "czw ", "pt ", "sob ", "ndz ", "în ", "στις ", "vào ", "pada ", "20", "19",
)  # fmt: skip
SEPARATORS = (
    "original message", "original appointment", "ursprüngliche nachricht", "originalnachricht", "message d'origine",
    "message d’origine", "message original", "mensaje original", "missatge original", "messaggio originale",
    "mensagem original", "oorspronkelijk bericht", "originele bericht", "wiadomość oryginalna",
    "oryginalna wiadomość", "ursprungligt meddelande", "oprindelig meddelelse", "opprinnelig melding",
    "alkuperäinen viesti", "původní zpráva", "pôvodná správa", "eredeti üzenet", "mesaj original", "mesajul original",
    "izvorna poruka", "αρχικό μήνυμα", "özgün ileti", "orijinal mesaj", "исходное сообщение",
    "оригінальне повідомлення", "الرسالة الأصلية", "ההודעה המקורית", "原始邮件", "原始郵件",
    "元のメッセージ", "원본 메시지", "원본 메일",
)  # fmt: skip
FORWARDED = (
    "forwarded message", "begin forwarded message", "weitergeleitete nachricht", "anfang der weitergeleiteten",
    "message transféré", "début du message", "mensaje reenviado", "inicio del mensaje", "messaggio inoltrato",
    "inizio messaggio inoltrato", "mensagem encaminhada", "doorgestuurd bericht", "wiadomość przekazana",
    "przekazana wiadomość", "vidarebefordrat meddelande", "videresendt", "edelleenlähetetty", "přeposlaná zpráva",
    "iletilen mesaj", "пересылаемое сообщение", "пересланное сообщение", "转发", "轉寄", "転送メッセージ", "전달된",
)  # fmt: skip
FROM = {
    "from", "von", "de", "da", "van", "od", "från", "fra", "lähettäjä", "feladó", "de la", "šalje", "από", "gönderen",
    "kimden", "от", "від", "من", "מאת", "差出人", "发件人", "寄件者", "寄件人",
    "보낸 사람", "보낸사람", "จาก", "từ", "dari",
}  # fmt: skip
SENT = {
    "sent", "gesendet", "envoyé", "enviado", "enviado el", "enviat", "inviato", "enviada em", "verzonden", "wysłano",
    "wysłane", "skickat", "sendt", "lähetetty", "odesláno", "odoslané", "elküldve", "küldve", "trimis", "poslano",
    "στάλθηκε", "αποστολή", "gönderildi", "gönderilme", "gönderme tarihi", "отправлено", "надіслано", "تاريخ الإرسال",
    "تم الإرسال", "נשלח", "送信日時", "发送时间", "寄件日期", "보낸 날짜",
}  # fmt: skip
DATED = {
    "date", "datum", "fecha", "data", "dato", "päivämäärä", "dátum", "ημερομηνία", "tarih", "дата", "التاريخ",
    "תאריך", "日付", "日期", "날짜", "วันที่", "ngày", "tanggal",
}  # fmt: skip
FORWARD_PREFIXES = {
    "fw", "fwd", "wg", "tr", "rv", "enc", "i", "pd", "vb", "vs", "doorst", "ilt", "转发", "轉寄", "пер", "vl",
    "továbbítás",
}  # fmt: skip
