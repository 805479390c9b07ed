-- For lists that are read page by page, and for forgetting batch by batch.

-- When the purge looks at a row again: no later than the session's first deadline, and than
-- its last refresh. Logins and the purge write them, refreshes do not, and so touch no index.
ALTER TABLE portcullis_sessions ADD COLUMN purge_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE portcullis_sessions ADD COLUMN device_at INTEGER NOT NULL DEFAULT 0;

DROP INDEX portcullis_sessions_idle;
CREATE INDEX portcullis_sessions_purge ON portcullis_sessions (purge_at);
CREATE INDEX portcullis_sessions_device ON portcullis_sessions (device_at);

-- The sessions of a subject, those that have ended apart: a list, a login and a log-out pay
-- for those that go on.
DROP INDEX portcullis_sessions_subject;
CREATE INDEX portcullis_sessions_live ON portcullis_sessions (realm, name, created_at, id)
    WHERE revoked_at IS NULL;
CREATE INDEX portcullis_sessions_ended ON portcullis_sessions (realm, name, id)
    WHERE revoked_at IS NOT NULL;

-- What was revoked, in the order in which it is told.
DROP INDEX portcullis_sessions_revoked;
CREATE INDEX portcullis_sessions_told ON portcullis_sessions (revoked_at, id)
    WHERE revoked_at IS NOT NULL;
DROP INDEX portcullis_application_tokens_removed;
CREATE INDEX portcullis_application_tokens_told
    ON portcullis_application_tokens (removed_at, id) WHERE removed_at IS NOT NULL;
CREATE INDEX portcullis_revoked_tokens_told ON portcullis_revoked_tokens (at, realm, id);
CREATE INDEX portcullis_log_outs_told ON portcullis_log_outs (at, realm, name);

CREATE INDEX portcullis_revoked_tokens_until ON portcullis_revoked_tokens (until);
-- What a log-out of everybody has cut off.
CREATE INDEX portcullis_application_tokens_ticket
    ON portcullis_application_tokens (realm, ticket) WHERE removed_at IS NULL;

-- Log-outs everywhere of subjects with so many sessions that their rows are not written at
-- once. Until they are, what began with an earlier ticket is over by this row.
CREATE TABLE portcullis_ending (
    realm TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (realm, name)
) STRICT, WITHOUT ROWID;
