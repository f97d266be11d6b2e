-- What labelled images are by models that did not judge them when they came: each is judged once by each.
CREATE TABLE judged_anew (
    model TEXT NOT NULL REFERENCES model_version (sha256),
    image TEXT NOT NULL,
    verdict TEXT NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    -- Whether the model learned from it: then its score says nothing.
    is_learned BIGINT NOT NULL,
    judged_at TEXT NOT NULL,
    PRIMARY KEY (model, image)
);

-- Kinds of jobs grow: the program knows them, and the tables take any.
ALTER TABLE job ADD COLUMN does TEXT NOT NULL DEFAULT '';
UPDATE job SET does = kind;
ALTER TABLE job DROP COLUMN kind;
ALTER TABLE job RENAME COLUMN does TO kind;
-- Whether it is to be done though something speaks against it.
ALTER TABLE job ADD COLUMN is_forced BIGINT NOT NULL DEFAULT 0;
-- Models that it is about, as JSON.
ALTER TABLE job ADD COLUMN models TEXT;
-- What came of it by its kind, as JSON.
ALTER TABLE job ADD COLUMN result TEXT;
