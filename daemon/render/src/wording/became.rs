//! What became of a request that somebody made in a person's name, as that person is told: the act
//! alone, nothing of what was found, given out or said (152-FZ art. 20, RULES §1.1).

use domain::{language::Locale, regime::RequestName, request::Outcome};

/// What was done about a request, a clause each; no value of anybody's data is in it.
#[must_use]
pub fn became(name: RequestName, outcome: Outcome, locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => became_ru(name, outcome),
        Locale::En => became_en(name, outcome),
    }
}

/// What a representative reads when the answer went to the person they act for.
#[must_use]
pub fn answered_to_represented(locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => {
            "Ответ на обращение отправлен тому, от чьего имени вы обратились, по адресу, который у нас есть. Ссылка в нём только для этого человека."
        }
        Locale::En => {
            "The answer was sent to the person on whose behalf you wrote, at the address that we have. The link in it is for that person alone."
        }
    }
}

fn became_ru(name: RequestName, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refused | Outcome::NotConfirmed => "в том, о чём просил представитель, отказано",
        Outcome::NothingHeld => "данных, о которых спрашивал представитель, у нас не нашлось",
        Outcome::Withdrawn | Outcome::Misread | Outcome::Joined => "обращение снято с рассмотрения",
        Outcome::Anonymised => "ваши данные обезличены",
        Outcome::Done | Outcome::PartlyKept => {
            let is_part = outcome == Outcome::PartlyKept;
            match name {
                RequestName::Erasure | RequestName::Achieved if is_part => {
                    "ваши данные уничтожены, кроме тех, которые закон обязывает или разрешает хранить"
                }
                RequestName::Erasure | RequestName::Achieved => "ваши данные уничтожены",
                RequestName::Rectification if is_part => "ваши данные исправлены частично",
                RequestName::Rectification => "ваши данные исправлены",
                RequestName::Restriction if is_part => "ваши данные заблокированы частично",
                RequestName::Restriction => "ваши данные заблокированы",
                RequestName::Access => {
                    "представителю отправлена ссылка на сведения о ваших данных и их копию"
                }
                RequestName::ConsentWithdrawal
                | RequestName::Objection
                | RequestName::UnlawfulProcessing
                    if is_part =>
                {
                    "обработка ваших данных прекращена, кроме той, для которой есть законное основание"
                }
                RequestName::ConsentWithdrawal | RequestName::Objection => {
                    "обработка ваших данных, о которой писал представитель, прекращена"
                }
                RequestName::UnlawfulProcessing => {
                    "законность обработки ваших данных проверена, нарушение устранено"
                }
                RequestName::StopMarketing => "рассылки и реклама вам прекращены",
                RequestName::StopPublication => "распространение ваших данных прекращено",
                RequestName::AutomatedDecision => {
                    "решение, принятое автоматически, пересмотрел человек"
                }
                RequestName::AuthorityRequest
                | RequestName::AuthorityBlock
                | RequestName::Breach
                | RequestName::Unread => "обращение рассмотрено",
            }
        }
    }
}

fn became_en(name: RequestName, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refused | Outcome::NotConfirmed => "what the representative asked for was refused",
        Outcome::NothingHeld => "we found none of the data that the representative asked about",
        Outcome::Withdrawn | Outcome::Misread | Outcome::Joined => {
            "the request is no longer dealt with"
        }
        Outcome::Anonymised => "your data were made anonymous",
        Outcome::Done | Outcome::PartlyKept => {
            let is_part = outcome == Outcome::PartlyKept;
            match name {
                RequestName::Erasure | RequestName::Achieved if is_part => {
                    "your data were destroyed, except for what the law obliges or allows us to keep"
                }
                RequestName::Erasure | RequestName::Achieved => "your data were destroyed",
                RequestName::Rectification if is_part => "your data were corrected in part",
                RequestName::Rectification => "your data were corrected",
                RequestName::Restriction if is_part => "your data were blocked in part",
                RequestName::Restriction => "your data were blocked",
                RequestName::Access => {
                    "a link to the information about your data, and to a copy of them, was sent to the representative"
                }
                RequestName::ConsentWithdrawal
                | RequestName::Objection
                | RequestName::UnlawfulProcessing
                    if is_part =>
                {
                    "the processing of your data ended, except for what has a legal basis"
                }
                RequestName::ConsentWithdrawal | RequestName::Objection => {
                    "the processing of your data that the representative wrote about ended"
                }
                RequestName::UnlawfulProcessing => {
                    "the lawfulness of the processing of your data was checked, and the breach mended"
                }
                RequestName::StopMarketing => "newsletters and advertising to you ended",
                RequestName::StopPublication => "the publication of your data ended",
                RequestName::AutomatedDecision => {
                    "a person reviewed the decision that was made automatically"
                }
                RequestName::AuthorityRequest
                | RequestName::AuthorityBlock
                | RequestName::Breach
                | RequestName::Unread => "the request was dealt with",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_in_part_is_said_to_be_in_part() {
        for name in [RequestName::Rectification, RequestName::Restriction] {
            assert!(became(name, Outcome::PartlyKept, Locale::Ru).ends_with("частично"));
            assert!(became(name, Outcome::PartlyKept, Locale::En).ends_with("in part"));
            for locale in [Locale::Ru, Locale::En] {
                let whole = became(name, Outcome::Done, locale);
                assert_ne!(whole, became(name, Outcome::PartlyKept, locale));
            }
        }
    }

    #[test]
    fn a_refusal_says_nothing_of_what_was_done_before() {
        // The same request may have stopped something, or its package may have been fetched.
        let ended = [Outcome::Refused, Outcome::NotConfirmed, Outcome::Withdrawn, Outcome::Joined];
        for outcome in ended {
            for name in [RequestName::Erasure, RequestName::Access] {
                assert!(!became(name, outcome, Locale::Ru).contains("данные"));
                assert!(!became(name, outcome, Locale::En).contains("data"));
            }
        }
    }
}
