-- The last log-out of everybody of each realm, numbered in the order of all
-- log-outs. Kept for ever.
CREATE TABLE portcullis_cut_offs (
    realm text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    at bigint NOT NULL
);

-- The number of the ticket that a row began with. Where it is not known, because a
-- version wrote the row that knows no cut-offs, its time decides.
ALTER TABLE portcullis_sessions ADD COLUMN ticket bigint;
ALTER TABLE portcullis_application_tokens ADD COLUMN ticket bigint;
