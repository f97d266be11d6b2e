-- When it was taken away: what it judged stays, and it is at work no more.
ALTER TABLE station ADD COLUMN removed_at TEXT;
-- The name that it gets, while its rows are on the way there.
ALTER TABLE station ADD COLUMN renamed_to TEXT;
