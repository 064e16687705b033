//! The resolver of the machine, for checking DKIM signatures. The one place that asks the DNS.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{RData, RecordType};
use intake::authenticate::{LookupFailed, TxtLookup};

const PATIENCE: Duration = Duration::from_secs(10);

/// The resolver of `/etc/resolv.conf`.
#[derive(Clone)]
pub struct SystemDns(TokioResolver);

impl std::fmt::Debug for SystemDns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemDns")
    }
}

impl SystemDns {
    /// Reads the machine's settings.
    ///
    /// # Errors
    /// When there is no resolver; signatures are then not checked here.
    pub fn of_this_machine() -> Result<Arc<Self>, NetError> {
        Ok(Arc::new(Self(TokioResolver::builder_tokio()?.build()?)))
    }
}

impl TxtLookup for SystemDns {
    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Vec<u8>>, LookupFailed>> {
        async move {
            let asked = tokio::time::timeout(PATIENCE, self.0.lookup(name, RecordType::TXT));
            match asked.await {
                Ok(Ok(answer)) => Ok(answer.answers().iter().filter_map(joined).collect()),
                Ok(Err(error)) if error.is_no_records_found() || error.is_nx_domain() => {
                    Ok(Vec::new())
                }
                Ok(Err(_)) | Err(_) => Err(LookupFailed),
            }
        }
        .boxed()
    }
}

fn joined(record: &hickory_resolver::proto::rr::Record) -> Option<Vec<u8>> {
    match &record.data {
        RData::TXT(text) => Some(text.txt_data.concat()),
        _ => None,
    }
}
