//! A file of a sort that is read: the first byte chooses which.
#![no_main]

use libfuzzer_sys::fuzz_target;

const SORTS: [&str; 10] = [
    "application/pdf; name=a.pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document; name=a.docx",
    "application/vnd.oasis.opendocument.text; name=a.odt",
    "application/rtf; name=a.rtf",
    "application/ms-tnef; name=winmail.dat",
    "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
    "message/rfc822",
    "application/octet-stream; name=a.eml",
    "application/octet-stream; name=a.txt",
    "application/zip; name=a.zip",
];

fuzz_target!(|input: &[u8]| {
    let Some((chosen, bytes)) = input.split_first() else { return };
    let sort = SORTS[usize::from(*chosen) % SORTS.len()];
    fuzz::whole(&fuzz::mail_of(sort, bytes));
});
