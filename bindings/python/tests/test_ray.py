"""Fleets on a Ray cluster of two nodes on this machine."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

ray = pytest.importorskip("ray")

import oddspot
import oddspot.ray
import pyarrow
from oddspot import _command, batches
from oddspot.batches import COLUMNS, Judge
from PIL import Image
from pyarrow import parquet
from ray.cluster_utils import Cluster

SIDE = 96
QUICK = ["--preset", "instant", "--image-size", str(SIDE), "--no-audit"]


def board(seed: int, lacks: bool = False) -> np.ndarray:
    """A grid of bright squares on a noisy ground, perhaps without one of them."""
    noise = np.random.default_rng(seed)
    image = noise.normal(60, 4, (SIDE, SIDE, 3))
    for row in range(4):
        for column in range(4):
            if not (lacks and (row, column) == (1, 2)):
                image[8 + 22 * row : 22 + 22 * row, 8 + 22 * column : 22 + 22 * column] += 30 * row + 20
    return image.clip(0, 255).astype(np.uint8)


def write(folder: Path, seeds: range, lacks: bool = False) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{seed}.png" for seed in seeds]
    for path, seed in zip(paths, seeds):
        Image.fromarray(board(seed, lacks)).save(path)
    return [str(path) for path in paths]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fleet")
    for part, first in (("a", 0), ("b", 100), ("c", 200)):
        write(root / part / "train/good", range(first, first + 8))
        write(root / part / "test/good", range(first + 50, first + 54))
        write(root / part / "test/missing", range(first + 60, first + 64), lacks=True)
    (root / "parts.csv").write_text("name,data\na,a\nb,b\nc,c\n")
    words = ["train", str(root / "a"), "-o", str(root / "a.oddspot"), *QUICK]
    assert _command.run(words).status == 0
    return root


@pytest.fixture(scope="session")
def cluster(world: Path):
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "object_store_memory": 200 * 2**20, "include_dashboard": False},
    )
    cluster.add_node(num_cpus=1, object_store_memory=200 * 2**20)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def rows(folder: Path) -> dict[str, dict]:
    found = parquet.read_table(folder).to_pylist()
    assert len({row["path"] for row in found}) == len(found), "a path was judged twice"
    return {row["path"]: row for row in found}


def said(world: Path, paths: list[str], name: str) -> dict[str, dict]:
    """What the command says of the same images."""
    out = world / name
    ended = _command.run(["detect", str(world / "a.oddspot"), *paths, "-o", str(out), "--no-pictures", "--quiet"])
    assert ended.status == 0, ended.error
    lines = (out / "results.jsonl").read_text().splitlines()
    return {line["image"]: line for line in map(json.loads, lines)}


def test_verdicts_are_those_of_the_command_to_the_bit(world: Path, cluster: Cluster) -> None:
    paths = write(world / "many", range(1000, 1060)) + write(world / "odd", range(2000, 2010), lacks=True)
    detected = oddspot.ray.detect(paths, world / "a.oddspot", world / "verdicts", batch=8)
    assert detected.images == 70 and detected.skipped == 0
    assert sum(detected.verdicts.values()) == 70
    found, expected = rows(world / "verdicts"), said(world, paths, "said")
    assert found.keys() == expected.keys()
    for path, row in found.items():
        line = expected[path]
        assert np.float32(row["score"]) == np.float32(line["score"]), path
        for name in ("verdict", "threshold", "check_threshold", "looks_wrong_share", "wrong_place_share"):
            one, other = row[name], line[name]
            assert (np.float32(one) == np.float32(other)) if name.endswith("share") else one == other, (path, name)
        assert row["regions"] == len(line["regions"])
        assert row["model_sha256"] == hashlib.sha256((world / "a.oddspot").read_bytes()).hexdigest()
    with pytest.raises(oddspot.MismatchError, match="is there already"):
        oddspot.ray.detect(paths, world / "a.oddspot", world / "verdicts")


def test_what_cannot_be_judged_has_its_reason(world: Path, cluster: Cluster) -> None:
    paths = write(world / "some", range(1000, 1004))
    (world / "some/broken.png").write_bytes(b"no image")
    paths += [str(world / "some/broken.png"), str(world / "some/none.png")]
    detected = oddspot.ray.detect(paths, world / "a.oddspot", world / "with errors")
    assert (detected.images, detected.skipped) == (6, 2)
    found = rows(world / "with errors")
    assert "there is no" in found[paths[5]]["error"] and found[paths[5]]["score"] is None
    assert found[paths[4]]["error"] and "\n" not in found[paths[4]]["error"]


def test_rows_without_a_path_and_frames_without_the_column_are_told(world: Path, cluster: Cluster) -> None:
    path = write(world / "some", range(1000, 1001))[0]
    mixed = ray.data.from_items([{"path": path}, {"path": None}])
    detected = oddspot.ray.detect(mixed, world / "a.oddspot", world / "mixed")
    assert (detected.images, detected.errors) == (2, ("the row has no path",))
    with pytest.raises(oddspot.OddspotError, match="there is no column path among file"):
        oddspot.ray.detect(ray.data.from_items([{"file": path}]), world / "a.oddspot", world / "never")
    for wrong in ({"threads": 0}, {"workers": -1}, {"batch": 0}):
        with pytest.raises(oddspot.InvalidError, match="whole number from 1 on"):
            oddspot.ray.detect([path], world / "a.oddspot", world / "never", **wrong)
    with pytest.raises(oddspot.InvalidError, match="cpus=0"):
        oddspot.ray.train_many(world / "parts.csv", world / "never", cpus=0)
    with pytest.raises(oddspot.SystemRefusedError, match="cannot make the folder"):
        oddspot.ray.detect([path], world / "a.oddspot", world / "parts.csv/out")
    assert not list(world.glob("never*"))


def test_what_no_node_has_room_for_is_refused_at_once(world: Path, cluster: Cluster) -> None:
    path = write(world / "some", range(1000, 1001))[0]
    with pytest.raises(oddspot.InvalidError, match="threads=8: the largest node has 1 CPU$"):
        oddspot.ray.detect([path], world / "a.oddspot", world / "never", threads=8)
    # By default it asks for two.
    with pytest.raises(oddspot.InvalidError, match="cpus=2: the largest node has 1 CPU$"):
        oddspot.ray.train_many(world / "parts.csv", world / "never", options=QUICK)
    assert not list(world.glob("never*"))


ALONE = """
import sys, ray, oddspot.ray
ray.init("local", num_cpus=1, include_dashboard=False, object_store_memory=200 * 2**20, log_to_driver=False)
print(oddspot.ray.detect(ray.data.read_parquet(sys.argv[1]), *sys.argv[2:]).images)
"""


def test_a_data_set_of_paths_is_read_where_one_actor_takes_all_cpus(world: Path) -> None:
    paths = write(world / "some", range(1000, 1004))
    parquet.write_table(pyarrow.table({"path": paths}), world / "paths.parquet")
    words = [sys.executable, "-c", ALONE, *map(str, (world / "paths.parquet", world / "a.oddspot", world / "by one"))]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout.split()[-1:] == ["4"], ended.stderr


def test_verdicts_lie_where_the_driver_is_and_none_is_lost(
    world: Path, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The workers have working folders of their own.
    monkeypatch.chdir(tmp_path)
    paths = write(world / "some", range(1000, 1004))
    assert oddspot.ray.detect(paths, world / "a.oddspot", "verdicts").images == 4
    assert os.listdir() == ["verdicts"] and rows(tmp_path / "verdicts").keys() == set(paths)
    model = bytearray((world / "a.oddspot").read_bytes())
    with pytest.raises(oddspot.MismatchError, match="is there already"):
        oddspot.ray.detect(paths, model, f"file://{tmp_path}/verdicts")
    # A folder that is another one on each node: here are not all of the rows.
    whole = oddspot.ray._summary

    def half(place: object) -> oddspot.ray.Detected:
        return dataclasses.replace(whole(place), images=1)

    monkeypatch.setattr(oddspot.ray, "_summary", half)
    with pytest.raises(oddspot.OddspotError, match="3 of 4 verdicts are not in .* all nodes share"):
        oddspot.ray.detect(paths, model, "lost")
    assert os.listdir() == ["verdicts"]


class Denies(BaseHTTPRequestHandler):
    """A store whose bucket nobody may read."""

    def do_GET(self) -> None:
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class DeniesWriting(Denies):
    """A store whose bucket is empty, and nobody may write."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(b"<ListBucketResult><Name>closed</Name><KeyCount>0</KeyCount></ListBucketResult>")

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_PUT(self) -> None:
        # Whoever writes waits to hear whether it may.
        Denies.do_GET(self)

    do_POST = do_DELETE = do_PUT


