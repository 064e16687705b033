//! The moments of a destruction at which a test lets the process die.

use domain::plan::Stage;

/// Before a stage begins.
pub(super) fn before(stage: Stage) -> &'static str {
    match stage {
        Stage::Protect => "destruction_protect",
        Stage::Tell => "destruction_tell",
        Stage::Rows => "destruction_rows",
        Stage::Objects => "destruction_objects_noted",
        Stage::Copies => "destruction_copies",
        Stage::Verify => "destruction_verify",
        Stage::Answer => "destruction_answer",
        Stage::Close | Stage::Done => "destruction_close",
    }
}

/// After a stage was written down.
pub(super) fn after(stage: Stage) -> &'static str {
    match stage {
        Stage::Protect => "destruction_protected",
        Stage::Tell => "destruction_told",
        Stage::Rows => "destruction_rows_gone",
        Stage::Objects => "destruction_objects_done",
        Stage::Copies => "destruction_copies_gone",
        Stage::Verify => "destruction_verified",
        Stage::Answer => "destruction_answered",
        Stage::Close | Stage::Done => "destruction_closed",
    }
}
