//! Quoted mail: `>` blocks with the line above them, Outlook header blocks, forwarded parts.

/// Verbs that end the line above a quote ("… wrote:").
const WROTE: [&str; 26] = [
    "вы писали",
    "ви писали",
    "wrote",
    "writes",
    "schrieb",
    "пишет",
    "написал",
    "написала",
    "написал(а)",
    "написали",
    "пише",
    "пиша",
    "написав",
    "напісаў",
    "a écrit",
    "ha scritto",
    "escribió",
    "escribio",
    "napisał",
    "napisał(a)",
    "napisała",
    "schreef",
    "napsal",
    "yazdı",
    "жазды",
    "escreveu",
];

/// Lines that say: below stands another mail.
const SEPARATORS: [&str; 40] = [
    "original message",
    "исходное сообщение",
    "исходное письмо",
    "пересылаемое сообщение",
    "пересланное сообщение",
    "пересылаемое письмо",
    "пересланное письмо",
    "перенаправленное сообщение",
    "forwarded message",
    "begin forwarded message",
    "начало переадресованного сообщения",
    "начало пересылаемого сообщения",
    "ursprüngliche nachricht",
    "weitergeleitete nachricht",
    "ursprüngliche mail",
    "anfang der weitergeleiteten",
    "message d'origine",
    "message transféré",
    "message original",
    "mensaje original",
    "mensaje reenviado",
    "messaggio originale",
    "messaggio inoltrato",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "oorspronkelijk bericht",
    "doorgestuurd bericht",
    "исходящее сообщение",
    "початкове повідомлення",
    "переслане повідомлення",
    "оригінальне повідомлення",
    "конец пересылаемого сообщения",
    "původní zpráva",
    "mensagem original",
    "reply message",
    "replied message",
    "оригинал сообщения",
    "оригинал письма",
    "цитата",
    "предыдущее сообщение",
];

/// Names of header lines as mail programs print them above a quote.
const HEADERS: [&str; 44] = [
    "from",
    "sent",
    "to",
    "cc",
    "subject",
    "date",
    "reply-to",
    "от",
    "от кого",
    "отправлено",
    "кому",
    "тема",
    "дата",
    "копия",
    "отправитель",
    "получатель",
    "von",
    "gesendet",
    "an",
    "betreff",
    "datum",
    "de",
    "envoyé",
    "à",
    "objet",
    "enviado",
    "para",
    "asunto",
    "fecha",
    "da",
    "inviato",
    "a",
    "oggetto",
    "data",
    "od",
    "wysłano",
    "do",
    "temat",
    "van",
    "verzonden",
    "aan",
    "onderwerp",
    "від",
    "надіслано",
];

/// The lines without quoted mail.
pub(super) fn strip<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    let (mut at, mut above) = (0, false);
    while at < lines.len() {
        let line = lines[at];
        if is_quoted(line) {
            at += 1;
            continue;
        }
        if is_separator(line) || is_header_block(&lines[at..]) {
            break;
        }
        if let Some((length, sure)) = introduction(&lines[at..]) {
            let below = next_written(&lines[at + length..]);
            match below {
                Some(next) if is_quoted(next) => {
                    at += length;
                    continue;
                }
                // No signs in front of the quoted lines: all below is the quote, unless nothing
                // was written above (then the sender answers below an unmarked quote, or the
                // line is part of the text).
                _ if sure && above => break,
                _ if sure => {
                    at += length;
                    continue;
                }
                _ => {}
            }
        }
        above |= !line.trim().is_empty();
        kept.push(line);
        at += 1;
    }
    kept
}

/// What stands below the separator of a forwarded mail, without its header lines; else the
/// quoted lines with their signs taken off.
pub(super) fn forwarded<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let start =
        (0..lines.len()).find(|at| is_separator(lines[*at]) || is_header_block(&lines[*at..]));
    let Some(start) = start else { return Vec::new() };
    let is_forward = lines[start].to_lowercase();
    let answered =
        ["original message", "исходное сообщение", "исходное письмо", "ursprüngliche nachricht"];
    if answered.iter().any(|a| is_forward.contains(a)) {
        return Vec::new();
    }
    let body: Vec<&str> = lines[start..]
        .iter()
        .skip_while(|l| l.trim().is_empty() || is_separator(l) || is_header_line(l))
        .copied()
        .collect();
    strip(&body)
}

fn is_quoted(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with(['>', '›']) {
        return true;
    }
    // The Bat! puts initials in front: "ИП> …".
    line.split_once('>').is_some_and(|(name, _)| {
        (1..=8).contains(&name.len()) && name.chars().all(char::is_uppercase)
    })
}

