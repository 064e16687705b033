//! The words by which delivery reports are known: of many servers, in the languages they speak.
//!
//! Only lists and the questions asked of them. Everything is compared in lower case; the phrases
//! of a list stand between bars. What all
//! reports of a sort have in common stands here, not what one server alone writes.

use std::sync::LazyLock;

use crate::kind::phrases::Phrases;

/// Subjects of delivery reports, as they begin or behind a name of a list in brackets.
const SUBJECTS: &str = "undelivered|undeliverable|undeliverd|non-deliver|nondeliver|non-remis|non delivered\
    |delivery status notification|delivery status|delivery fail|delivery notification\
    |delivery has failed|delivery report|delivery error|delivery problem|delivery delayed\
    |delivery incomplete|delivery to|mail delivery|mail could not be delivered\
    |mail system error|mail not delivered|mail undeliverable|mail error|mail failure\
    |mail returned|email delivery fail|e-mail delivery fail|email not delivered|failure notice\
    |failure delivery|failed delivery|failed mail|failed:|returned mail|returned email\
    |returned to sender|message status|message delivery|message not delivered\
    |message undeliverable|message could not be delivered|message you sent blocked\
    |your message couldn't be delivered|your message wasn't delivered|your mail|delayed mail\
    |delayed:|nondelivery|could not send message|could not deliver|unable to deliver\
    |cannot deliver|there was an error sending your mail|error sending|processing error\
    |automatically rejected mail|rejected:|rejected mail|blocked:|warning: could not send\
    |warning: message|postmaster notify|недоставлен|не удается доставить|не удаётся доставить\
    |не доставлено|сообщение не доставлено|ваше сообщение не доставлено|письмо не доставлено\
    |почта не доставлена|ошибка доставки|невозможно доставить|почтовый ящик переполнен\
    |возврат письма|unzustellbar|nicht zustellbar|non remis|no se puede entregar\
    |impossibile recapitare";

/// Further beginnings, of languages other than English and Russian.
const FOREIGN_SUBJECTS: &str = "ihre e-mail konnte nicht zugestellt|ihre nachricht konnte nicht zugestellt\
    |zustellung fehlgeschlagen|fehler bei der zustellung|mail konnte nicht zugestellt\
    |nachricht nicht zugestellt|échec de la remise|message non distribué|non distribuable\
    |avis de non-remise|no entregado|mensaje no entregado|error en la entrega\
    |messaggio non consegnato|mancata consegna|mensagem não entregue|não foi possível entregar\
    |onbestelbaar|niet bezorgd|nie można dostarczyć|不达邮件|配信不能";

/// What the text of a report tells.
const TOLD: &str = "be delivered|not delivered|n't delivered|n't be delivered|not yet been delivered\
    |unable to deliver|able to deliver|error delivering|delivering your mail|not be sent\
    |invalid user address|delivery has failed|delivery to the following\
    |delevery to the following|failed permanently|could not deliver|cannot deliver\
    |can't deliver|could not send|couldn't send|trouble delivering|permanent error\
    |permanent fatal errors|permanent delivery errors|undeliverable|undelivered|nondeliverable\
    |delivery problem|the following address|the following recipient|reach the following\
    |could not be reached|was automatically rejected|was rejected|been rejected\
    |has been returned|been delayed|user unknown|unknown user|no such user|user not found\
    |invalid user|no longer valid|no mailbox here by that name|mailbox unavailable\
    |mailbox is full|inbox is full|quota exceeded|over quota|overquota|returned to sender\
    |recipient address rejected|smtp error|remote host said|delivery failure|message you sent\
    |did not reach|not listed in|userid|host unknown|не доставлен|быть доставлен\
    |не может\nбыть отправлено|не удалось доставить|не найден|переполнен|не существует\
    |nicht zugestellt|unzustellbar|existe pas";

/// Lines that announce the failed addresses.
const ANNOUNCE: &str = "the following address|following address(es)|following addresses|the following recipient\
    |following recipient(s)|following recipients|following user|the following destination\
    |the following mail address|to these recipients|these recipients|to this recipient\
    |following persons|list of recipients|some recipients|delivered to:|be delivered to\
    |not delivered to|was not delivered to|n't delivered to|undeliverable to|undelivered to\
    |deliver your message to|deliver message to|deliver mail to|deliver your mail to\
    |deliver it to|delivering your message to|delivering your mail to\
    |delivery of your message to|delivery to the following|delivery to recipient\
    |delivery failed to|delivery failed for|delivery failed to the|delivery to:\
    |message to the following|your message to|your mail to|your email to|your e-mail to\
    |message to:|mail to:|message, addressed to|addressed to|send your message to\
    |reach the following|did not reach|was undeliverable to\
    |error occurred while sending mail to|error while delivering to|problem delivering to\
    |problems with the following|failed recipient|failed address|failed for:|addresses had\
    |recipients returned|undeliverable address|unknown address|invalid address|следующим адрес\
    |следующие адрес|следующим получател|следующих получател|указанным адрес|получателям\
    |получателю|доставить письмо|доставлено на адрес|folgende empfänger|folgenden empfänger\
    |folgenden adresse|folgende adresse|adresses suivantes|destinataires suivants\
    |siguientes destinatarios";

