-- Revoked access tokens. Their ids are unique within their issuer only, so that
-- they are told apart by the realm, too.
ALTER TABLE portcullis_revoked_tokens
    DROP CONSTRAINT portcullis_revoked_tokens_pkey,
    ADD PRIMARY KEY (realm, id);
