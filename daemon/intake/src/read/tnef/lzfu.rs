//! Packed RTF (MS-OXRTFCP): what it inflates to, up to a limit.
//!
//! Called by `tnef` for the body. References look back into a window of 4 KiB that begins with
//! words which every RTF file has.

/// As much as is inflated.
const MAX_INFLATED: usize = 2 * 1024 * 1024;
/// The size of the window.
const WINDOW: usize = 4_096;
/// What the window begins with (MS-OXRTFCP §3.1.1.1).
const BEGINNING: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \
\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\
\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Inflates a packed file; `None` when it is none.
pub(super) fn inflate(packed: &[u8]) -> Option<Vec<u8>> {
    let field = |at: usize| super::number(packed.get(at..)?);
    let size = usize::try_from(field(4)?).ok()?.min(MAX_INFLATED);
    let data = packed.get(16..)?;
    match packed.get(8..12)? {
        b"MELA" => Some(data[..data.len().min(size)].to_vec()),
        b"LZFu" => Some(unpack(data, size)),
        _ => None,
    }
}

fn unpack(data: &[u8], size: usize) -> Vec<u8> {
    let mut window = [0u8; WINDOW];
    window[..BEGINNING.len()].copy_from_slice(BEGINNING);
    let mut write = BEGINNING.len();
    let mut whole = Vec::with_capacity(size.min(data.len().saturating_mul(4)));
    let mut bytes = data.iter().copied();
    while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            if whole.len() >= size {
                return whole;
            }
            if flags & (1 << bit) == 0 {
                let Some(byte) = bytes.next() else { return whole };
                whole.push(byte);
                window[write] = byte;
                write = (write + 1) % WINDOW;
                continue;
            }
            let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else { return whole };
            let reference = usize::from(high) << 8 | usize::from(low);
            let (from, length) = (reference >> 4, (reference & 0x0f) + 2);
            // A reference to the place of the next byte ends the file.
            if from == write {
                return whole;
            }
            for step in 0..length {
                let byte = window[(from + step) % WINDOW];
                whole.push(byte);
                window[write] = byte;
                write = (write + 1) % WINDOW;
            }
        }
    }
    whole
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn packed(kind: &[u8; 4], size: usize, data: &[u8]) -> Vec<u8> {
        let length = |of: usize| u32::try_from(of).expect("short").to_le_bytes();
        [&length(data.len() + 12)[..], &length(size), kind, &[0; 4], data].concat()
    }

    /// A file that is not packed at all.
    pub(in super::super) fn stored(file: &[u8]) -> Vec<u8> {
        packed(b"MELA", file.len(), file)
    }

    #[test]
    fn references_reach_into_the_beginning_and_into_what_was_written() {
        assert_eq!(BEGINNING.len(), 207);
        // "{\rtf1" from the beginning of the window, "ab", and "abab" from behind it.
        let data = [0b0000_1001, 0x00, 0x04, b'a', b'b', 0x0d, 0x52, 0, 0, 0, 0];
        assert_eq!(
            inflate(&packed(b"LZFu", 12, &data)).as_deref(),
            Some(&b"{\\rtf1ababab\0\0\0\0"[..]).map(|whole| &whole[..12])
        );
    }

    #[test]
    fn what_is_too_long_or_cut_ends_where_it_must() {
        assert_eq!(inflate(b"LZFu"), None);
        assert_eq!(inflate(&packed(b"none", 5, b"abc")), None);
        let far = packed(b"LZFu", usize::MAX >> 40, &[0xff, 0x00, 0x0f].repeat(1_000));
        assert!(inflate(&far).is_some_and(|whole| whole.len() <= MAX_INFLATED + 17));
    }
}
