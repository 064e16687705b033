//! `[vault]`: where raw mail and its keys lie.

use std::path::{Path, PathBuf};

use vault::{Addressing, ObjectsLocation, S3Location};

use super::secret::{Secret, SecretError};
use super::section::Section;

/// Where objects and keys lie.
#[derive(Debug, Clone)]
pub struct VaultConfig {
    objects: Objects,
    /// The keys.
    pub keys_directory: PathBuf,
    compression_level: i32,
}

#[derive(Debug, Clone)]
enum Objects {
    Directory(PathBuf),
    S3(S3Config),
}

#[derive(Debug, Clone)]
struct S3Config {
    bucket: String,
    prefix: String,
    region: String,
    endpoint: Option<String>,
    addressing: Addressing,
    access_key_id_file: Secret,
    secret_access_key_file: Secret,
}

impl VaultConfig {
    pub(super) fn read(mut section: Section<'_>, data: &Path) -> Self {
        let s3 = section.optional_section("s3");
        let directory = section.optional_path("objects_directory");
        if s3.is_some() && directory.is_some() {
            section.wrong("objects_directory", "stands beside [vault.s3]; remove one of them");
        }
        let directory = directory.unwrap_or_else(|| data.join("objects"));
        let keys = section.optional_path("keys_directory");
        let level = section.number("compression_level", 1..=19, 3);
        section.finish();
        Self {
            objects: s3.and_then(read_s3).map_or(Objects::Directory(directory), Objects::S3),
            keys_directory: keys.unwrap_or_else(|| data.join("keys")),
            compression_level: i32::try_from(level).unwrap_or(3),
        }
    }

    /// What the vault wants to know.
    ///
    /// # Errors
    /// [`SecretError`] when a credential is not there.
    pub fn open(&self) -> Result<vault::VaultConfig, SecretError> {
        let objects = match &self.objects {
            Objects::Directory(path) => ObjectsLocation::Directory(path.clone()),
            Objects::S3(s3) => ObjectsLocation::S3(S3Location {
                bucket: s3.bucket.clone(),
                prefix: s3.prefix.clone(),
                region: s3.region.clone(),
                endpoint: s3.endpoint.clone(),
                addressing: s3.addressing,
                access_key_id_file: s3.access_key_id_file.path()?,
                secret_access_key_file: s3.secret_access_key_file.path()?,
            }),
        };
        Ok(vault::VaultConfig {
            objects,
            keys_directory: self.keys_directory.clone(),
            compression_level: self.compression_level,
            // A form or a package may be larger than a mail; the largest mail is 256 MiB.
            max_object_size: 512 << 20,
        })
    }

    /// The host that objects are on: an S3 storage without an address of its own is Amazon's.
    #[must_use]
    pub fn object_host(&self) -> Option<String> {
        let Objects::S3(s3) = &self.objects else { return None };
        let amazon = format!("s3.{}.amazonaws.com", s3.region);
        let Some(endpoint) = &s3.endpoint else { return Some(amazon) };
        let after = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, after)| after);
        let host = after.split('/').next().unwrap_or_default();
        let port = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        Some(port.map_or(host, |(host, _)| host).to_owned())
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let secrets = match &self.objects {
            Objects::Directory(_) => None,
            Objects::S3(s3) => Some([&s3.access_key_id_file, &s3.secret_access_key_file]),
        };
        secrets.into_iter().flatten()
    }
}

fn read_s3(mut section: Section<'_>) -> Option<S3Config> {
    let bucket = section.text("bucket", "consentry");
    let prefix = section.optional_text("prefix").unwrap_or_default();
    let region = section.text("region", "ru-central1");
    let endpoint = section.optional_read("endpoint", super::organisation::web_address);
    let words = [("path", Addressing::Path), ("virtual_host", Addressing::VirtualHost)];
    let addressing = section.word("addressing", &words);
    let id = section.secret("access_key_id_file", "credential:s3-id");
    let key = section.secret("secret_access_key_file", "credential:s3-secret");
    section.finish();
    Some(S3Config {
        bucket,
        prefix,
        region,
        endpoint,
        addressing,
        access_key_id_file: id?,
        secret_access_key_file: key?,
    })
}
