-- All times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE portcullis_sessions (
    id TEXT PRIMARY KEY,
    realm TEXT NOT NULL,
    name TEXT NOT NULL,
    client TEXT,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    idle_deadline INTEGER NOT NULL,
    absolute_deadline INTEGER NOT NULL,
    secret_digest BLOB NOT NULL,
    refresh_key TEXT NOT NULL,
    granted TEXT NOT NULL,
    user_agent TEXT,
    address TEXT,
    rotated_by BLOB,
    rotated_from INTEGER NOT NULL,
    late_retry_by BLOB,
    revoked_at INTEGER,
    revoked_reason TEXT,
    revoked_by BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX portcullis_sessions_subject ON portcullis_sessions (realm, name);
CREATE INDEX portcullis_sessions_idle ON portcullis_sessions (idle_deadline);
CREATE INDEX portcullis_sessions_revoked ON portcullis_sessions (revoked_at)
    WHERE revoked_at IS NOT NULL;

-- Tokens without expiry, good while they are here and not removed.
CREATE TABLE portcullis_application_tokens (
    id TEXT PRIMARY KEY,
    realm TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX portcullis_application_tokens_subject
    ON portcullis_application_tokens (realm, name);
CREATE INDEX portcullis_application_tokens_removed
    ON portcullis_application_tokens (removed_at) WHERE removed_at IS NOT NULL;

-- Access tokens that have no session.
CREATE TABLE portcullis_revoked_tokens (
    id TEXT PRIMARY KEY,
    realm TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last log-out everywhere of each subject, numbered in their order.
CREATE TABLE portcullis_log_outs (
    realm TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (realm, name)
) STRICT, WITHOUT ROWID;

-- The last number given, and the highest whose log-out has been purged.
CREATE TABLE portcullis_order (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    number INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
) STRICT;

INSERT INTO portcullis_order (only_row, number, forgotten) VALUES (1, 0, 0);
