CREATE TABLE model_version (
    sha256 TEXT PRIMARY KEY,
    oddspot TEXT NOT NULL,
    threshold DOUBLE PRECISION NOT NULL,
    check_threshold DOUBLE PRECISION NOT NULL,
    added_at TEXT NOT NULL
);

CREATE TABLE station (
    name TEXT PRIMARY KEY,
    -- The model that judges.
    model TEXT REFERENCES model_version (sha256),
    added_at TEXT NOT NULL
);

CREATE TABLE inspection (
    -- In the order in which they were judged.
    id TEXT PRIMARY KEY,
    station TEXT NOT NULL REFERENCES station (name),
    judged_at TEXT NOT NULL,
    part_id TEXT,
    model TEXT NOT NULL REFERENCES model_version (sha256),
    image TEXT NOT NULL,
    image_format TEXT NOT NULL,
    image_bytes BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    threshold DOUBLE PRECISION NOT NULL,
    check_threshold DOUBLE PRECISION NOT NULL,
    reason TEXT,
    latency_ms DOUBLE PRECISION NOT NULL,
    source TEXT NOT NULL,
    -- Of an image that came into a folder: its path there, and how it lay there.
    file_name TEXT,
    file_bytes BIGINT,
    file_written_ns BIGINT,
    idempotency_key TEXT,
    -- All that was found, as the library tells it.
    finding TEXT NOT NULL,
    UNIQUE (station, idempotency_key),
    UNIQUE (station, file_name, file_bytes, file_written_ns, image)
);

CREATE INDEX inspection_of_station ON inspection (station, id);
CREATE INDEX inspection_of_verdict ON inspection (verdict, id);
CREATE INDEX inspection_by_time ON inspection (judged_at);
CREATE INDEX inspection_of_day ON inspection (station, judged_at, verdict);
CREATE INDEX inspection_by_score ON inspection (score, id);
CREATE INDEX inspection_of_score ON inspection (station, score, id);
CREATE INDEX inspection_of_part ON inspection (part_id, id);

CREATE TABLE region (
    inspection TEXT NOT NULL REFERENCES inspection (id),
    -- The highest peak is 0.
    number BIGINT NOT NULL,
    x BIGINT NOT NULL,
    y BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    area BIGINT NOT NULL,
    peak DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (inspection, number)
);

CREATE TABLE image_health (
    inspection TEXT NOT NULL REFERENCES inspection (id),
    signal TEXT NOT NULL,
    value DOUBLE PRECISION,
    -- Whether it lies beyond all good images.
    is_beyond BIGINT NOT NULL,
    PRIMARY KEY (inspection, signal)
);

CREATE TABLE label (
    inspection TEXT PRIMARY KEY REFERENCES inspection (id),
    truth TEXT NOT NULL CHECK (truth IN ('good', 'bad')),
    defect TEXT,
    note TEXT,
    set_at TEXT NOT NULL
);
