-- What the nodes of key rings tell each other: ids of keys and times, no keys.
CREATE TABLE portcullis_key_rings (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