def store(kind: type[BaseHTTPRequestHandler]) -> tuple[HTTPServer, dict]:
    """A store, and the options that lead to it."""
    server = HTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    return server, {"key": "x", "secret": "x", "client_kwargs": {"endpoint_url": address, "region_name": "us-east-1"}}


@pytest.mark.parametrize("kind", [Denies, DeniesWriting])
def test_a_bucket_that_takes_no_verdicts_gives_a_sentence(world: Path, cluster: Cluster, kind: type) -> None:
    server, options = store(kind)
    path = write(world / "some", range(1000, 1001))[0]
    with pytest.raises(oddspot.SystemRefusedError, match="access to s3://closed/verdicts is denied.* may write"):
        oddspot.ray.detect([path], world / "a.oddspot", "s3://closed/verdicts", storage_options=options)
    server.shutdown()


def test_few_paths_are_shared_out_too() -> None:
    def blocks(count: int) -> int:
        return oddspot.ray._dataset([f"{at}.png" for at in range(count)], 2).materialize().num_blocks()

    assert [blocks(count) for count in (1, 5, 80, 2_048)] == [1, 5, 8, 8]
    assert blocks(10 * oddspot.ray.BLOCK) == 10


def test_a_bucket_that_denies_and_a_model_that_is_missing_give_a_sentence(world: Path, cluster: Cluster) -> None:
    server, options = store(Denies)
    model = (world / "a.oddspot").read_bytes()
    with pytest.raises(oddspot.OddspotError) as refused:
        oddspot.ray.detect(["s3://closed/a.png", "s3://closed/b.png"], model, world / "denied", storage_options=options)
    text = str(refused.value)
    assert "none of 2 images could be judged" in text and "access to s3://closed/" in text and "is denied" in text
    assert not list(world.glob("denied*"))
    address = f"http://127.0.0.1:{server.server_port}/a.png"
    [row] = Judge(model).rows([address])
    assert row["error"].startswith(f"access to {address} is denied (HTTP 403)")
    with pytest.raises(oddspot.NotFoundError, match="there is no .*none.oddspot"):
        oddspot.ray.detect(["a.png"], world / "none.oddspot", world / "nothing")
    with pytest.raises(oddspot.OddspotError):
        oddspot.ray.detect(["a.png"], b"no model", world / "nothing")
    with pytest.raises(oddspot.InvalidError, match="is one path"):
        oddspot.ray.detect("a.png", model, world / "nothing")
    server.shutdown()


