-- When it was proven last that this server commits: one row. The time is that of the
-- server; 0 is never.
CREATE TABLE portcullis_heartbeat (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    at bigint NOT NULL
);
INSERT INTO portcullis_heartbeat (at) VALUES (0);
