//! A breach of personal data: what both notices must say, and how far its reporting has come.
//!
//! 152-ФЗ ст. 21 ч. 3.1: in 24 hours what happened, presumed causes and harm, measures and a person
//! to contact; in 72 hours what the inquiry found and whose acts caused it (form: order of
//! Roskomnadzor of 2022-11-14 No. 187). GDPR 33(3): in 72 hours nature, numbers, consequences,
//! measures; GDPR 34(2): the same to the people in clear language.

use serde::{Deserialize, Serialize};

use crate::words::{InvalidTransition, words};

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentState {
    /// Nobody was told.
    Open,
    /// The first notice (24 hours) went out.
    Notified,
    /// The second notice (72 hours) went out.
    Reported,
    /// The end.
    Closed,
}

words!(IncidentState {
    Open => "open", Notified => "notified", Reported => "reported", Closed => "closed",
});

impl IncidentState {
    /// The first notice went out.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless open.
    pub fn notify(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Open => Ok(Self::Notified),
            Self::Notified | Self::Reported | Self::Closed => Err(self.refuse("be notified")),
        }
    }

    /// The second notice went out.
    ///
    /// # Errors
    /// [`InvalidTransition`] before the first one.
    pub fn report(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Notified => Ok(Self::Reported),
            Self::Open | Self::Reported | Self::Closed => Err(self.refuse("be reported")),
        }
    }

    /// All is done.
    ///
    /// # Errors
    /// [`InvalidTransition`] before the second notice.
    pub fn close(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Reported => Ok(Self::Closed),
            Self::Open | Self::Notified | Self::Closed => Err(self.refuse("be closed")),
        }
    }

    fn refuse(self, step: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "incident", from: self.name(), step }
    }
}

/// What is written down about it; personal data may be in every text.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IncidentContent {
    /// When it happened, in words.
    pub happened: String,
    /// What happened.
    pub what: String,
    /// What presumably caused it.
    pub causes: String,
    /// Which data: categories.
    pub data: String,
    /// How many people, about.
    pub people: String,
    /// How many records, about.
    pub records: String,
    /// Which harm is presumed: to people, in clear language.
    pub harm: String,
    /// What was done about it.
    pub measures: String,
    /// Who of ours answers the authority: name, post, telephone, mail.
    pub contact_person: String,
    /// What people can do themselves.
    pub advice: String,
    /// What the inquiry found.
    pub inquiry: String,
    /// Whose acts caused it; "not found" is an answer.
    pub culprits: String,
}

impl std::fmt::Debug for IncidentContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IncidentContent(***)")
    }
}

/// A text of the content, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentField {
    /// When it happened.
    Happened,
    /// What happened.
    What,
    /// Presumed causes.
    Causes,
    /// Categories of data.
    Data,
    /// How many people.
    People,
    /// How many records.
    Records,
    /// Presumed harm.
    Harm,
    /// Measures.
    Measures,
    /// Whom the authority can ask.
    ContactPerson,
    /// What people can do.
    Advice,
    /// What the inquiry found.
    Inquiry,
    /// Whose acts caused it.
    Culprits,
}

words!(IncidentField {
    Happened => "happened", What => "what", Causes => "causes", Data => "data",
    People => "people", Records => "records", Harm => "harm", Measures => "measures",
    ContactPerson => "contact_person", Advice => "advice", Inquiry => "inquiry",
    Culprits => "culprits",
});

impl IncidentField {
    /// The heading in a Russian form.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Happened => "Дата и время инцидента",
            Self::What => "Что произошло",
            Self::Causes => "Предполагаемые причины, повлёкшие нарушение прав субъектов",
            Self::Data => "Категории персональных данных",
            Self::People => "Примерное число субъектов",
            Self::Records => "Примерное число записей",
            Self::Harm => "Предполагаемый вред, нанесённый правам субъектов",
            Self::Measures => "Принятые меры по устранению последствий",
            Self::ContactPerson => "Лицо, уполномоченное на взаимодействие",
            Self::Advice => "Что могут сделать сами субъекты",
            Self::Inquiry => "Результаты внутреннего расследования",
            Self::Culprits => "Лица, действия которых стали причиной инцидента",
        }
    }
}

impl IncidentContent {
    /// One text.
    #[must_use]
    pub fn text(&self, field: IncidentField) -> &str {
        match field {
            IncidentField::Happened => &self.happened,
            IncidentField::What => &self.what,
            IncidentField::Causes => &self.causes,
            IncidentField::Data => &self.data,
            IncidentField::People => &self.people,
            IncidentField::Records => &self.records,
            IncidentField::Harm => &self.harm,
            IncidentField::Measures => &self.measures,
            IncidentField::ContactPerson => &self.contact_person,
            IncidentField::Advice => &self.advice,
            IncidentField::Inquiry => &self.inquiry,
            IncidentField::Culprits => &self.culprits,
        }
    }

    /// Sets one text.
    pub fn set(&mut self, field: IncidentField, text: String) {
        let held = match field {
            IncidentField::Happened => &mut self.happened,
            IncidentField::What => &mut self.what,
            IncidentField::Causes => &mut self.causes,
            IncidentField::Data => &mut self.data,
            IncidentField::People => &mut self.people,
            IncidentField::Records => &mut self.records,
            IncidentField::Harm => &mut self.harm,
            IncidentField::Measures => &mut self.measures,
            IncidentField::ContactPerson => &mut self.contact_person,
            IncidentField::Advice => &mut self.advice,
            IncidentField::Inquiry => &mut self.inquiry,
            IncidentField::Culprits => &mut self.culprits,
        };
        *held = text;
    }

