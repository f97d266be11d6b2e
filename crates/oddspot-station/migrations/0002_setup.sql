ALTER TABLE station ADD COLUMN is_paused BIGINT NOT NULL DEFAULT 0;
-- Whether it was made from the page, and by no configuration.
ALTER TABLE station ADD COLUMN is_of_page BIGINT NOT NULL DEFAULT 0;
-- Polygons of what is inspected, as JSON; all without them.
ALTER TABLE station ADD COLUMN mask TEXT;
-- SHA-256 of the model file that the configuration named last.
ALTER TABLE station ADD COLUMN configured_model TEXT;

CREATE TABLE good_image (
    station TEXT NOT NULL REFERENCES station (name),
    image TEXT NOT NULL,
    image_format TEXT NOT NULL,
    image_bytes BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    file_name TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('upload', 'history')),
    is_left_out BIGINT NOT NULL DEFAULT 0,
    added_at TEXT NOT NULL,
    PRIMARY KEY (station, image)
);

CREATE TABLE job (
    -- In the order in which they were asked for.
    id BIGINT PRIMARY KEY,
    station TEXT NOT NULL REFERENCES station (name),
    kind TEXT NOT NULL CHECK (kind IN ('audit', 'instant', 'default')),
    -- Settings that are other than the kind's, as JSON.
    settings TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    progress DOUBLE PRECISION NOT NULL,
    stage TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    began_at TEXT,
    ended_at TEXT,
    -- What came of it, in a sentence.
    outcome TEXT,
    -- What was found among the good images, as JSON.
    audit TEXT,
    -- Losses, as JSON.
    losses TEXT
);

CREATE INDEX job_of_station ON job (station, id);
CREATE INDEX job_of_state ON job (state, id);

CREATE TABLE station_model (
    station TEXT NOT NULL REFERENCES station (name),
    model TEXT NOT NULL REFERENCES model_version (sha256),
    added_at TEXT NOT NULL,
    -- Where it comes from: a file of the configuration, an upload, a job, thresholds that were moved, or, of a
    -- station of version 1, unknown.
    source TEXT NOT NULL CHECK (source IN ('file', 'upload', 'job', 'thresholds', 'before')),
    file_name TEXT,
    job BIGINT REFERENCES job (id),
    -- The model whose thresholds were moved: both give the same scores.
    based_on TEXT REFERENCES model_version (sha256),
    -- Good images that it comes from; NULL where it was not looked at.
    good_images BIGINT,
    -- The polygons that its training had, as JSON; NULL where it had none or where they are not known.
    mask TEXT,
    PRIMARY KEY (station, model)
);

CREATE TABLE activation (
    station TEXT NOT NULL REFERENCES station (name),
    -- In their order.
    number BIGINT NOT NULL,
    model TEXT NOT NULL REFERENCES model_version (sha256),
    activated_at TEXT NOT NULL,
    -- Whether a person chose it.
    is_by_person BIGINT NOT NULL,
    -- When it was rolled back.
    undone_at TEXT,
    PRIMARY KEY (station, number)
);

INSERT INTO station_model (station, model, added_at, source)
SELECT station, model, MIN(judged_at), 'before' FROM inspection GROUP BY station, model;

INSERT INTO station_model (station, model, added_at, source)
SELECT name, model, added_at, 'before' FROM station
WHERE model IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM station_model WHERE station_model.station = station.name AND station_model.model = station.model);

INSERT INTO activation (station, number, model, activated_at, is_by_person)
SELECT name, 1, model, added_at, 0 FROM station WHERE model IS NOT NULL;