/// Lines of further languages that announce the failed addresses.
const ANNOUNCE_FOREIGN: &str = "siguiente destinatario|siguientes direcciones|destinatari seguenti|seguenti destinatari\
    |seguintes destinatários|volgende geadresseerde|volgende ontvanger|następujących adresat\
    |następującym adresat|наступним адрес|наступних отримувач|次の宛先|以下の宛先|下列地址";

/// Words before an address that is the failed one.
const RECIPIENT_WORDS: &str = "rcpt to|recipient|rcpt|addressee|destination|intended for|delivery userid|local user|user \
    |user:|user '|mailbox |account |адресат|получател|ящик|пользовател|empfänger|postfach\
    |destinat|ontvanger|odbiorc|宛先|受信者|收件人|failed address";

/// Words before an address that is not the failed one.
const OTHER_WORDS: &str = "mail from|from:|from <| from |sender|generated from|expanded from|on behalf of|reply to\
    |reply-to|contact |write to|mail to postmaster|please send|please email|forward|message-id\
    |msgid|http:|https:|отправител|absender|expéditeur|remitente|mittente|差出人|送信者";

/// Heads of the mail that was sent, which many reports repeat.
const HEAD_FIELDS: &str = "to:|cc:|bcc:|from:|subject:|sent:|date:|sender:|reply-to:|message-id:|mime-version:\
    |received:|return-path:|delivered-to:|x-mailer:|content-type:|mail from:|envelope-from:\
    |errors-to:|list-|от:|тема:|кому:|von:|an:|betreff:";

/// Where a report ends and the copy of the mail begins.
const COPY: &str = "below this line is a copy|below is a copy|this is a copy of the|here is a copy of\
    |included is a copy of|is a copy of the message|copy of the message header\
    |----- original message|-----original message|--- original message\
    |original message follows|original message headers|original message header:\
    |original message:|--- message header follows|message header follows\
    |message headers follow|the headers of the original|header of the original message\
    |headers of the message|returned mail follows|start of returned message\
    |returned message follows|undelivered message follows|unsent message follows\
    |unsent message below|unsent message is below|text of your message follows\
    |your message follows|your message reads (in part)|a summary of the undelivered message\
    |header of the source mail|the message contents follow|old message:\
    |фрагмент исходного письма|заголовки исходного";

/// Whether the subject is that of a delivery report; the sign of an answer makes it none.
pub(super) fn is_subject(subject: &str) -> bool {
    let lower = subject.trim().to_lowercase();
    let bare = lower.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let bare = bare.map_or(lower.as_str(), |(_, rest)| rest.trim_start());
    SUBJECTS.split('|').chain(FOREIGN_SUBJECTS.split('|')).any(|begin| bare.starts_with(begin))
        || ["delivery status notification", "mail failure", "could not be delivered"]
            .iter()
            .any(|words| bare.contains(words))
}

/// A person who answers a report quotes it; a report itself answers nothing.
pub(super) fn is_answer(subject: &str) -> bool {
    let lower = subject.trim_start().to_lowercase();
    "re:|re[|aw:|fwd:|fw:|wg:|ha:|на:|отв:|пересл:|sv:|tr:|rv:"
        .split('|')
        .any(|sign| lower.starts_with(sign))
}

/// Whether a text, in lower case, tells of a failed delivery.
pub(super) fn tells(lower: &str) -> bool {
    static KNOWN: LazyLock<Phrases> = LazyLock::new(|| Phrases::equal(TOLD.split('|')));
    KNOWN.any_in(lower)
}

/// Whether a line, in lower case, tells of the failure.
pub(super) fn tells_failure(lower: &str) -> bool {
    tells(lower) || ["reject", "fail", "unknown", "error"].iter().any(|word| lower.contains(word))
}

/// Whether a line, in lower case, announces the failed addresses.
pub(super) fn announces(lower: &str) -> bool {
    static KNOWN: LazyLock<Phrases> =
        LazyLock::new(|| Phrases::equal(ANNOUNCE.split('|').chain(ANNOUNCE_FOREIGN.split('|'))));
    KNOWN.any_in(lower)
}

/// Whether what stands before an address, in lower case, says that it is the recipient.
pub(super) fn names_recipient(before: &str) -> bool {
    RECIPIENT_WORDS.split('|').any(|word| before.contains(word))
}

/// Whether what stands before an address, in lower case, says that it is somebody else.
pub(super) fn names_no_recipient(before: &str) -> bool {
    OTHER_WORDS.split('|').any(|word| before.contains(word)) || before.starts_with("from ")
}

/// Whether a line, in lower case, is a field of the head of a mail.
pub(super) fn is_head_field(lower: &str) -> bool {
    HEAD_FIELDS.split('|').any(|name| lower.starts_with(name))
}

/// The report's own words: what stands above the copy of the mail.
pub(super) fn own_words(text: &str) -> &str {
    static KNOWN: LazyLock<Phrases> = LazyLock::new(|| Phrases::equal(COPY.split('|')));
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.trim().to_lowercase();
        let begins_copy = KNOWN.any_in(&lower)
            || ["return-path:", "received: from", "received: by"]
                .iter()
                .any(|field| lower.starts_with(field));
        if at > 0 && begins_copy {
            break;
        }
        at += line.len();
    }
    text.get(..at).unwrap_or(text)
}

/// The copy of the mail behind the report's own words.
pub(super) fn copy_of(text: &str) -> &str {
    text.get(own_words(text).len()..).unwrap_or_default()
}
