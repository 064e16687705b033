//! The words of signatures, by language: closings, thanks, devices, offices, and the words by
//! which a line still speaks. Lower case.

/// Phrases by which mail ends; the line begins with one and is short.
#[rustfmt::skip]
pub(super) const CLOSINGS: &[&str] = &[
    "подпись", "/подпись", "автограф", "gez.", "signed,", "с уважением", "с уважениeм", "с ув.",
    "с наилучшими", "с благодарностью", "с признательностью", "с почтением", "с надеждой",
    "с приветом", "всего доброго", "всего хорошего", "всего наилучшего", "хорошего дня",
    "удачного дня", "доброго дня и", "искренне ваш", "заранее спасибо и", "до свидания",
    "best regards", "best,", "best wishes", "kind regards", "kindest regards", "regards",
    "warm regards", "warmly", "with regards", "with best", "with kind regards", "with thanks",
    "rgds", "brgds", "sincerely", "yours sincerely", "yours faithfully", "yours truly", "yours,",
    "respectfully", "cheers", "many thanks", "thanks and regards", "thanks & regards",
    "thank you and", "all the best", "take care", "cordially", "mit freundlichen",
    "mit freundlichem", "mit besten", "mit herzlichen", "freundliche grüße", "freundliche grüsse",
    "freundlichen gruß", "viele grüße", "viele grüsse", "beste grüße", "beste grüsse",
    "liebe grüße", "lg", "vg", "herzliche grüße", "hochachtungsvoll", "schöne grüße", "mfg",
    "gruß", "grüße", "cordialement", "bien à vous", "bien cordialement", "sincères salutations",
    "salutations", "amicalement", "veuillez agréer", "je vous prie d'agréer", "respectueusement",
    "bonne journée", "atentamente", "saludos", "un saludo", "cordiales saludos",
    "reciba un cordial", "un cordial saludo", "distinti saluti", "cordiali saluti", "un saluto",
    "saluti", "in fede", "pozdrawiam", "z poważaniem", "z wyrazami", "serdecznie", "łączę wyrazy",
    "з повагою", "з найкращими", "щиро", "з павагай", "құрметпен", "met vriendelijke",
    "vriendelijke groet", "groeten", "hartelijke groet", "hoogachtend", "mvg", "atenciosamente",
    "cumprimentos", "com os melhores", "obrigado desde já", "abraços", "s pozdravem", "s úctou",
    "s přátelským", "saygılarımla", "saygılar", "iyi çalışmalar", "med vänlig",
    "vänliga hälsningar", "mvh", "med venlig", "med vennlig", "ystävällisin", "cordialmente",
    "cordiali", "distintamente", "respetuosamente", "gracias y un saludo", "con osservanza",
    "avec mes remerciements", "meilleures salutations", "sentiments", "z góry dziękuję i",
    "pozdrowienia", "z wyrazem", "z uszanowaniem", "ukłony", "met groet", "groet",
    "mit kollegialen", "mit vorzüglicher", "beste groeten", "с искренн", "примите уверения",
    "с пожелани", "с теплом", "ваш постоянный", "с глубоким", "з пошаною", "з вдячністю",
    "zdravím", "s pozdravom", "very truly", "faithfully", "respectfully yours",
    "with appreciation", "with gratitude", "kind thanks", "με εκτίμηση", "cu stimă", "cu respect",
    "üdvözlettel", "tisztelettel", "с поздрави", "с уважение",
];

/// Thanks that stand alone on a line; a closing only when a signature stands right below.
#[rustfmt::skip]
pub(super) const THANKS: &[&str] = &[
    "thanks", "thank you", "many thanks", "thx", "ty", "tia", "danke", "danke schön",
    "vielen dank", "besten dank", "merci", "merci d'avance", "gracias", "muchas gracias",
    "grazie", "grazie mille", "спасибо", "большое спасибо", "заранее спасибо",
    "заранее благодарю", "благодарю", "спс", "dziękuję", "z góry dziękuję", "дякую", "дзякуй",
    "рахмет", "bedankt", "dank u", "alvast bedankt", "obrigado", "obrigada", "děkuji", "děkuju",
    "teşekkürler", "tack", "takk", "kiitos",
];

