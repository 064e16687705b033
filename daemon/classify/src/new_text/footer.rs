//! Legal footers, the last lines of mailing lists, banners of gateways and virus scanners,
//! signed-mail armour: written by nobody.

use domain::classification::CutWhat;

use super::lines::Line;
use super::quotes::Fate;

/// Words of which two kinds must meet in one paragraph of a footer: what it speaks of …
#[rustfmt::skip]
const MESSAGE: &[&str] = &[
    "сообщени", "письм", "e-mail", "email", "message", "mail", "nachricht", "информаци",
    "communication", "courriel", "mensaje", "mensagem", "messaggio", "correo", "wiadomo",
    "повідомлен", "лист", "bericht", "zpráv", "повідомл", "ileti", "transmission", "document",
    "вложени", "meddelande", "besked",
];
/// … and what it says of it.
#[rustfmt::skip]
const SECRET: &[&str] = &[
    "конфиденциальн", "предназначен", "ошибочн", "по ошибке", "confidential",
    "intended recipient", "intended solely", "intended only", "privileged", "vertraulich",
    "irrtümlich", "confidentiel", "confidencial", "riservat", "confidenziali", "poufn",
    "не является официальн", "не является оферт", "не является публичн", "before printing",
    "антивирус", "scanned for viruses", "virus-free", "checked for viruses",
    "проверено на вирусы", "автоматизированн", "автоматически сформирован", "конфіденційн",
    "призначен", "помилков", "vertrouwelijk", "důvěrn", "gizli", "destinataire", "destinatari",
    "received this in error", "received this message in error", "outside of the organi",
    "outside your organi", "внешнего отправителя", "внешний отправитель",
    "за пределами организации",
];
/// How such a paragraph begins.
#[rustfmt::skip]
const BEGINNINGS: &[&str] = &[
    "это сообщение", "это письмо", "это электронное", "настоящее сообщение", "данное сообщение",
    "данное письмо", "настоящее письмо", "сообщение и", "сообщение, включая", "внимание",
    "предупреждение", "информация, содержащаяся", "информация в этом", "информация, содержащ",
    "информация, которая", "настоящее электронное", "данное электронное", "содержание этого",
    "содержание данного", "содержимое", "уведомление о конфиденциальности", "конфиденциальность",
    "конфиденциально", "отказ от ответственности", "this e-mail", "this email", "this message",
    "this communication", "this transmission", "the information", "the contents",
    "the content of", "confidential", "privileged", "disclaimer", "notice", "important notice",
    "caution", "warning", "external", "legal notice", "if you are not the",
    "if you have received", "any views", "diese e-mail", "diese nachricht", "diese mail",
    "diese email", "der inhalt", "dieses dokument", "die information", "ce message",
    "ce courriel", "cet e-mail", "les informations", "este mensaje", "este correo", "este e-mail",
    "esta mensaje", "esta mensagem", "aviso legal", "la información", "questo messaggio",
    "questa e-mail", "questa mail", "le informazioni", "la presente", "ai sensi", "niniejsza",
    "ta wiadomość", "treść tej", "dit bericht", "deze e-mail", "de informatie", "tento e-mail",
    "tato zpráva", "це повідомлення", "цей лист", "ця електронна", "гэта паведамленне",
    "bu e-posta", "bu mesaj", "det här meddelandet", "denne e-mail",
];
/// Beginnings that need no second look: nobody writes so.
#[rustfmt::skip]
const SURE: &[&str] = &[
    "please consider the environment", "consider the environment before",
    "think before you print", "подумайте об окружающей среде", "берегите природу",
    "сохраним природу", "сэкономьте дерево", "прежде чем распечатать", "перед печатью",
    "bitte denken sie an die umwelt", "bitte prüfen sie, ob diese", "pensez à l'environnement",
    "avant d'imprimer", "antes de imprimir", "prima di stampare",
    "this email has been checked for viruses", "this email has been scanned",
    "this message was scanned", "это сообщение проверено на вирусы", "проверено антивирусом",
    "без вирусов. www.", "virus-free. www.", "virenfrei. www.", "sans virus. www.",
    "libre de virus. www.", "wolny od wirusów. www.", "virusvrij. www.",
    "you received this message because you are subscribed",
    "you received this email because you are subscribed", "you are receiving this because you",
    "to unsubscribe from this group", "to post to this group",
    "вы получили это сообщение, поскольку подписаны",
    "вы получили это сообщение, потому что подписаны",
    "вы получили это письмо, потому что подписаны", "чтобы отказаться от подписки на эту группу",
    "sie erhalten diese nachricht, weil sie", "[external", "caution: this email originated",
    "caution: external", "external email", "внимание! внешняя почта", "внимание: внешнее письмо",
    "внимание! внешнее письмо", "-----begin pgp signed message", "confidentiality notice",
];
/// By these a paragraph is a person's after all.
#[rustfmt::skip]
const PERSONAL: &[&str] = &[
    " я ", " мне ", " меня", " мной", " мои ", " мой ", " моё", " мое ", " моего", " моих",
    " прошу", " моей ", " i am", " i have", " i was", " i do", " i did", " i never", " i want", " i would", " i ask", " i got", " i'", " my ", " me ", " me.", " ich ", " mir ", " mich ", " mein",
    " je ", " mes ", " mon ", " moi ", " mis ", " mío", " miei", " mój", " moje", " moich",
    " proszę", " мої", " мене", " ik ", " mijn ",
];