    /// The required texts of a form that are empty.
    #[must_use]
    pub fn missing(&self, form: IncidentForm) -> Vec<IncidentField> {
        let lacks = |field: &&IncidentField| self.text(**field).trim().is_empty();
        form.fields().iter().filter(lacks).copied().collect()
    }
}

/// What is handed out about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentForm {
    /// The first notice to Roskomnadzor, within 24 hours.
    First,
    /// The second one, within 72 hours.
    Second,
    /// The notice to the supervisory authority (GDPR 33), within 72 hours.
    Authority,
    /// The notice to the people (GDPR 34).
    People,
}

words!(IncidentForm {
    First => "first", Second => "second", Authority => "authority", People => "people",
});

impl IncidentForm {
    /// What it must say, in its order.
    #[must_use]
    pub fn fields(self) -> &'static [IncidentField] {
        use IncidentField as F;
        match self {
            Self::First => &[
                F::Happened,
                F::What,
                F::Causes,
                F::Data,
                F::People,
                F::Records,
                F::Harm,
                F::Measures,
                F::ContactPerson,
            ],
            Self::Second => &[F::What, F::Inquiry, F::Culprits, F::Measures, F::ContactPerson],
            Self::Authority => &[
                F::Happened,
                F::What,
                F::Data,
                F::People,
                F::Records,
                F::Harm,
                F::Measures,
                F::ContactPerson,
            ],
            Self::People => &[F::What, F::Data, F::Harm, F::Measures, F::Advice, F::ContactPerson],
        }
    }

    /// Its title in Russian.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::First => {
                "Первичное уведомление о факте неправомерной или случайной передачи персональных данных"
            }
            Self::Second => {
                "Дополнительное уведомление о результатах внутреннего расследования инцидента"
            }
            Self::Authority => "Уведомление надзорного органа об утечке персональных данных",
            Self::People => "Сообщение субъектам об утечке персональных данных",
        }
    }

    /// On what it rests.
    #[must_use]
    pub fn law(self) -> &'static str {
        match self {
            Self::First => {
                "152-ФЗ ст. 21 ч. 3.1 п. 1; приказ Роскомнадзора от 14.11.2022 № 187; срок: 24 часа с момента выявления"
            }
            Self::Second => {
                "152-ФЗ ст. 21 ч. 3.1 п. 2; приказ Роскомнадзора от 14.11.2022 № 187; срок: 72 часа с момента выявления"
            }
            Self::Authority => "GDPR ст. 33; срок: 72 часа с момента выявления",
            Self::People => "GDPR ст. 34; без неоправданной задержки",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_told_twice_before_it_is_closed() {
        let closed = IncidentState::Open.notify().and_then(IncidentState::report);
        assert_eq!(closed.and_then(IncidentState::close), Ok(IncidentState::Closed));
        for (state, notify, report, close) in [
            (IncidentState::Open, true, false, false),
            (IncidentState::Notified, false, true, false),
            (IncidentState::Reported, false, false, true),
            (IncidentState::Closed, false, false, false),
        ] {
            assert_eq!(state.notify().is_ok(), notify, "{state:?}");
            assert_eq!(state.report().is_ok(), report, "{state:?}");
            assert_eq!(state.close().is_ok(), close, "{state:?}");
        }
    }

    #[test]
    fn a_notice_says_what_its_law_asks_for() {
        use IncidentField as F;
        for (form, law, asked) in [
            // The incident, presumed causes, presumed harm, measures, whom to ask; and of the
            // form of order No. 187: when, which data, of how many.
            (
                IncidentForm::First,
                "ст. 21 ч. 3.1 п. 1",
                vec![F::What, F::Causes, F::Harm, F::Measures, F::ContactPerson]
                    .into_iter()
                    .chain([F::Happened, F::Data, F::People, F::Records])
                    .collect::<Vec<_>>(),
            ),
            // The results of the inquiry, the persons whose acts caused it.
            (IncidentForm::Second, "ст. 21 ч. 3.1 п. 2", vec![F::Inquiry, F::Culprits]),
            // GDPR 33(3): (a) nature, categories, numbers; (b) contact; (c) consequences; (d) measures.
            (
                IncidentForm::Authority,
                "ст. 33",
                vec![
                    F::What,
                    F::Data,
                    F::People,
                    F::Records,
                    F::ContactPerson,
                    F::Harm,
                    F::Measures,
                ],
            ),
            // GDPR 34(2): nature in clear language, contact, consequences, measures.
            (IncidentForm::People, "ст. 34", vec![F::What, F::ContactPerson, F::Harm, F::Measures]),
        ] {
            assert!(form.law().contains(law), "{form:?}");
            for field in asked {
                assert!(form.fields().contains(&field), "{form:?} {field:?}");
            }
        }
        assert!(!IncidentForm::People.fields().contains(&F::Culprits));
        assert!(!IncidentForm::People.fields().contains(&F::Causes));
        for (form, hours) in [(IncidentForm::First, "24 часа"), (IncidentForm::Second, "72 часа")]
        {
            assert!(form.law().contains(hours), "{form:?}");
        }
    }

    #[test]
    fn a_form_names_every_text_that_it_lacks() {
        let mut content = IncidentContent::default();
        for form in IncidentForm::ALL {
            assert_eq!(content.missing(*form), form.fields());
        }
        for field in IncidentField::ALL {
            content.set(*field, field.name().to_owned());
            assert_eq!(content.text(*field), field.name());
        }
        for form in IncidentForm::ALL {
            assert!(content.missing(*form).is_empty(), "{form:?}");
        }
        content.set(IncidentField::Culprits, "  ".to_owned());
        assert_eq!(content.missing(IncidentForm::Second), [IncidentField::Culprits]);
        assert!(!format!("{content:?}").contains("causes"));
    }
}
