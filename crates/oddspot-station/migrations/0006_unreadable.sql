-- Files of folders that are no usable images and stay where they are: each is told of once, across starts.
CREATE TABLE unreadable (
    station TEXT NOT NULL REFERENCES station (name),
    file_name TEXT NOT NULL,
    file_bytes BIGINT NOT NULL,
    file_written_ns BIGINT NOT NULL,
    reason TEXT NOT NULL,
    found_at TEXT NOT NULL,
    PRIMARY KEY (station, file_name)
);
