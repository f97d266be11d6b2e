-- How many images in a row have the same pixels, this one with them, where these are too many for it to be trusted.
ALTER TABLE inspection ADD COLUMN repeats BIGINT;

-- Verdicts over time are counted in the index alone.
DROP INDEX inspection_by_time;
CREATE INDEX inspection_by_time ON inspection (judged_at, verdict);
