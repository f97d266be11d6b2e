-- How many images in a row have the same pixels, this one with them, where these are too many for it to be trusted.
ALTER TABLE inspection ADD COLUMN repeats BIGINT;
-- The person who sent it by the page.
ALTER TABLE inspection ADD COLUMN sent_by TEXT;

-- Verdicts over time are counted in indexes alone, those by one model too.
CREATE INDEX inspection_of_model ON inspection (station, model, judged_at, verdict);
CREATE INDEX inspection_not_good ON inspection (judged_at, station, verdict) WHERE verdict <> 'good';