def test_a_node_that_dies_loses_nothing(world: Path, cluster: Cluster) -> None:
    paths = names = write(world / "many", range(1000, 1060))
    links = []
    (world / "links").mkdir()
    for number in range(1200):
        link = world / "links" / f"{number}.png"
        os.symlink(names[number % len(names)], link)
        links.append(str(link))
    dying = cluster.add_node(num_cpus=1, object_store_memory=200 * 2**20)
    cluster.wait_for_nodes()
    killer = threading.Timer(6, lambda: cluster.remove_node(dying, allow_graceful=False))
    killer.start()
    detected = oddspot.ray.detect(links, world / "a.oddspot", world / "survived", batch=8)
    killer.join()
    assert (detected.images, detected.skipped) == (1200, 0)
    found = rows(world / "survived")
    alone = said(world, paths, "said of many")
    for number, link in enumerate(links):
        assert np.float32(found[link]["score"]) == np.float32(alone[names[number % len(names)]]["score"])


def test_trainings_of_many_parts_are_those_of_the_command(world: Path, cluster: Cluster) -> None:
    fleet = oddspot.ray.train_many(world / "parts.csv", world / "trained", cpus=1, options=QUICK)
    assert fleet.finished == ("a", "b", "c") and not fleet.failed
    assert (world / "trained/parts/a/model.oddspot").read_bytes() == (world / "a.oddspot").read_bytes()
    before = {path: path.stat().st_mtime_ns for path in (world / "trained/parts").rglob("*") if path.is_file()}
    oddspot.ray.train_many(world / "parts.csv", world / "trained", cpus=1, options=QUICK)
    assert before == {path: path.stat().st_mtime_ns for path in before}
    (world / "broken.csv").write_text("name,data\na,a\nx,none\n")
    with pytest.raises(oddspot.InvalidError, match="line 3: there is no"):
        oddspot.ray.train_many(world / "broken.csv", world / "never", cpus=1)
    (world / "bad/train/good").mkdir(parents=True)
    (world / "bad/train/good/0.png").write_bytes(b"no image")
    (world / "half.csv").write_text("name,data\na,a\nbad,bad\n")
    fleet = oddspot.ray.train_many(world / "half.csv", world / "half", cpus=1, options=QUICK)
    assert fleet.finished == ("a",) and fleet.failed["bad"].startswith("failed: ")