/// Most lines of one footer.
const FOOTER_LINES: usize = 40;
/// Lines so begun of which none was a footer; then the text is taken as it is.
const TRIES: usize = 50;
/// Most bytes of a paragraph that are looked at.
const PARAGRAPH: usize = 3000;

/// Marks footers among the lines that still stay.
pub(super) fn mark(lines: &[Line<'_>], fates: &mut [Fate]) {
    let (mut at, mut above, mut tries) = (0, false, 0);
    let mut footer_above = false;
    while at < lines.len() {
        if fates[at].is_some() || lines[at].is_blank() {
            at += 1;
            continue;
        }
        if let Some(end) = armour(lines, fates, at).or_else(|| list_footer(lines, fates, at, above))
        {
            fill(lines, fates, at, end);
            at = end;
            continue;
        }
        if tries < TRIES
            && let Some(sort) = beginning(&lines[at], footer_above)
        {
            tries += 1;
            let end = paragraph_end(lines, fates, at);
            let fits = match sort {
                Beginning::Sure => !is_personal(&paragraph(&lines[at..end])),
                Beginning::Maybe => above && is_footer(&paragraph(&lines[at..end])),
            };
            if fits {
                fill(lines, fates, at, end);
                (at, footer_above) = (end, true);
                continue;
            }
        }
        (above, footer_above) = (true, false);
        at += 1;
    }
}

fn fill(lines: &[Line<'_>], fates: &mut [Fate], from: usize, to: usize) {
    for at in from..to.min(lines.len()) {
        if fates[at].is_none() && !lines[at].is_blank() {
            fates[at] = Some(CutWhat::Footer);
        }
    }
}

fn paragraph_end(lines: &[Line<'_>], fates: &[Fate], at: usize) -> usize {
    let last = (at + FOOTER_LINES).min(lines.len());
    (at..last).find(|at| lines[*at].is_blank() || fates[*at].is_some()).unwrap_or(last)
}

fn paragraph(lines: &[Line<'_>]) -> String {
    let mut out = String::from(" ");
    for line in lines {
        out.push_str(crate::words::cut(line.bare(), PARAGRAPH));
        out.push(' ');
        if out.len() > PARAGRAPH {
            break;
        }
    }
    crate::words::lower(&out)
}

/// How surely a footer begins here.
enum Beginning {
    Sure,
    Maybe,
}

fn beginning(line: &Line<'_>, footer_above: bool) -> Option<Beginning> {
    let text = line.bare();
    let text = text.trim_start_matches([' ', '*', '_', '-', '\t', '#', '!', '<', '(', '/']);
    if text.len() < 8 {
        return None;
    }
    let lower = crate::words::lower(crate::words::cut(text, 100));
    if SURE.iter().any(|b| lower.starts_with(b)) {
        return Some(Beginning::Sure);
    }
    // Below one paragraph of a footer stands the next.
    let begins = text.len() >= 20 && BEGINNINGS.iter().any(|b| lower.starts_with(b));
    (begins || footer_above && text.len() >= 40).then_some(Beginning::Maybe)
}

fn is_footer(lower: &str) -> bool {
    MESSAGE.iter().any(|m| lower.contains(m))
        && SECRET.iter().any(|s| lower.contains(s))
        && !is_personal(lower)
}

fn is_personal(lower: &str) -> bool {
    PERSONAL.iter().any(|p| lower.contains(p))
}

/// The lines of a signed mail's armour: its head, or its signature to the end.
fn armour(lines: &[Line<'_>], fates: &[Fate], at: usize) -> Option<usize> {
    let text = lines[at].bare();
    if !text.starts_with("-----BEGIN PGP") {
        return None;
    }
    if text.starts_with("-----BEGIN PGP SIGNED MESSAGE") {
        let head =
            lines[at + 1..].iter().take(4).take_while(|line| line.bare().starts_with("Hash:"));
        return Some(at + 1 + head.count());
    }
    let end = lines[at..].iter().take(200).position(|line| line.bare().starts_with("-----END PGP"));
    let end = end.map_or(lines.len(), |n| at + n + 1);
    (at..end).all(|at| fates[at].is_none()).then_some(end)
}

/// The last lines of a mailing list's program: a rule, the list's name, its address and page.
fn list_footer(lines: &[Line<'_>], fates: &[Fate], at: usize, above: bool) -> Option<usize> {
    if !above || !super::headers::is_rule(&lines[at]) || lines[at].bare().len() < 4 {
        return None;
    }
    let below = (at + 1..lines.len().min(at + 9)).filter(|at| fates[*at].is_none());
    let is_list = below.clone().any(|at| {
        let text = lines[at].bare();
        let named =
            ["mailing list", "/listinfo", "список рассылки", "mailingliste", "lists.", "/mailman"];
        text.len() < 200 && named.iter().any(|name| text.contains(name))
    });
    let end = paragraph_end(lines, fates, at + 1);
    (is_list && end <= at + 9).then_some(end)
}