fn next_written<'a>(lines: &[&'a str]) -> Option<&'a str> {
    lines.iter().copied().find(|line| !line.trim().is_empty())
}

fn is_separator(line: &str) -> bool {
    let line = line.trim();
    let bare = line.trim_matches(['-', '=', '_', '*', '#', ' ', ':', '>']);
    if bare.is_empty() || bare.len() > 120 || bare.len() == line.len() {
        return bare.len() == line.len() && is_bare_separator(line);
    }
    let lower = bare.to_lowercase();
    SEPARATORS.iter().any(|s| lower.starts_with(s) && lower.len() < s.len() + 24)
}

/// A separator without dashes (Apple Mail: "Begin forwarded message:", ends with a colon).
fn is_bare_separator(line: &str) -> bool {
    line.len() < 100
        && [
            "begin forwarded message",
            "начало переадресованного сообщения",
            "anfang der weitergeleiteten",
        ]
        .iter()
        .any(|s| line.to_lowercase().starts_with(s))
}

fn is_header_line(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '*', '\t']);
    let Some((name, value)) = line.split_once(':') else { return false };
    let name = name.trim_end_matches([' ', '*', '\u{a0}']);
    name.len() <= 40 && !value.trim().is_empty() && {
        let name = name.to_lowercase();
        HEADERS.contains(&name.as_str())
    }
}

/// Three header lines in a row (one may be folded), the first two of them different: Outlook and
/// its kin, also below a line of underscores.
fn is_header_block(lines: &[&str]) -> bool {
    let underlined =
        lines[0].len() >= 8 && lines[0].trim().chars().all(|c| matches!(c, '_' | '-' | '='));
    let start = usize::from(underlined);
    let block = lines.get(start..).unwrap_or_default();
    let Some(first) = block.iter().take(2).position(|l| !l.trim().is_empty()) else {
        return false;
    };
    if !is_header_line(block[first]) || !(underlined || first == 0) {
        return false;
    }
    let headers = block[first..].iter().take(7).filter(|l| is_header_line(l)).count();
    headers >= if underlined { 2 } else { 3 }
}

/// The length in lines of the line that introduces a quote, when one stands at the start, and
/// whether it is surely one (else only if quoted lines follow). Mail programs fold it over up to
/// three lines.
fn introduction(lines: &[&str]) -> Option<(usize, bool)> {
    let first = lines[0].trim();
    if first.is_empty() || first.len() > 400 || !may_introduce(first) {
        return None;
    }
    let mut joined = String::new();
    for (number, line) in lines.iter().take(3).enumerate() {
        let line = line.trim();
        if line.is_empty() || is_quoted(line) {
            break;
        }
        joined.push(' ');
        joined.push_str(line);
        if line.ends_with(':') && joined.len() < 600 {
            return introduces(joined.trim()).map(|sure| (number + 1, sure));
        }
        if number == 0 && line.ends_with(['.', '!', '?']) {
            break;
        }
    }
    None
}

/// A cheap look at the first line: digits, an address or a colon must stand in it.
fn may_introduce(line: &str) -> bool {
    line.bytes().any(|b| b.is_ascii_digit() || b == b'@' || b == b'<') || line.ends_with(':')
}

/// Whether a line introduces a quote: `Some(true)` surely, `Some(false)` if quoted lines follow.
/// People too write "… написала:", so that a verb alone is not enough.
fn introduces(line: &str) -> Option<bool> {
    let has_address = line.contains('@') && line.contains('.');
    let has_time = has_clock(line);
    let has_year = line
        .split(|c: char| !c.is_ascii_digit())
        .any(|run| run.len() == 4 && (run.starts_with("19") || run.starts_with("20")));
    let has_name = has_address || line.contains('<');
    let wrote = says_wrote(line);
    if has_time && (has_name || wrote && has_year)
        || has_address && (wrote || has_year && line.contains('<'))
    {
        return Some(true);
    }
    wrote.then_some(false)
}

fn says_wrote(line: &str) -> bool {
    let line = line.trim_end_matches([':', ' ', '\u{a0}']).to_lowercase();
    let said = |word: &str| WROTE.contains(&word) || matches!(word, "schrieb" | "schreef");
    WROTE.iter().any(|verb| line.ends_with(verb)) || line.split(' ').any(said)
}

/// A time of day such as `10:02`.
fn has_clock(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.windows(4).any(|w| {
        w[0].is_ascii_digit()
            && matches!(w[1], b':' | b'.')
            && w[2].is_ascii_digit()
            && w[3].is_ascii_digit()
    })
}
