-- What was used that may be used once, until it could not be used any more.
CREATE TABLE portcullis_once (
    digest bytea PRIMARY KEY,
    first bytea NOT NULL,
    at bigint NOT NULL,
    expires bigint NOT NULL
);

CREATE INDEX portcullis_once_expires ON portcullis_once (expires);
