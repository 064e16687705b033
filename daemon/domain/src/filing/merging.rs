//! Planned blocks of several labels become as few as possible.
//!
//! Called by the filing table when all rows were applied.

use super::PlannedBlock;

/// Keeps for each target the widest blocks: what another planned block covers goes into it.
pub(super) fn merge_blocks(blocks: &mut Vec<PlannedBlock>) {
    let mut merged: Vec<PlannedBlock> = Vec::new();
    for block in blocks.drain(..) {
        if let Some(held) = merged
            .iter_mut()
            .find(|held| held.target == block.target && held.scope.covers(&block.scope))
        {
            add_basis(&mut held.basis, &block.basis);
            continue;
        }
        let mut block = block;
        merged.retain(|held| {
            let swallowed = held.target == block.target && block.scope.covers(&held.scope);
            if swallowed {
                add_basis(&mut block.basis, &held.basis);
            }
            !swallowed
        });
        merged.push(block);
    }
    *blocks = merged;
}

fn add_basis(basis: &mut String, more: &str) {
    for word in more.split(' ').filter(|word| !word.is_empty()) {
        if !basis.split(' ').any(|held| held == word) {
            basis.push(' ');
            basis.push_str(word);
        }
    }
}