/// What phones and mail programs put at the end.
#[rustfmt::skip]
pub(super) const DEVICES: &[&str] = &[
    "отправлено с", "отправлено из", "отправлено через", "отправлено от", "отправлено моб",
    "послано с", "написано с", "письмо отправлено с", "сообщение отправлено с", "sent from",
    "sent via", "sent with", "sent using", "sent by", "sent on", "sent out from", "from my",
    "get outlook", "get bluemail", "envoyé de", "envoyé depuis", "envoyé à partir", "envoyé avec",
    "téléchargez outlook", "gesendet von", "gesendet mit", "gesendet aus", "gesendet über",
    "versendet mit", "von meinem", "vom handy", "diese nachricht wurde von meinem", "wysłane z",
    "wysłano z", "wysłane przy", "надіслано з", "надіслано через", "відправлено з", "дасланa з",
    "адпраўлена з", "inviato da", "inviato dal", "inviato con", "enviado desde", "enviado do",
    "enviado de", "enviado a partir", "enviado con", "enviado via", "enviada do",
    "obter o outlook", "verzonden vanaf", "verzonden met", "verstuurd vanaf", "verstuurd met",
    "odesláno z", "odoslané z", "poslano z", "скачать outlook", "загрузить outlook",
    "iphone'umdan", "iphone’umdan", "skickat från", "sendt fra", "lähetetty", "küldve",
    "trimis de pe", "отправлено Яндекс", "isent from", "sent through",
];
/// What such a line names: a device, a program, a firm.
#[rustfmt::skip]
pub(super) const DEVICE_NAMES: &[&str] = &[
    "iphone", "ipad", "ipod", "android", "андроид", "айфон", "айпад", "смартфон", "телефон",
    "планшет", "мобильн", "phone", "handy", "mobil", "mobile", "cell", "tablet", "smartphone",
    "galaxy", "samsung", "huawei", "honor", "xiaomi", "redmi", "poco", "realme", "oppo", "vivo",
    "nokia", "htc", "sony", "pixel", "oneplus", "motorola", "blackberry", "alcatel", "outlook",
    "mail", "почт", "пошт", "yahoo", "gmail", "yandex", "яндекс", "rambler", "k-9", "bluemail",
    "spark", "airmail", "thunderbird", "proton", "aquamail", "mymail", "windows", "mac", "device",
    "gerät", "dispositivo", "appareil", "móvil", "celular", "portable", "telefon", "telefono",
    "teléfono", "telefonu", "urządzeni", "toestel", "ios", "ti-", "mailbox", "pc",
];
/// Such lines in other orders of words.
#[rustfmt::skip]
pub(super) const DEVICE_ENDINGS: &[&str] = &[
    "gesendet", "から送信", "傳送", "发送", "發送", "жіберілді", "gönderildi", "kaldırıldı", "elküldve",
    "yollandı", "보냄", "from mobile", "beziehen", "için outlook'u edinin", "ohne tippfehler",
];

/// Words of offices, firms and places, by which the line of a signature is known.
#[rustfmt::skip]
pub(super) const OFFICES: &[&str] = &[
    "директор", "начальник", "заместител", "специалист", "менеджер", "инженер", "бухгалтер",
    "юрист", "адвокат", "следовател", "инспектор", "прокурор", "лейтенант", "капитан", "майор",
    "секретар", "помощник", "руководител", "исп.", "отдел", "врач", "косметолог", "ооо", "зао ",
    "оао ", "пао ", " ип ", "партнёр", "партнер", "судья", "главный", "ведущий", "старший",
    "эксперт", "консультант", "аналитик", "администратор", "координатор", "департамент",
    "управлени", "пристав", "советник", "manager", "director", "officer", "head of", "counsel",
    "solicitor", "attorney", "department", "team", "ltd", "llc", "llp", "inc.", "gmbh",
    "rechtsanw", "geschäftsführ", "inhaber", "leiter", "abteilung", "kanzlei", "engineer",
    "developer", "assistant", "president", "secretary", "specialist", "lecturer", "professor",
    "consultant", "coordinator", "executive", "founder", "directeur", "directrice", "responsable",
    "avocat", "gerente", "abogad", "avvocato", "direttore", "dyrektor", "kierownik", "prezes",
    "radca", "директорка", "керівник", "начальниця", "ředitel", "advokát", "müdür", "advocaat",
    "directie", "dział", "księgow", "бухгалтери", "оперуполномоч", "подпись",
];

/// What people say of themselves behind their name: "Анна, поток 14".
#[rustfmt::skip]
pub(super) const ROLES: &[&str] = &[
    "ваш", "пациент", "клиент", "подписчи", "ветеран", "поток", "групп", "студент", "ученик",
    "ученица", "слушател", "мама ", "гор.", " г. ", "your ", "customer", "patient", "client",
    "student", "subscriber", "ihr ", "ihre ", "kundin", "kunde", "votre ", "cliente", "klient",
    "pacjent", "пацієнт", "клієнт",
];

/// Words by which a line still speaks to somebody: such a line is never cut.
#[rustfmt::skip]
pub(super) const SPEAKING: &[&str] = &[
    "прошу", "просим", "просьба", "удал", "отпис", "отпиш", "отзыва", "требу", "пожалуйста",
    "не надо", "стоп", "прекрат", "исключит", "снимите", "уберите", "заблокир", "сотрите",
    "не звон", "не пиш", "не присыл", "жду", "хочу", "сообщите", "пришлите", "ответьте", "please",
    "delete", "remove", "unsubscribe", "erase", "stop ", "i want", "i would", "i need",
    "do not contact", "do not call", "do not send", "do not mail", "do not process", "do not use",
    "do not write", "don't contact", "don't call", "don't send", "don't mail", "don't use",
    "don't write", "let me know", "waiting for", "bitte", "lösch", "abmeld", "entfern", " ich ",
    "veuillez", "supprim", "désinscri", " je ", "elimin", "borr", "por favor", "cancell",
    "per favore", "verwijder", "graag", "proszę", "prosze", "usuń", "usun", "wypis", "видал",
    "відпис", "прыб", "apag", "exclu", "prosím", "smaž", "vymaž", "lütfen", "silin", "өшір",
    " я ", " мне ", " меня", " мои ", " мой ", " моё ", " мою ",
];
/// And by these it does not after all: thoughtful footers, links of newsletters.
#[rustfmt::skip]
pub(super) const NOT_SPEAKING: &[&str] = &[
    "please excuse", "please consider", "please note", "to unsubscribe", "чтобы отпис",
    "excuse any", "typos", "http", "опечатки", "before printing", "прежде чем",
    "если вы получили", "if you have received",
];

