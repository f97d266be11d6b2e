# The command with the inspection station, on a small Debian. docs/installing.md says how to run it.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /oddspot
COPY . .
RUN cargo install --locked --path crates/oddspot-cli --features onnx,serve --root /installed

FROM debian:bookworm-slim
# `watch` has a folder for each day: TZ says where that day is.
RUN apt-get update && apt-get install -y --no-install-recommends tzdata && rm -rf /var/lib/apt/lists/*
COPY --from=build /installed/bin/oddspot /usr/local/bin/oddspot
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/oddspot/
RUN useradd --create-home --uid 1000 oddspot
# Where `serve` keeps its data when no folder of the host is mounted: a volume takes over who owns it.
RUN install -d -o oddspot -g oddspot -m 700 /data
USER oddspot
# Images, models and results: a folder of the host is to be mounted here.
WORKDIR /work
# The pages of `serve --listen 0.0.0.0:8480`.
EXPOSE 8480
ENTRYPOINT ["oddspot"]
CMD ["--help"]
