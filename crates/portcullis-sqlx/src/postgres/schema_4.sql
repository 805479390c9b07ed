-- What the nodes of key rings tell each other: ids of keys and times, no keys.
CREATE TABLE portcullis_key_rings (
    name text PRIMARY KEY,
    version bigint NOT NULL,
    record text NOT NULL
);
