-- When its image was removed; all else of it stays.
ALTER TABLE inspection ADD COLUMN image_removed_at TEXT;

CREATE INDEX inspection_of_image ON inspection (image, station, image_removed_at, image_bytes);
CREATE INDEX inspection_with_image ON inspection (station, verdict, id, image) WHERE image_removed_at IS NULL;

-- Images that a model of a station learned from, or that may be among these: they were good images of it.
CREATE TABLE learned_image (
    station TEXT NOT NULL REFERENCES station (name),
    image TEXT NOT NULL,
    -- 0 where nobody looked: rows that name it have them.
    image_bytes BIGINT NOT NULL,
    PRIMARY KEY (station, image)
);

CREATE INDEX learned_image_of_image ON learned_image (image);
CREATE INDEX good_image_of_image ON good_image (image);

-- When it was noted which images it learned from.
ALTER TABLE station_model ADD COLUMN learned_noted_at TEXT;
