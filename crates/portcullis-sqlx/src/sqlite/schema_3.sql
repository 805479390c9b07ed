-- What was used that may be used once, until it could not be used any more.
CREATE TABLE portcullis_once (
    digest BLOB PRIMARY KEY,
    first BLOB NOT NULL,
    at INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX portcullis_once_expires ON portcullis_once (expires);
