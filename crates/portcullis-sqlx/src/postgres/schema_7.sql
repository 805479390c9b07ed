-- For lists that are read page by page, and for forgetting batch by batch. All of it can be
-- made beforehand, beside what runs: the columns in no time, the indexes CONCURRENTLY. On
-- large tables it has to be.

-- When the purge looks at a row again: no later than the session's first deadline, and than
-- its last refresh. Logins and the purge write them, refreshes do not, and so touch no index.
ALTER TABLE portcullis_sessions
    ADD COLUMN IF NOT EXISTS purge_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS device_at bigint NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS portcullis_sessions_purge ON portcullis_sessions (purge_at);
CREATE INDEX IF NOT EXISTS portcullis_sessions_device ON portcullis_sessions (device_at);

-- The sessions of a subject, those that have ended apart: a list, a login and a log-out pay
-- for those that go on.
CREATE INDEX IF NOT EXISTS portcullis_sessions_live
    ON portcullis_sessions (realm, name, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX IF NOT EXISTS portcullis_sessions_ended
    ON portcullis_sessions (realm, name, id) WHERE revoked_at IS NOT NULL;
DROP INDEX portcullis_sessions_subject;

-- What was revoked, in the order in which it is told.
CREATE INDEX IF NOT EXISTS portcullis_sessions_told
    ON portcullis_sessions (revoked_at, id) WHERE revoked_at IS NOT NULL;
DROP INDEX portcullis_sessions_revoked;
CREATE INDEX IF NOT EXISTS portcullis_application_tokens_told
    ON portcullis_application_tokens (removed_at, id) WHERE removed_at IS NOT NULL;
DROP INDEX portcullis_application_tokens_removed;
CREATE INDEX IF NOT EXISTS portcullis_revoked_tokens_told
    ON portcullis_revoked_tokens (at, realm, id);
DROP INDEX portcullis_revoked_tokens_at;
CREATE INDEX IF NOT EXISTS portcullis_subjects_told
    ON portcullis_subjects (at, realm, name) WHERE at IS NOT NULL;
DROP INDEX portcullis_subjects_at;

CREATE INDEX IF NOT EXISTS portcullis_revoked_tokens_until ON portcullis_revoked_tokens (until);
-- What a log-out of everybody has cut off.
CREATE INDEX IF NOT EXISTS portcullis_application_tokens_ticket
    ON portcullis_application_tokens (realm, ticket) WHERE removed_at IS NULL;

-- Log-outs everywhere of subjects with so many sessions that their rows are not written at
-- once. Until they are, what began with an earlier ticket is over by this row.
CREATE TABLE portcullis_ending (
    realm text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (realm, name)
);
