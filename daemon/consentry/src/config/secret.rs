//! Where a secret lies: a file, or a credential that systemd hands over. Never the secret itself.
//!
//! The place is found when the secret is needed, not when the configuration is read: a command
//! that an administrator types outside the unit has no credentials and mostly needs none.

use std::env;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The place of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The configuration key that names it, for messages.
    key: String,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Credential(String),
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text names no place.
    #[error(
        "`{0}` is neither an absolute path nor \"credential:NAME\"; a secret is never written into the configuration itself"
    )]
    NoPlace(String),
    /// There are no credentials here.
    #[error(
        "`{key}` wants the credential `{name}`, but $CREDENTIALS_DIRECTORY is not set; run under the unit (LoadCredential={name}:…) or name a file"
    )]
    NoCredentials {
        /// The configuration key.
        key: String,
        /// The credential.
        name: String,
    },
    /// The file cannot be read.
    #[error("`{key}` names `{path}`, which cannot be read: {source}; check its path and rights")]
    Unreadable {
        /// The configuration key.
        key: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file says nothing.
    #[error("`{key}` names `{path}`, whose first line is empty; write the secret into it")]
    Empty {
        /// The configuration key.
        key: String,
        /// The file.
        path: PathBuf,
    },
}

impl Secret {
    /// Reads the place out of the configuration.
    ///
    /// # Errors
    /// [`SecretError::NoPlace`]; the text is repeated in no message if it might be a secret.
    pub fn parse(key: &str, text: &str) -> Result<Self, SecretError> {
        let place = match text.strip_prefix("credential:") {
            Some(name) if is_file_name(name) => Place::Credential(name.to_owned()),
            None if Path::new(text).is_absolute() => Place::File(PathBuf::from(text)),
            // What was written here may be the password itself.
            Some(_) | None => return Err(SecretError::NoPlace("the value".to_owned())),
        };
        Ok(Self { key: key.to_owned(), place })
    }

    /// The file that holds it.
    ///
    /// # Errors
    /// [`SecretError::NoCredentials`] outside the unit.
    pub fn path(&self) -> Result<PathBuf, SecretError> {
        match &self.place {
            Place::File(path) => Ok(path.clone()),
            Place::Credential(name) => match env::var_os("CREDENTIALS_DIRECTORY") {
                Some(directory) => Ok(Path::new(&directory).join(name)),
                None => {
                    let (key, name) = (self.key.clone(), name.clone());
                    Err(SecretError::NoCredentials { key, name })
                }
            },
        }
    }

    /// Whether it can be read; returns a warning when others may read it too.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn check(&self) -> Result<Option<String>, SecretError> {
        self.first_line()?;
        let path = self.path()?;
        let open = std::fs::metadata(&path).is_ok_and(|metadata| metadata.mode() & 0o007 != 0);
        Ok(open.then(|| {
            let path = path.display();
            format!("`{}` names `{path}`, which everybody can read; run chmod o= {path}", self.key)
        }))
    }

    /// The secret: the first line of the file.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn first_line(&self) -> Result<String, SecretError> {
        let path = self.path()?;
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(source) => {
                return Err(SecretError::Unreadable { key: self.key.clone(), path, source });
            }
        };
        let line = text.lines().next().unwrap_or_default().trim();
        if line.is_empty() {
            return Err(SecretError::Empty { key: self.key.clone(), path });
        }
        Ok(line.to_owned())
    }
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_a_place_and_what_is_none_is_not_repeated() {
        assert!(Secret::parse("k", "/etc/consentry/imap").is_ok());
        assert!(Secret::parse("k", "credential:imap").is_ok());
        for text in ["hunter2", "credential:../hunter2", "relative/hunter2"] {
            let error = Secret::parse("k", text).expect_err(text).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(Secret::parse("k", "credential:").is_err());
    }

    #[test]
    fn a_file_that_everybody_reads_is_a_warning() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("imap");
        std::fs::write(&path, "secret\n").expect("written");
        let secret = Secret::parse("mailbox[0].password_file", path.to_str().expect("text"))
            .expect("a place");
        for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
            let rights = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, rights).expect("set");
            assert_eq!(secret.check().expect("readable").is_some(), warned, "{mode:o}");
        }
        std::fs::write(&path, "\n").expect("written");
        assert!(matches!(secret.check(), Err(SecretError::Empty { .. })));
    }
}
