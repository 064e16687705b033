//! What became of one message in a pass: a line for `intake run --once`, without personal data.

use cases::Filed;
use domain::{
    classification::{Band, Kind},
    ids::MessageId,
};
use store::messages::MessageRow;

use crate::folder::Aside;

/// How a message ended up in this pass.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Filed; the kind is none where it was not read.
    Filed {
        /// What sort of mail.
        kind: Option<Kind>,
        /// Ticket, labels, block, reply.
        filed: Box<Filed>,
    },
    /// The same bytes came before; only the copy is moved.
    Copy,
    /// Gone before it was fetched.
    Vanished,
}

/// What became of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its row.
    pub message: MessageId,
    /// Its UID, or in a Maildir its file name before ":".
    pub key: String,
    /// How it ended up.
    pub ending: Ending,
}

impl Outcome {
    pub(crate) fn filed(row: &MessageRow, kind: Option<Kind>, filed: Filed) -> Self {
        let ending = Ending::Filed { kind, filed: Box::new(filed) };
        Self { message: row.id, key: key(row), ending }
    }

    pub(crate) fn aside(aside: &Aside) -> Self {
        match aside {
            Aside::Copy(row) => Self { message: row.id, key: key(row), ending: Ending::Copy },
            Aside::Vanished(row) => {
                Self { message: row.id, key: key(row), ending: Ending::Vanished }
            }
        }
    }
}

fn key(row: &MessageRow) -> String {
    match (&row.maildir_key, row.uid) {
        (Some(key), _) => key.clone(),
        (None, Some((_, uid))) => uid.to_string(),
        (None, None) => String::new(),
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\t{}\t", self.message, self.key)?;
        match &self.ending {
            Ending::Copy => f.write_str("copy"),
            Ending::Vanished => f.write_str("vanished"),
            Ending::Filed { filed, .. } => {
                f.write_str("filed")?;
                match &filed.ticket {
                    Some(ticket) => write!(f, "\t{}", ticket.number)?,
                    None => f.write_str("\tnoted")?,
                }
                let labels: Vec<String> = filed
                    .labels
                    .iter()
                    .map(|(label, band)| match band {
                        Band::Auto => (*label).to_owned(),
                        Band::Suggest | Band::None => format!("{label}?"),
                    })
                    .collect();
                write!(f, "\t{}", labels.join(","))?;
                f.write_str(if filed.blocked { "\tblocked" } else { "\t-" })?;
                f.write_str(if filed.replied { "\treplied" } else { "\t-" })
            }
        }
    }
}