LEARNS = ["--iterations", "3000", "--checkpoint-every", "20", "--widths", "8,8,8,8", "--offset", "16", "--folds", "1"]


@ray.remote(num_cpus=1)
def warm() -> None:
    import oddspot.ray

    assert oddspot.ray
    # So long that each node has one of them.
    time.sleep(3)


def test_a_part_whose_node_dies_goes_on_elsewhere(world: Path, cluster: Cluster) -> None:
    options = [*LEARNS, "--image-size", str(SIDE), "--no-audit"]
    dying = cluster.add_node(num_cpus=1, object_store_memory=200 * 2**20)
    cluster.wait_for_nodes()
    out = world / "survived trainings"
    checkpoints = [out / "parts" / part / "model.oddspot.checkpoint" for part in "abc"]
    killed = threading.Event()

    def kill() -> None:
        # Each of the three nodes is at one of the parts.
        for _ in range(6000):
            if all(checkpoint.exists() for checkpoint in checkpoints):
                cluster.remove_node(dying, allow_graceful=False)
                killed.set()
                return
            time.sleep(0.02)

    # A worker that is cold would begin when the other parts are done.
    ray.get([warm.remote() for _ in range(3)])
    killer = threading.Thread(target=kill)
    killer.start()
    fleet = oddspot.ray.train_many(world / "parts.csv", out, cpus=1, options=options)
    killer.join()
    assert killed.is_set(), "no three parts were trained at a time"
    assert fleet.finished == ("a", "b", "c") and not fleet.failed
    assert not any(checkpoint.exists() for checkpoint in checkpoints)
    # As if nothing had died.
    alone = ["train", str(world / "a"), "-o", str(world / "alone.oddspot"), *options, "--threads", "1"]
    assert _command.run(alone).status == 0
    assert (out / "parts/a/model.oddspot").read_bytes() == (world / "alone.oddspot").read_bytes()


def test_a_benchmark_is_one_table_with_the_mean(world: Path, cluster: Cluster) -> None:
    for part in "abc":
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[30:44, 52:66] = 255
        folder = world / "sets" / part
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("train", "test"):
            if not (folder / name).exists():
                os.symlink(world / part / name, folder / name)
        (folder / "ground_truth/missing").mkdir(parents=True, exist_ok=True)
        for image in (folder / "test/missing").iterdir():
            Image.fromarray(mask).save(folder / f"ground_truth/missing/{image.stem}_mask.png")
    options = ["--methods", "instant", "--image-size", str(SIDE), "--offset", "16"]
    fleet = oddspot.ray.benchmark(world / "sets", world / "measured", cpus=1, options=options)
    assert fleet.finished == ("a", "b", "c")
    with (world / "measured/benchmark/table1-paper.csv").open() as table:
        names = [row[0] for row in csv.reader(table)]
    assert names[1:4] == ["a", "b", "c"] and "mean" in names


def test_few_images_are_read_ahead_however_large_a_batch_is(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write(world / "some", range(1000, 1004)) * 20
    judge = Judge(world / "a.oddspot")
    began, ahead = [], []

    def read(path: str, options: object) -> bytes:
        began.append(path)
        return Path(path).read_bytes()

    def inspect(content: bytes) -> Exception:
        ahead.append(len(began) - len(ahead))
        return ValueError("it is not judged")

    monkeypatch.setattr(batches, "read", read)
    monkeypatch.setattr(judge, "_judge", inspect)
    assert len(judge.rows(paths)) == len(began) == 80
    assert max(ahead) <= batches.READERS + 1
