CREATE TABLE "user" (
    -- Without capitals: a keyboard that begins with one opens the same door.
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('operator', 'engineer', 'admin')),
    -- Argon2id, with its parameters and its salt.
    password TEXT NOT NULL,
    -- Whether somebody else knows the password, so that it is to be changed first.
    is_to_change BIGINT NOT NULL DEFAULT 0,
    added_at TEXT NOT NULL,
    signed_in_at TEXT
);

CREATE TABLE session (
    -- SHA-256 of what the browser has.
    id TEXT PRIMARY KEY,
    "user" TEXT NOT NULL REFERENCES "user" (name),
    began_at TEXT NOT NULL,
    seen_at TEXT NOT NULL
);

CREATE INDEX session_of_user ON session ("user");

CREATE TABLE token (
    name TEXT PRIMARY KEY,
    -- SHA-256 of what the program has.
    secret TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('machine', 'reader')),
    -- The only station that it is for; without one it is for all.
    station TEXT,
    added_at TEXT NOT NULL,
    used_at TEXT
);

CREATE TABLE audit (
    -- In the order in which it was done.
    id TEXT PRIMARY KEY,
    done_at TEXT NOT NULL,
    -- A user, a token, the terminal of the machine, or anyone.
    kind TEXT NOT NULL CHECK (kind IN ('user', 'token', 'terminal', 'anyone')),
    -- The name of the user or the token.
    who TEXT,
    address TEXT,
    deed TEXT NOT NULL,
    -- What it was done to.
    subject TEXT,
    detail TEXT
);

-- The user who said it.
ALTER TABLE label ADD COLUMN who TEXT;
-- The token with which the image was sent.
ALTER TABLE inspection ADD COLUMN token TEXT;
