//! Proof of work without third parties: a number that takes some tries to find, none to check.

use sha2::{Digest, Sha256};

/// Whether `answer` solves the puzzle of `seed`: the SHA-256 of "seed:answer" begins with so
/// many zero bits. With 0 bits there is no puzzle, and so nobody solved it.
pub(crate) fn is_solved(seed: &str, answer: &str, bits: u32) -> bool {
    let is_number = (1..=20).contains(&answer.len()) && answer.bytes().all(|b| b.is_ascii_digit());
    if bits == 0 || !is_number {
        return false;
    }
    let digest = Sha256::digest(format!("{seed}:{answer}"));
    let mut first = [0; 8];
    first.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_searched_for_solves_the_puzzle_and_others_do_not() {
        let solves = |n: &u32| is_solved("seed", &n.to_string(), 8);
        let found = (0..100_000).find(solves).expect("one in 256 does");
        assert!(!is_solved("another seed", &found.to_string(), 24));
        assert!(!is_solved("seed", &found.to_string(), 0));
        for answer in ["", " 1", "-1", "0x1", "111111111111111111111"] {
            assert!(!is_solved("seed", answer, 1), "{answer}");
        }
        let share = (0..4_000).filter(solves).count();
        assert!((2..60).contains(&share), "about one in 256: {share}");
    }
}
