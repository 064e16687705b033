//! The words of mail programs, by language: header names, verbs above quotes, lines between
//! mails. Lower case; the lists are long because every program translates them, and they stand in
//! rows (no formatting) so that they can be read.

/// What a header line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// Who wrote.
    From,
    /// To whom.
    To,
    /// When.
    Date,
    /// About what.
    Subject,
    /// Copies, attachments and the like.
    Further,
}

/// Header names as programs print them above a quoted or forwarded mail.
#[rustfmt::skip]
const FROM: &[&str] = &[
    "from", "от", "от кого", "отправитель", "від", "від кого", "відправник", "ад", "ад каго",
    "адпраўнік", "кімнен", "жіберуші", "von", "absender", "de", "expéditeur", "da", "mittente",
    "remitente", "remetente", "van", "afzender", "od", "nadawca", "odesílatel", "odosielateľ",
    "från", "fra", "lähettäjä", "feladó", "de la", "kimden", "gönderen", "από", "şi̇rkət", "no",
    "nuo", "saatja", "prejeto od", "寄件者", "发件人", "差出人", "보낸 사람",
];
#[rustfmt::skip]
const TO: &[&str] = &[
    "to", "кому", "получатель", "получатели", "одержувач", "каму", "кімге", "an", "empfänger",
    "à", "a", "para", "destinatario", "destinatário", "destinataire", "aan", "do", "komu", "till",
    "til", "vastaanottaja", "címzett", "către", "catre", "kime", "alıcı", "προς", "до", "kam",
    "kas", "saaja", "za", "prima", "收件者", "收件人", "宛先", "받는 사람",
];
#[rustfmt::skip]
const DATE: &[&str] = &[
    "date", "sent", "дата", "отправлено", "отправлен", "дата отправки", "надіслано", "адпраўлена",
    "жіберілді", "жіберілген", "күні", "gesendet", "gesendet am", "datum", "envoyé", "envoyé le",
    "date d'envoi", "fecha", "enviado", "enviado el", "enviada", "enviada em", "enviado em",
    "data", "inviato", "verzonden", "wysłano", "wysłane", "odesláno", "odoslané", "skickat",
    "sendt", "dato", "lähetetty", "päivämäärä", "päiväys", "elküldve", "dátum", "trimis", "tarih",
    "gönderildi", "gönderme tarihi", "gönderilme tarihi", "εστάλη", "ημερομηνία", "message du",
    "изпратено", "poslano", "datums", "kuupäev", "寄件日期", "发送时间", "日期", "日付", "送信日時", "날짜",
];
#[rustfmt::skip]
const SUBJECT: &[&str] = &[
    "subject", "тема", "тэма", "тақырып", "тақырыбы", "betreff", "objet", "sujet", "asunto",
    "assunto", "oggetto", "onderwerp", "temat", "předmět", "predmet", "ämne", "emne", "aihe",
    "tárgy", "subiect", "konu", "θέμα", "относно", "заголовок", "zadeva", "tēma", "tema", "teema",
    "主旨", "主题", "件名", "제목",
];
#[rustfmt::skip]
const FURTHER: &[&str] = &[
    "cc", "bcc", "копия", "копии", "скрытая копия", "копія", "копіі", "көшірме", "kopie",
    "kopie an", "copie", "copie à", "copia", "cópia", "kopia", "kopi", "kopio", "másolat",
    "bilgi", "κοιν.", "reply-to", "reply to", "ответить", "antwort an", "répondre à",
    "importance", "важность", "priority", "приоритет", "attachments", "вложения", "anlagen",
    "pièces jointes", "message-id", "to/cc", "mailed-by", "signed-by", "抄送", "副本",
];

/// What a header name says; `name` in lower case.
pub(super) fn field(name: &str) -> Option<Field> {
    let lists = [
        (FROM, Field::From),
        (TO, Field::To),
        (DATE, Field::Date),
        (SUBJECT, Field::Subject),
        (FURTHER, Field::Further),
    ];
    lists.iter().find(|(names, _)| names.contains(&name)).map(|(_, field)| *field)
}

/// Verbs of the line above a quote.
#[rustfmt::skip]
const WROTE: &[&str] = &[
    "wrote", "writes", "said", "schrieb", "schreef", "skrev", "пишет", "писал", "писала",
    "писал(а)", "вы писали", "ви писали", "писали", "написал", "написала", "написал(а)",
    "написали", "пише", "написав", "написав(ла)", "напісаў", "напісала", "напісаў(-ла)", "піша",
    "жазды", "жазған", "a écrit", "écrit", "écrivait", "ha scritto", "scrive", "escribió",
    "escribio", "va escriure", "escreveu", "napisał", "napisał(a)", "napisała", "pisze", "napsal",
    "napsala", "napsal(a)", "napísal", "napísal(a)", "kirjoitti", "írta", "ezt írta", "a scris",
    "yazdı", "şunu yazdı", "şunları yazdı", "έγραψε", "написа", "je napisao", "je napisao/la",
    "je napisal", "rakstīja", "rašė", "kirjutas", "đã viết", "写道", "寫道", "のメール", "님이 작성",
];

/// Whether a joined line, in lower case, ends with such a verb.
pub(super) fn ends_with_verb(line: &str) -> bool {
    let line = line.trim_end_matches([':', '\u{ff1a}', ' ', '\u{a0}', '-']);
    WROTE.iter().any(|verb| {
        line.strip_suffix(verb).is_some_and(|before| {
            !before.ends_with(char::is_alphabetic) || !verb.is_ascii() && before.is_empty()
        })
    })
}

