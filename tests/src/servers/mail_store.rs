//! The Maildirs that Postfix delivers into and Dovecot shows, and the people they belong to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    maildir,
    place::{Place, runs_as_root},
};

/// A person (or an organisation) with a mailbox of the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The address, which is the login as well.
    pub address: String,
    /// The password.
    pub password: String,
}

/// All mailboxes of a test under one directory: `<address>/Maildir`.
#[derive(Debug, Clone)]
pub struct MailStore {
    /// The directory of all mailboxes.
    pub root: PathBuf,
    /// Who owns the files: a number without a name where the tests run as root, since both
    /// servers refuse to deliver as root.
    pub uid: u32,
    /// The group of the files.
    pub gid: u32,
    /// Everybody who has a mailbox.
    pub accounts: Vec<Account>,
}

impl MailStore {
    /// Makes an empty mailbox for each address; its password is `secret`.
    ///
    /// # Errors
    /// When a directory cannot be made.
    pub fn make(place: &Place, addresses: &[&str]) -> Result<Self> {
        let root = place.room("mail")?;
        let (uid, gid) = if runs_as_root() {
            (20_001, 20_001)
        } else {
            (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
        };
        let accounts = addresses
            .iter()
            .map(|address| Account {
                address: (*address).to_owned(),
                password: "secret".to_owned(),
            })
            .collect();
        let store = Self { root, uid, gid, accounts };
        for address in addresses {
            maildir::make(&store.maildir(address))?;
        }
        maildir::give(&store.root, uid, gid)?;
        Ok(store)
    }

    /// The Maildir of one address.
    #[must_use]
    pub fn maildir(&self, address: &str) -> PathBuf {
        self.root.join(address).join("Maildir")
    }

    /// Puts a mail into a mailbox without any server, as delivered `seconds` after 1970.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn deliver(&self, address: &str, raw: &[u8], seconds: i64) -> Result<()> {
        let path = maildir::deliver(&self.maildir(address), raw, seconds)?;
        maildir::give(&path, self.uid, self.gid)
    }

    /// All mails that lie in a mailbox, whatever the folder flags.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn mails(&self, address: &str) -> Result<Vec<Vec<u8>>> {
        maildir::mails(&self.maildir(address))
    }

    /// Gives the inbox another UIDVALIDITY and new UIDs, as a restored server does. Only while
    /// Dovecot is stopped.
    ///
    /// # Errors
    /// When Dovecot has not opened the mailbox yet.
    pub fn change_uid_validity(&self, address: &str) -> Result<()> {
        let maildir = self.maildir(address);
        let list = maildir.join("dovecot-uidlist");
        let old = fs::read_to_string(&list)?;
        let head = old.lines().next().unwrap_or_default();
        let changed: Vec<String> = head
            .split(' ')
            .map(|word| match word.strip_prefix('V').and_then(|v| v.parse::<u32>().ok()) {
                Some(validity) => format!("V{}", validity.wrapping_add(1000)),
                None if word.starts_with('N') => "N1".to_owned(),
                None => word.to_owned(),
            })
            .collect();
        for entry in fs::read_dir(&maildir)? {
            let path = entry?.path();
            if is_dovecot_index(&path) {
                fs::remove_file(path)?;
            }
        }
        fs::write(&list, format!("{}\n", changed.join(" ")))?;
        maildir::give(&list, self.uid, self.gid)
    }
}

fn is_dovecot_index(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("dovecot.index") || name.starts_with("dovecot-uidvalidity")
}
