//! Signatures: below `-- `, below a closing phrase, marks of phones, names and numbers at the end.

/// Phrases by which mail ends; the line begins with one and is short.
const CLOSINGS: [&str; 46] = [
    "с уважением",
    "с уважениeм",
    "с наилучшими",
    "с благодарностью",
    "с почтением",
    "всего доброго",
    "всего хорошего",
    "всего наилучшего",
    "хорошего дня",
    "искренне ваш",
    "заранее спасибо и",
    "best regards",
    "kind regards",
    "regards",
    "warm regards",
    "with kind regards",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "yours truly",
    "best wishes",
    "cheers",
    "many thanks",
    "all the best",
    "mit freundlichen",
    "freundliche grüße",
    "freundliche grüsse",
    "viele grüße",
    "beste grüße",
    "liebe grüße",
    "herzliche grüße",
    "hochachtungsvoll",
    "schöne grüße",
    "mfg",
    "gruß",
    "cordialement",
    "bien à vous",
    "bien cordialement",
    "atentamente",
    "saludos",
    "un saludo",
    "distinti saluti",
    "cordiali saluti",
    "pozdrawiam",
    "з повагою",
    "met vriendelijke groet",
];

/// What phones and mail programs put at the end.
const DEVICES: [&str; 26] = [
    "отправлено с",
    "отправлено из",
    "отправлено через",
    "послано с",
    "sent from",
    "sent via",
    "get outlook for",
    "gesendet von",
    "gesendet mit",
    "von meinem",
    "wysłane z",
    "wysłano z",
    "надіслано з",
    "envoyé de",
    "envoyé depuis",
    "inviato da",
    "enviado desde",
    "enviado do",
    "verzonden vanaf",
    "verstuurd vanaf",
    "odesláno z",
    "скачать outlook",
    "жіберілді",
    "дасланa з",
    "написано с",
    "iphone'umdan",
];

/// Most lines a signature has below its closing phrase.
const BELOW_CLOSING: usize = 14;

/// Splits lines into the body and the signature.
pub(super) fn split<'a>(lines: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut body = lines.to_vec();
    let mut signature = Vec::new();
    if let Some(at) = body.iter().position(|l| is_delimiter(l)) {
        signature = body.split_off(at);
        // A postscript below the delimiter of a phone is text again.
        if let Some(back) = signature.iter().position(|l| is_postscript(l)) {
            body.extend(signature.split_off(back));
        }
    }
    body.retain(|line| {
        let device = is_device(line);
        if device {
            signature.push(line);
        }
        !device
    });
    cut_closing(&mut body, &mut signature);
    cut_names(&mut body, &mut signature);
    (body, signature)
}

fn is_delimiter(line: &str) -> bool {
    matches!(line.trim(), "--" | "—" | "––" | "-- " | "---" | "__" | "___")
}

fn is_postscript(line: &str) -> bool {
    let line = line.trim_start().to_lowercase();
    ["p.s", "p. s", "ps:", "ps ", "з.ы", "зы ", "п.с", "постскриптум"]
        .iter()
        .any(|p| line.starts_with(p))
}

pub(super) fn is_device(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.chars().count() > 80 {
        return false;
    }
    let lower = line.to_lowercase();
    DEVICES.iter().any(|d| lower.starts_with(d))
        || lower.contains("outlook для ")
        || lower.contains("outlook für ")
}

/// Cuts from a closing phrase near the end, when only short lines follow.
fn cut_closing<'a>(body: &mut Vec<&'a str>, signature: &mut Vec<&'a str>) {
    let Some(at) = (0..body.len())
        .rev()
        .take(BELOW_CLOSING + 6)
        .find(|at| is_closing(body[*at]) || is_thanks(body, *at))
    else {
        return;
    };
    let below = &body[at + 1..];
    let written = below.iter().filter(|l| !l.trim().is_empty());
    let short = written.clone().all(|l| l.chars().count() <= 80 || is_contact(l));
    let text_above = body[..at].iter().any(|l| !l.trim().is_empty());
    if !short
        || written.count() > BELOW_CLOSING
        || !text_above
        || below.iter().any(|l| is_postscript(l))
    {
        return;
    }
    let mut cut = body.split_off(at);
    cut.append(signature);
    *signature = cut;
}

/// Thanks that stand alone on a line; a closing only when a signature stands right below.
const THANKS: [&str; 12] = [
    "thanks",
    "thank you",
    "many thanks",
    "thx",
    "danke",
    "vielen dank",
    "merci",
    "gracias",
    "grazie",
    "спасибо",
    "заранее спасибо",
    "заранее благодарю",
];

