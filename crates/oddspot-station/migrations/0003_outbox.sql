-- What is still to be told on an output of a station.
CREATE TABLE outbox (
    station TEXT NOT NULL REFERENCES station (name),
    output TEXT NOT NULL,
    -- In the order in which it came: the inspection's id, or one of the same kind.
    event TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('inspection', 'missed')),
    inspection TEXT REFERENCES inspection (id),
    -- Of what is no inspection: all of it.
    payload TEXT,
    since TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at TEXT,
    last_error TEXT,
    PRIMARY KEY (station, output, event)
);

CREATE INDEX outbox_of_inspection ON outbox (inspection);
