//! The file of a package: equal facts give equal bytes, so that what was approved is what is sent.

use std::io::{Cursor, Write as _};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::CasesError;

/// The name of this form of `data.json`; docs/access.md tells its fields.
pub const FORMAT: &str = "consentry-package/1";

/// A ZIP of these files in this order, with no time of its making.
pub(super) fn pack(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, CasesError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o600);
    for (name, bytes) in files {
        writer.start_file(name.as_str(), options).map_err(|_| CasesError::Content)?;
        writer.write_all(bytes).map_err(|_| CasesError::Content)?;
    }
    Ok(writer.finish().map_err(|_| CasesError::Content)?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::pack;

    #[test]
    fn equal_files_make_equal_bytes() {
        let files = [("index.html".to_owned(), b"<p>".to_vec()), ("data.json".to_owned(), vec![])];
        assert_eq!(pack(&files).expect("packed"), pack(&files).expect("packed"));
    }
}
