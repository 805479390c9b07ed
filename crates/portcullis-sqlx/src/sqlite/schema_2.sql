-- Revoked access tokens. Their ids are unique within their issuer only, so that
-- they are told apart by the realm, too.
ALTER TABLE portcullis_revoked_tokens RENAME TO portcullis_revoked_tokens_1;

CREATE TABLE portcullis_revoked_tokens (
    realm TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (realm, id)
) STRICT, WITHOUT ROWID;

INSERT INTO portcullis_revoked_tokens (realm, id, name, at, until)
    SELECT realm, id, name, at, until FROM portcullis_revoked_tokens_1;

DROP TABLE portcullis_revoked_tokens_1;
