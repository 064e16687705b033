//! Folders: which there are, which one holds what the server takes for junk, selecting one.

use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response, ResponseCode, Status};

use super::{ImapError, KEYWORD, Session, names};

/// A folder of the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its name as people read it.
    pub name: String,
    /// Where the server keeps junk (RFC 6154); found by attribute, since names are localised.
    pub is_junk: bool,
    /// It can be selected.
    pub is_selectable: bool,
}

/// A folder that was selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// All UIDs known under another value are void.
    pub uid_validity: u32,
    /// The next UID, as a hint.
    pub uid_next: Option<u32>,
    /// How many mails there are.
    pub exists: u32,
    /// Our keyword may be set here and stays.
    pub allows_keyword: bool,
    /// Nothing may be changed here.
    pub is_read_only: bool,
}

impl Session {
    /// All folders.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn folders(&mut self) -> Result<Vec<Folder>, ImapError> {
        let mut folders = Vec::new();
        let mut wire_names = std::collections::HashMap::new();
        // Without SPECIAL-USE many servers give the attributes in a plain LIST as well.
        self.command("list folders", "LIST \"\" \"*\"", |response| {
            if let Response::MailboxData(MailboxDatum::List(data)) = response {
                let has = |attribute: &NameAttribute<'_>| data.name_attributes.contains(attribute);
                let name = names::decode(&data.name);
                // Some servers write UTF-8; asked for in another way they know no such folder.
                if names::encode(&name) != data.name && !data.name.contains(char::is_control) {
                    wire_names.insert(name.clone(), data.name.to_string());
                }
                folders.push(Folder {
                    name,
                    is_junk: has(&NameAttribute::Junk)
                        || data.name_attributes.iter().any(|attribute| {
                            // The XLIST name that Yandex and old Gmail use.
                            matches!(attribute, NameAttribute::Extension(name)
                                if name.eq_ignore_ascii_case("\\Spam"))
                        }),
                    is_selectable: !has(&NameAttribute::NoSelect)
                        && !data.name_attributes.iter().any(|attribute| {
                            matches!(attribute, NameAttribute::Extension(name)
                                if name.eq_ignore_ascii_case("\\NonExistent"))
                        }),
                });
            }
            Ok(())
        })
        .await?;
        self.wire_names = wire_names;
        Ok(folders)
    }

    /// Selects a folder.
    ///
    /// # Errors
    /// [`ImapError::Refused`] when there is no such folder, [`ImapError::Protocol`] when the
    /// server gives no UIDVALIDITY (UIDs then mean nothing).
    pub async fn select(&mut self, folder: &str) -> Result<Selected, ImapError> {
        const WHAT: &str = "select a folder";
        self.selected = None;
        let mut uid_validity = None;
        let mut uid_next = None;
        let mut exists = 0;
        let mut allows_keyword = false;
        let command = format!("SELECT {}", self.quoted(folder));
        let code = self
            .command(WHAT, &command, |response| {
                match response {
                    Response::MailboxData(MailboxDatum::Exists(count)) => exists = *count,
                    Response::Data { status: Status::Ok, outcome } => match &outcome.code {
                        Some(ResponseCode::UidValidity(value)) => uid_validity = Some(*value),
                        Some(ResponseCode::UidNext(value)) => uid_next = Some(*value),
                        Some(ResponseCode::PermanentFlags(flags)) => {
                            allows_keyword = flags
                                .iter()
                                .any(|flag| flag == "\\*" || flag.eq_ignore_ascii_case(KEYWORD));
                        }
                        _ => {}
                    },
                    _ => {}
                }
                Ok(())
            })
            .await?;
        let uid_validity = uid_validity
            .filter(|value| *value != 0)
            .ok_or(ImapError::Protocol { what: WHAT, why: "no UIDVALIDITY" })?;
        let is_read_only = matches!(code, Some(ResponseCode::ReadOnly));
        self.selected = Some(folder.to_owned());
        Ok(Selected {
            uid_validity,
            uid_next,
            exists,
            allows_keyword: allows_keyword && !is_read_only,
            is_read_only,
        })
    }

    /// A folder's name in a command, as the server wrote it in its list.
    pub(super) fn quoted(&self, folder: &str) -> String {
        match self.wire_names.get(folder) {
            Some(wire) => names::quoted_wire(wire),
            None => names::quoted(folder),
        }
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// [`ImapError::Refused`] when it cannot be made or is there.
    pub async fn create(&mut self, folder: &str) -> Result<(), ImapError> {
        let command = format!("CREATE {}", names::quoted(folder));
        self.command("create a folder", &command, |_| Ok(())).await.map(|_| ())
    }

    /// The selected folder, as it was named.
    #[must_use]
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }
}
