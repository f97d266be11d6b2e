-- A history of version 1, as its program wrote it: a station, its model, two inspections, a label.
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'history','2026-11-29 21:06:49',1,X'109941FBC7AD689E43E7BC651506D19C05900A7A56D2B4BA158044FF22E1C00203C59620F5DBF7B59D365979FD7965A3',7169082);
CREATE TABLE image_health (
    inspection TEXT NOT NULL REFERENCES inspection (id),
    signal TEXT NOT NULL,
    value DOUBLE PRECISION,
    -- Whether it lies beyond all good images.
    is_beyond BIGINT NOT NULL,
    PRIMARY KEY (inspection, signal)
);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','light',6.19002580642700195312e-02,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','brightness',7.87600021362304687517e+01,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','contrast',4.11889991760253906241e+01,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','black',0.0,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','burnt_out',3.66210006177425384521e-04,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','focus',4.17540013790130615234e-01,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','noise',3.058300018310546875e+00,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','colour',5.033100128173828125e+01,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','red_cast',-2.02730000019073486328e-01,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','blue_cast',-1.1214999854564666748e-01,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','right',-2.50139203853905200958e-03,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','down',-1.10236380714923143386e-03,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','larger',-1.93919334560632705688e-03,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','turned',-8.17176187410950660705e-04,0);
INSERT INTO "image_health" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','unlike',-6.84023261070251464843e-01,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','light',3.20211648941040039062e-02,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','brightness',7.67060012817382812482e+01,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','contrast',4.06310005187988281232e+01,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','black',0.0,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','burnt_out',3.66210006177425384521e-04,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','focus',4.35290008783340454101e-01,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','noise',3.115200042724609375e+00,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','colour',4.88160018920898437517e+01,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','red_cast',-1.99430003762245178222e-01,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','blue_cast',-1.12029999494552612304e-01,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','right',-2.1527783246710896492e-05,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','down',-4.56245336681604385375e-03,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','larger',1.87125545926392078399e-03,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','turned',-9.14565008133649826049e-03,0);
INSERT INTO "image_health" VALUES('01a22921-d680-722c-a158-317bbd1c9180','unlike',-2.51010656356811523437e-01,0);
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
INSERT INTO "inspection" VALUES('01a22921-c912-7665-8035-b48d94fe01cd','board','2026-11-29T21:06:49.746Z','1','a7b20d9d77219407fbc06ba04d558caf0287670ac1610bcbd04cfbf681992c3c','b04f2495ec5adffdf83ca28fd3b1bd3e659704ae44d13d8a3d1c14f58d220f44','png',124105,'good',1.61320996284484863281e+00,5.97610807418823242187e+00,4.15955638885498046875e+00,NULL,101.506477,'http',NULL,NULL,NULL,NULL,'{"verdict":"good","score":1.61321,"threshold":5.976108074188232,"check_threshold":4.1595563888549805,"why":null,"looks_wrong_share":1.0,"wrong_place_share":0.0,"terms":[{"term":"gaussian","share":0.7258754018349715},{"term":"memory","share":0.27412459816502854}],"peak":{"x":65,"y":11},"place":null,"alignment":null,"health":{"brightness":78.76,"contrast":41.189,"black":0.0,"burnt_out":0.00036621,"focus":0.41754,"noise":3.0583,"colour":50.331,"red_cast":-0.20273,"blue_cast":-0.11215,"light":0.061900258,"right":-0.002501392,"down":-0.0011023638,"larger":-0.0019391933,"turned":-0.0008171762,"unlike":-0.68402326,"beyond":[]},"width":256,"height":256,"regions":[]}');
INSERT INTO "inspection" VALUES('01a22921-d680-722c-a158-317bbd1c9180','board','2026-11-29T21:06:53.184Z','4','a7b20d9d77219407fbc06ba04d558caf0287670ac1610bcbd04cfbf681992c3c','cace048adb760ed4d32a84fc22da8c377882f17f8afcc9a8106449baaa0ea210','png',124150,'anomalous',2.47545318603515624995e+01,5.97610807418823242187e+00,4.15955638885498046875e+00,'looks wrong (99 %)',1.37581057000000015475e+02,'http',NULL,NULL,NULL,NULL,'{"verdict":"anomalous","score":24.754532,"threshold":5.976108074188232,"check_threshold":4.1595563888549805,"why":"looks wrong","looks_wrong_share":0.988349570761138,"wrong_place_share":0.011650429238861938,"terms":[{"term":"gaussian","share":0.8378322219152218},{"term":"memory","share":0.16216777808477825}],"peak":{"x":177,"y":184},"place":null,"alignment":null,"health":{"brightness":76.706,"contrast":40.631,"black":0.0,"burnt_out":0.00036621,"focus":0.43529,"noise":3.1152,"colour":48.816,"red_cast":-0.19943,"blue_cast":-0.11203,"light":0.032021165,"right":-0.000021527783,"down":-0.0045624534,"larger":0.0018712555,"turned":-0.00914565,"unlike":-0.25101066,"beyond":[]},"width":256,"height":256,"regions":[{"left":161,"top":166,"width":34,"height":37,"area":1016,"peak":24.754532}]}');
CREATE TABLE label (
    inspection TEXT PRIMARY KEY REFERENCES inspection (id),
    truth TEXT NOT NULL CHECK (truth IN ('good', 'bad')),
    defect TEXT,
    note TEXT,
    set_at TEXT NOT NULL
);
INSERT INTO "label" VALUES('01a22921-d680-722c-a158-317bbd1c9180','bad','missing',NULL,'2026-11-29T21:06:54.629Z');
CREATE TABLE model_version (
    sha256 TEXT PRIMARY KEY,
    oddspot TEXT NOT NULL,
    threshold DOUBLE PRECISION NOT NULL,
    check_threshold DOUBLE PRECISION NOT NULL,
    added_at TEXT NOT NULL
);
INSERT INTO "model_version" VALUES('a7b20d9d77219407fbc06ba04d558caf0287670ac1610bcbd04cfbf681992c3c','0.1.0',5.97610807418823242187e+00,4.15955638885498046875e+00,'2026-11-29T21:06:49.495Z');
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
INSERT INTO "region" VALUES('01a22921-d680-722c-a158-317bbd1c9180',0,161,166,34,37,1016,2.47545318603515624995e+01);
CREATE TABLE station (
    name TEXT PRIMARY KEY,
    -- The model that judges.
    model TEXT REFERENCES model_version (sha256),
    added_at TEXT NOT NULL
);
INSERT INTO "station" VALUES('board','a7b20d9d77219407fbc06ba04d558caf0287670ac1610bcbd04cfbf681992c3c','2026-11-29T21:06:49.495Z');
CREATE INDEX inspection_of_station ON inspection (station, id);
CREATE INDEX inspection_of_verdict ON inspection (verdict, id);
CREATE INDEX inspection_by_time ON inspection (judged_at);
CREATE INDEX inspection_of_day ON inspection (station, judged_at, verdict);
CREATE INDEX inspection_by_score ON inspection (score, id);
CREATE INDEX inspection_of_score ON inspection (station, score, id);
CREATE INDEX inspection_of_part ON inspection (part_id, id);
COMMIT;
