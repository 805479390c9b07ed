-- The last log-out of everybody of each realm, numbered in the order of all
-- log-outs. Kept for ever.
CREATE TABLE portcullis_cut_offs (
    realm TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The number of the ticket that a row began with. Where it is not known, because a
-- version wrote the row that knows no cut-offs, its time decides.
ALTER TABLE portcullis_sessions ADD COLUMN ticket INTEGER;
ALTER TABLE portcullis_application_tokens ADD COLUMN ticket INTEGER;
