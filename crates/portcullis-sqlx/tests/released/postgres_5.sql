CREATE TABLE portcullis_application_tokens (
    id text NOT NULL COLLATE pg_catalog."C",
    realm text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    removed_at bigint,
    ticket bigint
);

CREATE TABLE portcullis_cut_offs (
    realm text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE portcullis_key_rings (
    name text NOT NULL,
    version bigint NOT NULL,
    record text NOT NULL
);

CREATE TABLE portcullis_once (
    digest bytea NOT NULL,
    first bytea NOT NULL,
    at bigint NOT NULL,
    expires bigint NOT NULL
);

CREATE TABLE portcullis_order (
    only_row boolean DEFAULT true NOT NULL,
    number bigint NOT NULL,
    forgotten bigint NOT NULL,
    CONSTRAINT portcullis_order_only_row_check CHECK (only_row)
);

CREATE TABLE portcullis_revoked_tokens (
    id text NOT NULL COLLATE pg_catalog."C",
    realm text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL,
    until bigint NOT NULL
);

CREATE TABLE portcullis_schema (
    version bigint NOT NULL
);

CREATE TABLE portcullis_sessions (
    id uuid NOT NULL,
    realm text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    client text COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    created_at bigint NOT NULL,
    rotated_at bigint NOT NULL,
    idle_deadline bigint NOT NULL,
    absolute_deadline bigint NOT NULL,
    secret_digest bytea NOT NULL,
    refresh_key text NOT NULL COLLATE pg_catalog."C",
    granted text NOT NULL,
    user_agent text COLLATE pg_catalog."C",
    address text COLLATE pg_catalog."C",
    rotated_by bytea,
    rotated_from bigint NOT NULL,
    late_retry_by bytea,
    revoked_at bigint,
    revoked_reason text COLLATE pg_catalog."C",
    revoked_by bytea,
    ticket bigint
)
WITH (fillfactor='80');

CREATE TABLE portcullis_subjects (
    realm text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    number bigint DEFAULT 0 NOT NULL,
    at bigint
);

INSERT INTO portcullis_application_tokens VALUES ('bob-live', 'staff', 'bob', 1791360000000, NULL, 0);
INSERT INTO portcullis_application_tokens VALUES ('bob-removed', 'staff', 'bob', 1791360000000, 1791360000000, 0);
INSERT INTO portcullis_application_tokens VALUES ('dave-token', 'staff', 'dave', 1791532800000, 1791532800000, 0);
INSERT INTO portcullis_application_tokens VALUES ('frank-token', 'guests', 'frank', 1791619200000, NULL, 1);

INSERT INTO portcullis_cut_offs VALUES ('guests', 2, 1791705600000);

INSERT INTO portcullis_key_rings VALUES ('ring', 1, '{"keys": ''a''}');

INSERT INTO portcullis_once VALUES ('\x4d4eb9486ecb592cb596d93e0c3060924448964b22030f2e2d1c9c07397cb10b', '\x07070707070707070707070707070707', 1791360000000, 2422080000000);
INSERT INTO portcullis_once VALUES ('\x96327ed0298aca3fdcc723615324ed12547a18dd688da00685675466610d46b3', '\x07070707070707070707070707070707', 1791360000000, 1791446400000);

INSERT INTO portcullis_order VALUES (true, 2, 0);

INSERT INTO portcullis_revoked_tokens VALUES ('jti-good', 'staff', 'bob', 1791360000000, 2422080000000);
INSERT INTO portcullis_revoked_tokens VALUES ('jti-past', 'staff', 'bob', 1791360000000, 1791446400000);

INSERT INTO portcullis_schema VALUES (1);
INSERT INTO portcullis_schema VALUES (2);
INSERT INTO portcullis_schema VALUES (3);
INSERT INTO portcullis_schema VALUES (4);
INSERT INTO portcullis_schema VALUES (5);

INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000001', 'staff', 'bob', NULL, 0, 1791360000000, 1791360000000, 2422080000000, 2422080000000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000002', 'staff', 'bob', NULL, 3, 1791360000000, 1791360000000, 2422080000000, 2422080000000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.2', '\x22222222222222222222222222222222', 2, NULL, NULL, NULL, NULL, 0);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000003', 'staff', 'bob', NULL, 1, 1791360000000, 1791360000000, 2422080000000, 2422080000000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.2', '\x30303030303030303030303030303030', 0, '\x01010101010101010101010101010101', NULL, NULL, NULL, 0);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000004', 'staff', 'carol', NULL, 0, 1791446400000, 1791446400000, 2422166400000, 2422166400000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, 1791446400000, 'logout', NULL, 0);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000005', 'staff', 'carol', NULL, 1, 1791446400000, 1791446400000, 2422166400000, 2422166400000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.2', '\x50505050505050505050505050505050', 0, NULL, 1791532800000, 'reuse', '\x02020202020202020202020202020202', 0);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000006', 'staff', 'dave', NULL, 0, 1791532800000, 1791532800000, 2422252800000, 2422252800000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, 1791532800000, 'logout_everywhere', NULL, 0);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000007', 'staff', 'dave', NULL, 0, 1791532800000, 1791532800000, 2422252800000, 2422252800000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, 1791532800000, 'logout_everywhere', NULL, 0);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000008', 'staff', 'dave', NULL, 0, 1791619200000, 1791619200000, 2422339200000, 2422339200000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, NULL, NULL, NULL, 1);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000009', 'staff', 'erin', NULL, 0, 1791619200000, 1791619200000, 1791705600000, 2422339200000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, NULL, NULL, NULL, 1);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000010', 'guests', 'frank', NULL, 0, 1791619200000, 1791619200000, 2422339200000, 2422339200000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, NULL, NULL, NULL, 1);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000011', 'guests', 'frank', NULL, 0, 1791705600000, 1791705600000, 2422425600000, 2422425600000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, NULL, NULL, NULL, 2);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000013', 'staff', 'o''neil; "--\ Zoë 🔑', 'web''app', 0, 1791705600000, 1791705600000, 2422425600000, 2422425600000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{"scope":"a:b \"c\"","auth_time":1700000000}', 'it''s ü
', '2001:db8::1', NULL, 0, NULL, NULL, NULL, NULL, 2);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000012', 'staff', 'gina', NULL, 0, 1791705600000, 1791705600000, 2422425600000, 2422425600000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO portcullis_sessions VALUES ('00000000-0000-4000-8000-000000000014', 'staff', 'gina', NULL, 0, 1791705600000, 1791705600000, 2422425600000, 2422425600000, '\x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'key', '{}', 'browser', '192.0.2.1', NULL, 0, NULL, 1791705600000, 'fraud', NULL, 2);

INSERT INTO portcullis_subjects VALUES ('staff', 'bob', 0, NULL);
INSERT INTO portcullis_subjects VALUES ('staff', 'carol', 0, NULL);
INSERT INTO portcullis_subjects VALUES ('staff', 'dave', 1, 1791532800000);
INSERT INTO portcullis_subjects VALUES ('staff', 'erin', 0, NULL);
INSERT INTO portcullis_subjects VALUES ('guests', 'frank', 0, NULL);
INSERT INTO portcullis_subjects VALUES ('staff', 'gina', 0, NULL);
INSERT INTO portcullis_subjects VALUES ('staff', 'o''neil; "--\ Zoë 🔑', 0, NULL);

ALTER TABLE ONLY portcullis_application_tokens
    ADD CONSTRAINT portcullis_application_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY portcullis_cut_offs
    ADD CONSTRAINT portcullis_cut_offs_pkey PRIMARY KEY (realm);

ALTER TABLE ONLY portcullis_key_rings
    ADD CONSTRAINT portcullis_key_rings_pkey PRIMARY KEY (name);

ALTER TABLE ONLY portcullis_once
    ADD CONSTRAINT portcullis_once_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY portcullis_order
    ADD CONSTRAINT portcullis_order_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY portcullis_revoked_tokens
    ADD CONSTRAINT portcullis_revoked_tokens_pkey PRIMARY KEY (realm, id);

ALTER TABLE ONLY portcullis_schema
    ADD CONSTRAINT portcullis_schema_pkey PRIMARY KEY (version);

ALTER TABLE ONLY portcullis_sessions
    ADD CONSTRAINT portcullis_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY portcullis_subjects
    ADD CONSTRAINT portcullis_subjects_pkey PRIMARY KEY (realm, name);

CREATE INDEX portcullis_application_tokens_removed ON portcullis_application_tokens USING btree (removed_at) WHERE (removed_at IS NOT NULL);

CREATE INDEX portcullis_application_tokens_subject ON portcullis_application_tokens USING btree (realm, name);

CREATE INDEX portcullis_once_expires ON portcullis_once USING btree (expires);

CREATE INDEX portcullis_revoked_tokens_at ON portcullis_revoked_tokens USING btree (at);

CREATE INDEX portcullis_sessions_revoked ON portcullis_sessions USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);

CREATE INDEX portcullis_sessions_subject ON portcullis_sessions USING btree (realm, name);

CREATE INDEX portcullis_subjects_at ON portcullis_subjects USING btree (at) WHERE (at IS NOT NULL);