/// Whether a verb stands anywhere in it as a word.
pub(super) fn holds_verb(line: &str) -> bool {
    let word = |word: &str| WROTE.contains(&word.trim_end_matches([':', ',']));
    line.split([' ', '\u{a0}']).any(word) || ends_with_verb(line)
}

/// Beginnings of the line above a quote: "On …", "Am …", days of the week.
#[rustfmt::skip]
const OPENERS: &[&str] = &[
    "on ", "am ", "le ", "el ", "il ", "op ", "den ", "em ", "w dniu", "dnia ", "dne ", "dňa ",
    "a(z)", "pe ", "në ", "в ", "у ", "чтв", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    "пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд", "понед", "втор", "сред", "четв", "пятн",
    "субб", "воскр", "mo", "di", "mi", "do", "fr", "sa", "so", "lun", "mar", "mer", "jeu", "ven",
    "sam", "dim", "mié", "jue", "vie", "sáb", "dom", "gio", "tir", "ons", "tor", "lør", "søn",
    "fre", "lör", "sön", "пон", "вів", "сер", "неді", "pon", "wt", "śr", "czw", "pt", "sob",
    "niedz", "út", "st", "čt", "pá", "ne", "ma", "ti", "ke", "to", "pe", "la", "su", "дс", "сс",
    "сәр", "бс", "жм", "жұ", "сен", "pzt", "sal", "çar", "per", "cum", "paz", "вы писали",
    "ви писали", "you wrote", "sie schrieben", "вечером", "днём", "στις", "на ", "dana ",
];

/// Whether a line begins as such lines do; `line` in lower case.
pub(super) fn begins_like_date(line: &str) -> bool {
    let line = line.trim_start_matches(['"', '>', ' ', '*', '[']);
    line.starts_with(|c: char| c.is_ascii_digit()) || OPENERS.iter().any(|o| line.starts_with(o))
}

/// The word for a mail, as it stands between dashes.
#[rustfmt::skip]
const MAIL: &[&str] = &[
    "message", "mail", "nachricht", "сообщени", "письм", "повідомлення", "лист", "паведамленн",
    "ліст", "хабар", "mensaje", "mensagem", "messaggio", "bericht", "wiadomo", "zpráv", "správ",
    "meddel", "besked", "melding", "viesti", "üzenet", "mesaj", "ileti", "posta", "μήνυμα",
    "цитат", "съобщение", "邮件", "郵件", "メッセージ", "courriel", "correo", "wrote", "schrieb", "пишет",
    "forwarded by",
];
/// Words of passing on.
#[rustfmt::skip]
const FORWARD: &[&str] = &[
    "forward", "пересыл", "переслан", "перенапр", "переадрес", "weitergeleitet", "weiterleitung",
    "transféré", "transmis", "reenviado", "reenvia", "encaminhad", "inoltrat", "doorgestuurd",
    "przekazan", "przesłan", "přeposl", "preposl", "vidarebefordr", "videresend", "videresendt",
    "välitetty", "továbbított", "redirecționat", "iletilen", "yönlendirilen", "переслане",
    "пераслан", "қайта жіберілген", "προωθημένο", "препратено", "转发", "轉寄", "転送",
];
/// Words of what is answered.
#[rustfmt::skip]
const ORIGINAL: &[&str] = &[
    "original", "исходн", "ursprüng", "d'origine", "oorspronkelijk", "oryginaln", "původn",
    "pôvodn", "оригинал", "оригінал", "арыгінал", "зыходн", "початков", "alkuper", "eredeti",
    "inițial", "özgün", "orijinal", "oprindelig", "opprinnelig", "αρχικό", "предыдущ", "reply",
    "replied", "цитат", "бастапқы", "wrote", "schrieb", "пишет", "писал", "原始", "元の",
];
/// Words of ending.
#[rustfmt::skip]
const END: &[&str] = &[
    "конец", "end of", "end forward", "ende der", "fin du", "fin del", "fine ", "koniec",
    "кінець", "канец",
];
/// Lines that say so without dashes around them.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    "begin forwarded message", "начало переадресованного сообщения",
    "начало пересылаемого сообщения", "anfang der weitergeleiteten", "début du message",
    "inizio messaggio inoltrato", "inicio del mensaje reenviado",
    "początek przekazywanej wiadomości", "begin doorgestuurd bericht", "início da mensagem",
    "початок пересланого повідомлення", "začátek přeposílané zprávy", "original message",
    "исходное сообщение", "ursprüngliche nachricht", "message d'origine",
];

/// A line between two mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// The mail that is answered (some programs pass mail on below such a line too).
    Answered,
    /// A mail that was passed on.
    Forwarded,
    /// The end of it.
    End,
    /// Maybe one of them, if header lines follow.
    Unsure,
}

/// What a line between two mails says; `inner` is the line without dashes, in lower case.
pub(super) fn between(inner: &str, dashed: bool) -> Option<Between> {
    let is = |words: &[&str]| words.iter().any(|word| inner.contains(word));
    let known = if dashed {
        is(MAIL) && !inner.contains("pgp") && !inner.contains("http")
    } else {
        PLAIN
            .iter()
            .any(|plain| inner.strip_prefix(plain).is_some_and(|rest| rest.chars().count() < 24))
    };
    match known {
        false => None,
        true if is(END) => Some(Between::End),
        true if is(FORWARD) => Some(Between::Forwarded),
        true if !dashed || is(ORIGINAL) => Some(Between::Answered),
        true => Some(Between::Unsure),
    }
}