/// Short lines that look like names and are words.
#[rustfmt::skip]
pub(super) const NO_NAMES: &[&str] = &[
    "спасибо", "стоп", "нет", "да", "ок", "хорошо", "привет", "здравствуйте", "внимание",
    "срочно", "отказ", "отписка", "отписаться", "удаление", "жалоба", "заявление", "требование",
    "отписать", "хватит", "пока", "всё", "все", "итого", "thanks", "stop", "no", "yes", "ok",
    "okay", "hello", "hi", "unsubscribe", "remove", "delete", "urgent", "danke", "ja", "nein",
    "stopp", "löschen", "abmelden", "löschung", "kündigung", "widerspruch", "widerruf", "bitte",
    "merci", "oui", "non", "gracias", "si", "sí", "grazie", "tak", "nie", "так", "ні", "happy",
    "enjoy", "great", "perfect", "sure", "done", "agreed", "alles", "baja", "cancelar",
    "no thanks", "never", "enough",
];

/// Small words inside names.
#[rustfmt::skip]
pub(super) const PARTICLES: &[&str] = &[
    "van", "von", "der", "den", "de", "la", "le", "di", "del", "della", "da", "dos", "du", "y",
    "e", "und", "and", "и", "bin", "фон", "де", "оглы", "кызы", "ван", "zu", "i", "et", "&",
];

/// Beginnings of lines that tell where somebody lives or can be reached.
#[rustfmt::skip]
pub(super) const PLACES: &[&str] = &[
    "тел", "телефон", "моб", "факс", "адрес", "почтовый адрес", "e-mail", "email", "mail",
    "эл. почта", "почта", "паспорт", "дата", "дата рождения", "д.р", "г", "гор", "город", "ул",
    "инн", "снилс", "огрн", "кпп", "tel", "phone", "mobile", "mob", "cell", "fax", "address",
    "date", "telefon", "handy", "adresse", "mobil", "anschrift", "geb", "geboren", "tél",
    "dirección", "telefono", "teléfono", "indirizzo", "adres", "telegram", "телеграм", "whatsapp",
    "skype", "viber", "сайт", "web", "www", "client no", "customer no", "customer number",
    "kundennummer", "kd.-nr", "order", "м", "t", "p", "m", "f", "т", "ф",
];
/// Words for streets and houses.
#[rustfmt::skip]
pub(super) const STREETS: &[&str] = &[
    "ул.", "улица", "пр-т", "просп.", "проспект", "пер.", "бульвар", "наб.", "шоссе", " кв.",
    " оф.", "стр.", "straße", "strasse", "str.", "weg ", "platz ", " street", " road", " avenue",
    " lane", " rue ", "calle ", " via ", "piazza", "ulica", "ul. ", "вул.", "straat", "laan ",
    " st.,", " ave",
];

/// Beginnings of a whole sentence of courtesy …
#[rustfmt::skip]
pub(super) const COURTESY_BEGINS: &[&str] = &[
    "veuillez", "je vous prie", "dans l'attente", "en vous remerciant", "nous vous prions",
    "recevez", "sin otro", "quedo", "reciba", "agradeciendo", "a la espera", "le saluda",
    "in attesa", "ringrazi", "porgo", "la saluto", "in afwachting", "ik verblijf", "łączę",
    "pozostaj", "z wyrazami", "в ожидании", "заранее", "с надеждой", "с искренн", "примите",
    "mit ", "ich verbleibe", "in erwartung", "für ihre", "wir verbleiben", "i remain",
    "looking forward", "thanking you", "with kind", "aguardo", "sem mais", "vous remerciant",
];
/// … and its ends.
#[rustfmt::skip]
pub(super) const COURTESY_ENDS: &[&str] = &[
    "salutations", "distinguées", "distingués", "respectueuses", "les meilleurs",
    "les meilleures", "dévoués", "cordiales", "atentamente", "saludo", "saludos", "cordialmente",
    "saluti", "hoogachtend", "groet", "groeten", "szacunku", "poważania", "poważaniem",
    "уважением", "почтении", "уважении", "grüßen", "grüssen", "hochachtungsvoll", "gruß",
    "regards", "sincerely", "faithfully", "truly", "wishes", "atenciosamente", "cumprimentos",
];
