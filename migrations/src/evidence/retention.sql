-- What the nightly look let go of in its row, and the vault has yet to destroy.
CREATE TABLE vault_debt (
    id {id},
    object_id TEXT,
    vault_key_id TEXT,
    noted_at {int} NOT NULL
) {strict};
