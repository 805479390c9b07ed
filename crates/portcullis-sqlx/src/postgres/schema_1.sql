-- All times are milliseconds since 1970-01-01T00:00:00Z. Texts compare byte by
-- byte, whatever the language of the database.

-- No index on what a refresh changes, and space for the new row beside the old
-- one: a refresh then touches no index (heap-only tuples).
CREATE TABLE portcullis_sessions (
    id uuid PRIMARY KEY,
    realm text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    client text COLLATE "C",
    generation bigint NOT NULL,
    created_at bigint NOT NULL,
    rotated_at bigint NOT NULL,
    idle_deadline bigint NOT NULL,
    absolute_deadline bigint NOT NULL,
    secret_digest bytea NOT NULL,
    refresh_key text COLLATE "C" NOT NULL,
    granted text NOT NULL,
    user_agent text COLLATE "C",
    address text COLLATE "C",
    rotated_by bytea,
    rotated_from bigint NOT NULL,
    late_retry_by bytea,
    revoked_at bigint,
    revoked_reason text COLLATE "C",
    revoked_by bytea
) WITH (fillfactor = 80);

CREATE INDEX portcullis_sessions_subject ON portcullis_sessions (realm, name);
CREATE INDEX portcullis_sessions_revoked ON portcullis_sessions (revoked_at)
    WHERE revoked_at IS NOT NULL;

-- Tokens without expiry, good while they are here and not removed.
CREATE TABLE portcullis_application_tokens (
    id text COLLATE "C" PRIMARY KEY,
    realm text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    removed_at bigint
);

CREATE INDEX portcullis_application_tokens_subject
    ON portcullis_application_tokens (realm, name);
CREATE INDEX portcullis_application_tokens_removed
    ON portcullis_application_tokens (removed_at) WHERE removed_at IS NOT NULL;

-- Access tokens that have no session.
CREATE TABLE portcullis_revoked_tokens (
    id text COLLATE "C" PRIMARY KEY,
    realm text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    until bigint NOT NULL
);

CREATE INDEX portcullis_revoked_tokens_at ON portcullis_revoked_tokens (at);

-- One row for each subject, to be locked by whatever must be ordered: logins
-- share it, a log-out everywhere has it alone. With the number and time of the
-- subject's last log-out everywhere.
CREATE TABLE portcullis_subjects (
    realm text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    number bigint NOT NULL DEFAULT 0,
    at bigint,
    PRIMARY KEY (realm, name)
);

CREATE INDEX portcullis_subjects_at ON portcullis_subjects (at) WHERE at IS NOT NULL;

-- The last number given, and the highest whose log-out has been purged. Not a
-- sequence: its numbers become visible before their log-out has happened, and
-- a crash may give one twice.
CREATE TABLE portcullis_order (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    number bigint NOT NULL,
    forgotten bigint NOT NULL
);

INSERT INTO portcullis_order (number, forgotten) VALUES (0, 0);
