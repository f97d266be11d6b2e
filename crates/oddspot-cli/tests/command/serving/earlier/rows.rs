//! What stood in a history of each version: rows of what that version added. `{…}` are filled in.

/// By step: the first are those of version 1.
pub const ROWS: [&str; 9] = [
    HISTORY, SETUP, OUTBOX, ACCESS, KEEPING, UNREADABLE, ANEW, STATIONS, IMAGES,
];

const HISTORY: &str = r#"
INSERT INTO model_version (sha256, oddspot, threshold, check_threshold, added_at)
VALUES ('{model}', '0.0.7', 5.5, 4.25, '{then}');
INSERT INTO station (name, model, added_at) VALUES ('model', '{model}', '{then}');
INSERT INTO inspection (id, station, judged_at, part_id, model, image, image_format, image_bytes, verdict, score,
    threshold, check_threshold, reason, latency_ms, source, file_name, file_bytes, file_written_ns, idempotency_key, finding)
VALUES
('01a22921-c912-7665-8035-b48d94fe01c1', 'model', '{then}', 'SN1', '{model}', '{image}', 'png', {bytes}, 'good', 1.5,
    5.5, 4.25, NULL, 101.5, 'http', NULL, NULL, NULL, 'key 1', '{"verdict":"good","score":1.5,{finding},"regions":[]}'),
('01a22921-c912-7665-8035-b48d94fe01c2', 'model', '{then}', 'SN2', '{model}', '{image}', 'png', {bytes}, 'anomalous', 24.75,
    5.5, 4.25, 'looks wrong (99 %)', 137.5, 'folder', 'sub/b.png', 7, 1700000000000000000, NULL,
    '{"verdict":"anomalous","score":24.75,{finding},"regions":[{"left":16,"top":17,"width":8,"height":9,"area":55,"peak":24.75}]}'),
('01a22921-c912-7665-8035-b48d94fe01c3', 'model', '{then}', 'SN3', '{model}', '{gone}', 'png', 7, 'good', 2.5,
    5.5, 4.25, NULL, 1.5, 'http', NULL, NULL, NULL, NULL, '{"verdict":"good","score":2.5,{finding},"regions":[]}');
INSERT INTO region (inspection, number, x, y, width, height, area, peak)
VALUES ('01a22921-c912-7665-8035-b48d94fe01c2', 0, 16, 17, 8, 9, 55, 24.75);
INSERT INTO image_health (inspection, signal, value, is_beyond)
VALUES ('01a22921-c912-7665-8035-b48d94fe01c2', 'brightness', 78.5, 0), ('01a22921-c912-7665-8035-b48d94fe01c2', 'place', NULL, 1);
INSERT INTO label (inspection, truth, defect, note, set_at)
VALUES ('01a22921-c912-7665-8035-b48d94fe01c2', 'bad', 'missing', 'it''s gone', '{then}');
"#;

const SETUP: &str = r#"
UPDATE station SET is_of_page = 1, mask = '{mask}';
INSERT INTO good_image (station, image, image_format, image_bytes, width, height, file_name, source, is_left_out, added_at)
VALUES ('model', '{image}', 'png', {bytes}, 96, 96, 'a.png', 'upload', 1, '{then}');
INSERT INTO job (id, station, kind, settings, state, progress, stage, asked_at, began_at, ended_at, outcome, audit, losses)
VALUES (1, 'model', 'instant', '{"image_size":"96"}', 'done', 1, '', '{then}', '{then}', '{then}',
    'model 0123 judges from now on', '{"images":1,"suspicious":[],"twins":[]}', '[[1,0.5]]');
INSERT INTO station_model (station, model, added_at, source, file_name, job, good_images)
VALUES ('model', '{model}', '{then}', 'job', NULL, 1, 8);
INSERT INTO activation (station, number, model, activated_at, is_by_person) VALUES ('model', 1, '{model}', '{then}', 1);
"#;

const OUTBOX: &str = r#"
INSERT INTO outbox (station, output, event, kind, inspection, payload, since, attempts, next_attempt_at, last_error) VALUES
('model', 'jsonl', '01a22921-c912-7665-8035-b48d94fe01c2', 'inspection', '01a22921-c912-7665-8035-b48d94fe01c2', NULL, '{then}', 3, '{then}', 'refused'),
('model', 'jsonl', '01a22921-c912-7665-8035-b48d94fe01c4', 'missed', NULL,
    '{"id":"01a22921-c912-7665-8035-b48d94fe01c4","station":"model","time":"{then}","verdict":"missed","reason":"queue_full","detail":"full","images":2,"part_id":null,"file":null}',
    '{then}', 0, NULL, NULL);
"#;

const ACCESS: &str = r#"
INSERT INTO "user" (name, role, password, is_to_change, added_at) VALUES ('anna', 'admin', '{password}', 0, '{then}');
INSERT INTO session (id, "user", began_at, seen_at) VALUES ('{gone}', 'anna', '{then}', '{then}');
INSERT INTO token (name, secret, role, station, added_at) VALUES ('camera', '{secret}', 'machine', 'model', '{then}');
INSERT INTO audit (id, done_at, kind, who, address, deed, subject, detail)
VALUES ('01a22921-c912-7665-8035-b48d94fe01c5', '{then}', 'user', 'anna', '127.0.0.1', 'model_activated', 'model', '0123');
UPDATE label SET who = 'anna';
UPDATE inspection SET token = 'camera' WHERE part_id = 'SN1';
"#;

const KEEPING: &str = r#"
UPDATE inspection SET image_removed_at = '{then}' WHERE part_id = 'SN3';
INSERT INTO learned_image (station, image, image_bytes) VALUES ('model', '{image}', {bytes});
UPDATE station_model SET learned_noted_at = '{then}';
"#;

const UNREADABLE: &str = r#"
INSERT INTO unreadable (station, file_name, file_bytes, file_written_ns, reason, found_at)
VALUES ('model', 'broken.png', 8, 1700000000000000000, 'no image', '{then}');
"#;

const ANEW: &str = r#"
INSERT INTO judged_anew (model, image, verdict, score, is_learned, judged_at)
VALUES ('{model}', '{image}', 'check', 4.5, 1, '{then}');
INSERT INTO job (id, station, kind, settings, state, progress, stage, asked_at, ended_at, outcome, is_forced, models, result)
VALUES (2, 'model', 'labels', '{}', 'done', 1, '', '{then}', '{then}', '1 labelled parts were judged anew', 0, '["{model}"]',
    '{"kind":"judged","judged":1,"failed":0,"why":null}');
"#;

const STATIONS: &str = r#"
INSERT INTO station (name, added_at, removed_at) VALUES ('old', '{then}', '{then}');
"#;

const IMAGES: &str = r#"
UPDATE inspection SET repeats = 3, sent_by = 'anna' WHERE part_id = 'SN2';
"#;
