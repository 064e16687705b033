//! Legal footers and the lines of mailing programs: written by nobody.

/// Words of which two kinds must meet in one paragraph of a footer: what it speaks of …
const MESSAGE: [&str; 14] = [
    "сообщени",
    "письм",
    "e-mail",
    "email",
    "message",
    "mail",
    "nachricht",
    "информаци",
    "communication",
    "courriel",
    "mensaje",
    "messaggio",
    "correo",
    "wiadomo",
];
/// … and what it says of it.
const SECRET: [&str; 22] = [
    "конфиденциальн",
    "предназначен",
    "ошибочн",
    "по ошибке",
    "confidential",
    "intended recipient",
    "intended solely",
    "privileged",
    "vertraulich",
    "irrtümlich",
    "confidentiel",
    "confidencial",
    "riservat",
    "poufn",
    "не является официальн",
    "не является оферт",
    "before printing",
    "антивирус",
    "scanned for viruses",
    "проверено на вирусы",
    "автоматизированн",
    "автоматически сформирован",
];
/// How such a paragraph begins.
const BEGINNINGS: [&str; 34] = [
    "это сообщение",
    "это письмо",
    "настоящее сообщение",
    "данное сообщение",
    "данное письмо",
    "настоящее письмо",
    "сообщение и",
    "внимание",
    "информация, содержащаяся",
    "информация в этом",
    "настоящее электронное",
    "данное электронное",
    "содержание этого",
    "содержимое",
    "this e-mail",
    "this email",
    "this message",
    "the information",
    "the contents",
    "confidentiality",
    "disclaimer",
    "notice",
    "diese e-mail",
    "diese nachricht",
    "diese mail",
    "der inhalt",
    "ce message",
    "ce courriel",
    "este mensaje",
    "este correo",
    "questo messaggio",
    "questa e-mail",
    "la presente",
    "niniejsza",
];

/// Most lines of one footer.
const FOOTER_LINES: usize = 30;
/// Lines so begun of which none was a footer; then the text is taken as it is.
const TRIES: usize = 50;

/// The lines without legal footers. The first paragraph is never taken for one.
pub(super) fn strip(lines: Vec<&str>) -> Vec<&str> {
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    let (mut at, mut above, mut tries) = (0, false, 0);
    while at < lines.len() {
        let line = lines[at];
        if above && tries < TRIES && may_begin(line) {
            tries += 1;
            let paragraph = lines[at..].iter().take(FOOTER_LINES);
            let length = paragraph.take_while(|l| !l.trim().is_empty()).count();
            if is_footer(&lines[at..at + length]) {
                at += length;
                continue;
            }
        }
        above |= !line.trim().is_empty();
        kept.push(line);
        at += 1;
    }
    kept
}

fn may_begin(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '*', '_', '-', '\t']);
    if line.len() < 20 {
        return false;
    }
    let lower = crate::words::cut(line, 80).to_lowercase();
    BEGINNINGS.iter().any(|b| lower.starts_with(b))
}

fn is_footer(paragraph: &[&str]) -> bool {
    let lower = crate::words::cut(&paragraph.join(" "), 2000).to_lowercase();
    MESSAGE.iter().any(|m| lower.contains(m)) && SECRET.iter().any(|s| lower.contains(s))
}