/// Whether the line at `at` is thanks with nothing but a signature below.
fn is_thanks(body: &[&str], at: usize) -> bool {
    let bare = body[at].trim().trim_end_matches([',', '.', '!']).to_lowercase();
    let below: Vec<&str> =
        body[at + 1..].iter().filter(|l| !l.trim().is_empty()).copied().collect();
    THANKS.contains(&bare.as_str()) && !below.is_empty() && is_signature(&below)
}

fn is_closing(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '*']);
    if line.chars().count() > 60 {
        return false;
    }
    let lower = line.to_lowercase();
    CLOSINGS.iter().any(|c| {
        lower.strip_prefix(c).is_some_and(|rest| {
            !rest.starts_with(char::is_alphabetic) && rest.split_whitespace().count() <= 5
        })
    })
}

/// Cuts names, offices and numbers that stand as paragraphs of their own at the very end.
fn cut_names<'a>(body: &mut Vec<&'a str>, signature: &mut Vec<&'a str>) {
    for _ in 0..3 {
        while body.last().is_some_and(|l| l.trim().is_empty()) {
            body.pop();
        }
        let Some(gap) = body.iter().rposition(|l| l.trim().is_empty()) else { return };
        let last = &body[gap + 1..];
        let text_above = body[..gap].iter().any(|l| !l.trim().is_empty());
        if !text_above || !is_signature(last) {
            return;
        }
        let mut cut = body.split_off(gap);
        cut.append(signature);
        *signature = cut;
    }
}

/// A paragraph that begins with a name, an office or a number, has short lines only, and mostly
/// such lines.
fn is_signature(lines: &[&str]) -> bool {
    let belongs = |line: &str| is_name(line) || is_contact(line) || is_office(line);
    let first = lines.first().is_some_and(|line| belongs(line));
    let short = lines.iter().all(|line| line.chars().count() <= 80 && !line.ends_with(['!', '?']));
    let count = lines.iter().filter(|line| belongs(line)).count();
    first && short && lines.len() <= 12 && count * 2 >= lines.len()
}

/// Words of offices, firms and places, by which the line of a signature is known; lower case.
const OFFICES: [&str; 46] = [
    "директор",
    "начальник",
    "заместител",
    "специалист",
    "менеджер",
    "инженер",
    "бухгалтер",
    "юрист",
    "адвокат",
    "следовател",
    "инспектор",
    "прокурор",
    "лейтенант",
    "капитан",
    "майор",
    "секретар",
    "помощник",
    "руководител",
    "исп.",
    "отдел",
    "врач",
    "косметолог",
    "ооо",
    "зао ",
    "оао ",
    "пао ",
    " ип ",
    "партнёр",
    "партнер",
    "судья",
    "manager",
    "director",
    "officer",
    "head of",
    "counsel",
    "solicitor",
    "attorney",
    "department",
    "team",
    "ltd",
    "llc",
    "gmbh",
    "rechtsanw",
    "geschäftsführ",
    "inhaber",
    "leiter",
];

/// A short line with an office or firm, or with initials, that is no sentence.
fn is_office(line: &str) -> bool {
    let line = line.trim();
    if line.chars().count() > 90
        || line.ends_with(['!', '?', ';', ':'])
        || line.split_whitespace().count() > 10
    {
        return false;
    }
    let lower = line.to_lowercase();
    let spoken = [" я ", "прошу", "удал", "please", "bitte", " мне ", " меня", " вас "];
    if spoken.iter().any(|w| lower.contains(w)) {
        return false;
    }
    OFFICES.iter().any(|o| lower.contains(o)) || has_initials(line)
}

/// Initials such as `И. И.` beside a word.
fn has_initials(line: &str) -> bool {
    let is_initial = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(char::is_uppercase) && chars.next() == Some('.')
    };
    line.split_whitespace().any(is_initial) && line.split_whitespace().count() <= 6
}

/// One to five words that all begin with a capital letter, no full stop at the end of a sentence.
fn is_name(line: &str) -> bool {
    let line = line.trim();
    if line.chars().count() > 60 || line.ends_with(['!', '?', ':']) {
        return false;
    }
    let mut count = 0;
    let capital = line.split_whitespace().all(|word| {
        count += 1;
        word.chars().next().is_some_and(|c| c.is_uppercase() || matches!(c, '«' | '"' | '|' | ','))
    });
    let loud = line.chars().filter(|c| c.is_uppercase()).count() * 2 > line.chars().count();
    capital && count <= 5 && count > 0 && !loud
}

/// A line of contact data: mostly digits, an address, a link.
fn is_contact(line: &str) -> bool {
    let line = line.trim();
    let digits = line.chars().filter(char::is_ascii_digit).count();
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let few_words = line.split_whitespace().count() <= 5;
    digits >= 6 && letters <= digits + 12 && few_words
        || few_words && (line.contains('@') || line.starts_with("http") || line.starts_with("www."))
}
