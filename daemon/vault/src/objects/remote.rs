//! Objects in an object storage, spoken to by the crate `object_store`.
//!
//! A PUT is whole or absent and durable when answered, so nothing is staged on disk. The same
//! code runs over S3 and, in tests, over the crate's in-memory and local back ends.

use std::fs;
use std::path::Path as FilePath;
use std::sync::Arc;

use domain::ids::ObjectId;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use zeroize::Zeroizing;

use crate::config::{Addressing, S3Location};
use crate::error::VaultError;
use crate::shard;

/// Requests of one call that run at once.
const CONCURRENCY: usize = 16;
const SUFFIX: &str = ".obj";

/// A bucket, or what stands for one in tests.
#[derive(Debug)]
pub(crate) struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Remote {
    pub(crate) fn over(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { store, prefix: Path::from(prefix) }
    }

    /// Makes the client of a bucket; nothing is sent yet. Blocks: it reads the credentials.
    pub(crate) fn s3(location: &S3Location) -> Result<Self, VaultError> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&location.bucket)
            .with_region(&location.region)
            .with_access_key_id(read_credential(&location.access_key_id_file)?.as_str())
            .with_secret_access_key(read_credential(&location.secret_access_key_file)?.as_str())
            .with_virtual_hosted_style_request(location.addressing == Addressing::VirtualHost);
        if let Some(endpoint) = &location.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(plain_http(endpoint)?);
        }
        let store = builder
            .build()
            .map_err(|error| VaultError::Misconfigured(format!("`vault.objects`: {error}")))?;
        Ok(Self::over(Arc::new(store), &location.prefix))
    }

    /// Proves that the bucket can be written, read and cleaned.
    pub(crate) async fn probe(&self) -> Result<(), VaultError> {
        let path = self.prefix.clone().join(format!("probe-{}", std::process::id()));
        self.store
            .put(&path, b"probe".as_slice().into())
            .await
            .map_err(failed("write to bucket", &path))?;
        self.store.head(&path).await.map_err(failed("read from bucket", &path))?;
        self.store.delete(&path).await.map_err(failed("delete from bucket", &path))
    }

    fn path(&self, object: ObjectId) -> Path {
        let [span, part] = shard::of(object.0);
        self.prefix.clone().join(span).join(part).join(format!("{object}{SUFFIX}"))
    }

    pub(crate) async fn publish(
        &self,
        objects: Vec<(ObjectId, Vec<u8>)>,
    ) -> Result<(), VaultError> {
        stream::iter(objects.into_iter().map(|(object, bytes)| async move {
            let path = self.path(object);
            let put = self.store.put(&path, bytes.into()).await;
            put.map(|_| ()).map_err(failed("write object", &path))
        }))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
    }

    /// Which of these objects exist.
    pub(crate) async fn existing(&self, ids: &[ObjectId]) -> Result<Vec<bool>, VaultError> {
        // Collected first: with the closure inside, the compiler cannot tell those who spawn the
        // whole future that it is `Send`.
        let looks: Vec<_> = ids.iter().map(|object| self.exists(*object)).collect();
        stream::iter(looks).buffered(CONCURRENCY).try_collect().await
    }

    async fn exists(&self, object: ObjectId) -> Result<bool, VaultError> {
        let path = self.path(object);
        match self.store.head(&path).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed("look for object", &path)(error)),
        }
    }

    /// The first `limit` bytes of an object, or none when there is no such object.
    pub(crate) async fn read(
        &self,
        object: ObjectId,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.path(object);
        let answer = async {
            if limit == u64::MAX {
                self.store.get(&path).await?.bytes().await
            } else {
                self.store.get_range(&path, 0..limit).await
            }
        };
        match answer.await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("read object", &path)(error)),
        }
    }

    /// Removes an object; that it is gone already is fine.
    pub(crate) async fn delete(&self, object: ObjectId) -> Result<(), VaultError> {
        let path = self.path(object);
        match self.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed("delete object", &path)(error)),
        }
    }

    /// The ids of all objects.
    pub(crate) async fn list(&self) -> Result<Vec<ObjectId>, VaultError> {
        let mut objects: Vec<ObjectId> = self
            .store
            .list(Some(&self.prefix))
            .map_err(failed("list objects below", &self.prefix))
            .try_filter_map(|found| async move {
                let name = found.location.filename();
                Ok(name.and_then(|name| shard::id_in(name, SUFFIX)).map(ObjectId))
            })
            .try_collect()
            .await?;
        objects.sort_unstable();
        Ok(objects)
    }
}

fn failed(
    operation: &'static str,
    path: &Path,
) -> impl Fn(object_store::Error) -> VaultError + use<> {
    let place = format!("`{path}`");
    move |source| VaultError::Unavailable {
        operation,
        place: place.clone(),
        source: Box::new(source),
    }
}

/// The first line of a credential file.
fn read_credential(path: &FilePath) -> Result<Zeroizing<String>, VaultError> {
    let text = fs::read_to_string(path).map_err(VaultError::io("read credential", path))?;
    let text = Zeroizing::new(text);
    match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
        Some(line) => Ok(Zeroizing::new(line.to_owned())),
        None => Err(VaultError::Misconfigured(format!(
            "credential file {} is empty; write the secret on its first line",
            path.display()
        ))),
    }
}

/// Whether the endpoint is plain HTTP, which only loopback may be.
fn plain_http(endpoint: &str) -> Result<bool, VaultError> {
    let Some(rest) = endpoint.strip_prefix("http://") else {
        return Ok(false);
    };
    let authority = rest.split('/').next().unwrap_or("");
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    // With `user@` in front the host would be another than it seems.
    if matches!(host, "localhost" | "127.0.0.1" | "[::1]") && !authority.contains('@') {
        Ok(true)
    } else {
        Err(VaultError::Misconfigured(format!(
            "object storage endpoint `{endpoint}` is not encrypted; use https://"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(directory: &FilePath, endpoint: &str) -> S3Location {
        let file = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).expect("written");
            path
        };
        S3Location {
            bucket: "mail".into(),
            prefix: "consentry".into(),
            region: "ru-central1".into(),
            endpoint: Some(endpoint.into()),
            addressing: Addressing::Path,
            access_key_id_file: file("id", "AKIA\n"),
            secret_access_key_file: file("secret", "hush-hush\n"),
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        let directory = tempfile::tempdir().expect("directory");
        for (endpoint, allowed) in [
            ("https://storage.example", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000/", true),
            ("http://storage.example", false),
            ("http://localhost.storage.example", false),
            ("http://127.0.0.1@storage.example", false),
            ("http://127.0.0.1:9000@storage.example", false),
        ] {
            let made = Remote::s3(&location(directory.path(), endpoint));
            assert_eq!(made.is_ok(), allowed, "{endpoint}: {:?}", made.err());
        }
    }

    #[test]
    fn credentials_do_not_print() {
        let directory = tempfile::tempdir().expect("directory");
        let remote =
            Remote::s3(&location(directory.path(), "https://storage.example")).expect("made");
        assert!(!format!("{remote:?} {}", remote.store).contains("hush-hush"));
        let mut empty = location(directory.path(), "https://storage.example");
        fs::write(directory.path().join("none"), "\n").expect("written");
        empty.secret_access_key_file = directory.path().join("none");
        let message = Remote::s3(&empty).expect_err("refused").to_string();
        assert!(message.contains("first line"), "{message}");
    }
}
