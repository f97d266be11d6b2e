"""Fleets on a Ray cluster: a model for each part, and millions of images.

>>> import oddspot.ray                                                        # doctest: +SKIP
>>> oddspot.ray.train_many("parts.csv", "/shared/out", cpus=2)                # doctest: +SKIP
>>> oddspot.ray.detect(paths, "part.oddspot", "/shared/verdicts")             # doctest: +SKIP

`pip install oddspot[ray]` on every node. Trainings need a folder that all nodes share. Images and verdicts may lie in a
store instead (`s3://`, `gs://`).
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from . import _command
from ._errors import InvalidError, MismatchError, OddspotError, SystemRefusedError
from .batches import Judge, content_of, refused, schema

try:
    import fsspec
    import ray
    import ray.data
    import pyarrow as pa
    import pyarrow.dataset
except ImportError as missing:  # pragma: no cover
    raise ImportError("oddspot.ray needs Ray: pip install oddspot[ray]") from missing

__all__ = ["Detected", "Fleet", "benchmark", "detect", "train_many"]

RETRIES = 5
"""Times that a part is tried again whose node has died."""
BLOCK = 256
"""Paths that are handed to a worker at a time, at most."""
TURNS = 4
"""Times that each worker is handed paths, at least: few paths are shared out too, and who is quick gets more."""
SHOWN = 5
"""Errors that a text spells out."""


@dataclass(frozen=True)
class Fleet:
    """What came of the parts of a manifest."""

    folder: Path
    """Where the parts and the tables lie."""
    finished: tuple[str, ...]
    """Names of the parts that are finished."""
    failed: Mapping[str, str]
    """Why there is nothing of the others, by their names."""


@dataclass(frozen=True)
class Detected:
    """What came of the images."""

    folder: str
    """Where the verdicts lie, as Parquet."""
    images: int
    """How many images there were."""
    verdicts: Mapping[str, int]
    """How many have each verdict."""
    skipped: int
    """How many could not be judged: their rows say why, in `error`."""
    errors: tuple[str, ...]
    """The first few reasons."""


def train_many(
    manifest: str | PathLike[str],
    out: str | PathLike[str],
    *,
    cpus: int = 2,
    options: Sequence[str] = (),
) -> Fleet:
    """Trains a model for each part of a manifest, a task a part, with `cpus` threads each.

    Each task is a shard of `oddspot train --manifest`: what is finished is left, a part whose node dies goes on from its
    checkpoint elsewhere, and a part that fails does not end the others. `options` are those of `oddspot train`, such as
    `["--preset", "instant"]`. Raises `InvalidError` for a manifest that needs mending. Ctrl-C waits until each task has
    written its checkpoint. Raises `InvalidError` too where no node that is there has `cpus` CPUs.
    """
    return _many("train", manifest, out, (cpus, options))


def benchmark(
    root: str | PathLike[str],
    out: str | PathLike[str],
    *,
    cpus: int = 2,
    options: Sequence[str] = (),
) -> Fleet:
    """Trains and measures on every data set of a folder, or part of a manifest, a task each.

    `options` are those of `oddspot benchmark`, such as `["--methods", "instant"]`. The tables lie in `out/benchmark`.
    """
    return _many("benchmark", root, out, (cpus, options))


def detect(
    paths: Iterable[str | PathLike[str]] | ray.data.Dataset,
    model: str | PathLike[str] | bytes | bytearray | memoryview,
    out: str | PathLike[str],
    *,
    workers: int | None = None,
    threads: int = 1,
    batch: int = 32,
    storage_options: Mapping[str, Any] | None = None,
) -> Detected:
    """Judges images by a pool of actors, and writes a narrow Parquet file for each block of them.

    `paths` are paths or addresses that the workers can read, or a data set with the column `path`. The model goes to the
    workers as bytes: they need no file of it. `workers` is the size of the pool: without it as many as there are CPUs for
    `threads` each. Reading waits for judging, and judging for writing, so that any number of images takes the same
    memory. `out` is a folder that all nodes share, or a place in a store. A folder appears whole: the files are written
    beside it and renamed; in a store they appear one by one. `storage_options` are `fsspec`'s, for images and `out`.

    Raises `InvalidError` where no node that is there has CPUs for `threads`, `MismatchError` where `out` is there already, `SystemRefusedError` where it may not be written, and
    `OddspotError` where no image could be judged, or where verdicts are missing because the nodes do not share `out`.
    """
    for name, number in (("workers", workers), ("threads", threads), ("batch", batch)):
        if number is not None:
            _check_count(name, number)
    place = _Place.of(fspath(out), storage_options)
    content = content_of(model, storage_options)
    # Here, where its error is a sentence, and not in every worker.
    Judge(content, threads=1)
    if not ray.is_initialized():
        ray.init()
    _check_room("threads", threads)
    cpus = int(ray.cluster_resources().get("CPU", 1))
    size = workers or max(1, cpus // threads)
    images = _dataset(paths, size)
    if cpus <= threads:
        # One actor takes them all, and what reads a data set of paths needs one too.
        images = images.materialize()
    count = images.count()
    if count == 0:
        raise InvalidError("there is no path to judge")
    try:
        judged = images.map_batches(
            _Worker,
            fn_constructor_args=(ray.put(content), threads, dict(storage_options or {})),
            batch_size=batch,
            batch_format="pyarrow",
            # It begins with one, for what reads a data set of paths needs a CPU too.
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=size, max_tasks_in_flight_per_actor=2),
            num_cpus=threads,
        )
        # Writing waits for no CPU, of which the pool has them all.
        judged.write_parquet(place.writing, filesystem=place.filesystem, ray_remote_args={"num_cpus": 0})
        detected = _summary(place)
        if detected.images < count:
            raise OddspotError(
                f"{count - detected.images} of {count} verdicts are not in {place.name}: give a folder that all nodes "
                "share, or a store such as s3://"
            )
        if detected.images == detected.skipped:
            reasons = "; ".join(detected.errors)
            raise OddspotError(f"none of {detected.images} images could be judged: {reasons}")
    except OSError as error:  # Ray's own of a worker that could not write is one too.
        place.clear()
        raise refused(error, place.name, "write") from error
    except ray.exceptions.RayError as error:
        place.clear()
        raise OddspotError(f"the cluster gave up: {_reason(error)}") from error
    except BaseException:
        place.clear()
        raise
    place.keep()
    return detected


@dataclass(frozen=True)
class _Place:
    """Where verdicts are written."""

    name: str
    """Where they lie in the end."""
    writing: str
    """Where they are written."""
    filesystem: fsspec.AbstractFileSystem
    """By what."""
    is_local: bool
    """Whether they are written beside their place, and renamed."""

    @classmethod
    def of(cls, out: str, storage_options: Mapping[str, Any] | None) -> _Place:
        """Raises `MismatchError` where something lies there."""
        if "://" not in out:
            # The workers have working folders of their own.
            out = str(Path(out).absolute())
        try:
            filesystem, path = fsspec.core.url_to_fs(out, **(storage_options or {} if "://" in out else {}))
            is_there = filesystem.exists(path)
        except Exception as error:  # What stores raise has no common kind.
            raise refused(error, out, "write") from error
        if is_there:
            raise MismatchError(f"{out} is there already: remove it, or choose another folder")
        is_local = "file" in filesystem.protocol
        if is_local:
            try:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SystemRefusedError(f"cannot make the folder {Path(path).parent}: {error.strerror}") from error
        return cls(out, f"{path}.{uuid.uuid4().hex[:8]}.tmp" if is_local else path, filesystem, is_local)

    def keep(self) -> None:
        """Gives what was written its name."""
        if self.is_local:
            writing = Path(self.writing)
            writing.rename(writing.with_name(writing.name.rsplit(".", 2)[0]))

    def clear(self) -> None:
        """Takes away what was written."""
        if self.is_local:
            shutil.rmtree(self.writing, ignore_errors=True)
            return
        # What refused the verdicts may refuse this too.
        with suppress(OSError):
            if self.filesystem.exists(self.writing):
                self.filesystem.rm(self.writing, recursive=True)


class _Worker:
    """An actor of the pool."""

    def __init__(self, model: ray.ObjectRef, threads: int, storage_options: Mapping[str, Any]) -> None:
        self._judge = Judge(ray.get(model), threads=threads, storage_options=storage_options)

    def __call__(self, batch: pa.Table) -> pa.Table:
        return self._judge(batch)


def _dataset(paths: Iterable[str | PathLike[str]] | ray.data.Dataset, workers: int) -> ray.data.Dataset:
    if isinstance(paths, ray.data.Dataset):
        return paths
    if isinstance(paths, (str, PathLike)):
        raise InvalidError("paths is one path: give a list of them, or a data set with the column path")
    names = [fspath(path) for path in paths]
    block = min(BLOCK, max(1, len(names) // (TURNS * workers)))
    blocks = (names[at : at + block] for at in range(0, len(names), block))
    return ray.data.from_arrow([pa.table({"path": pa.array(block, pa.string())}) for block in blocks])


def _summary(place: _Place) -> Detected:
    verdicts: Counter[str] = Counter()
    errors: list[str] = []
    images = skipped = 0
    # What lies there may be another node's folder, and empty.
    found = pyarrow.dataset.dataset(place.writing, schema=schema(), format="parquet", filesystem=place.filesystem)
    for part in found.to_batches(columns=["verdict", "error"]):
        images += part.num_rows
        verdicts.update(verdict for verdict in part.column("verdict").to_pylist() if verdict is not None)
        wrong = [error for error in part.column("error").to_pylist() if error is not None]
        skipped += len(wrong)
        errors.extend(wrong[: SHOWN - len(errors)])
    return Detected(place.name, images, dict(verdicts), skipped, tuple(errors))


def _check_count(name: str, number: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InvalidError(f"{name}={number!r}: give a whole number from 1 on")


def _check_room(name: str, number: int) -> None:
    """What asks for more CPUs than any node has would wait for ever, without a word."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = int(max((node.get("CPU", 0) for node in nodes), default=0))
    if number > most:
        raise InvalidError(f"{name}={number}: the largest node has {most} CPU{'' if most == 1 else 's'}")


def _many(
    command: str,
    manifest: str | PathLike[str],
    out: str | PathLike[str],
    how: tuple[int, Sequence[str]],
) -> Fleet:
    cpus, options = how
    _check_count("cpus", cpus)
    words = [command, "--manifest", str(Path(manifest).resolve()), "-o", str(Path(out).resolve()), *options]
    # All that is wrong with the manifest is known before a task begins.
    names = _command.lines([*words, "--list"])
    if not ray.is_initialized():
        ray.init()
    _check_room("cpus", cpus)
    shard = ray.remote(num_cpus=cpus, max_retries=RETRIES)(_command.run)
    began = {
        shard.remote([*words, "--threads", str(cpus), "--shard", f"{number}/{len(names)}"]): name
        for number, name in enumerate(names, 1)
    }
    refused = _ends(began)
    return _collected(command, Path(manifest), Path(out), refused)


def _ends(began: dict[ray.ObjectRef, str]) -> dict[str, str]:
    """Waits for all tasks, and gives why some could not begin, by the names of their parts."""
    refused = {}
    waiting = list(began)
    try:
        while waiting:
            [done], waiting = ray.wait(waiting)
            try:
                ended = ray.get(done)
            except ray.exceptions.RayError as error:
                refused[began[done]] = f"the cluster gave up: {_reason(error)}"
                continue
            # The others have told of themselves in the part's record.
            if ended.status not in (0, 3):
                refused[began[done]] = ended.error
    except KeyboardInterrupt:
        # Each writes its checkpoint, and would be killed with a driver that has left.
        for task in waiting:
            ray.cancel(task)
        ray.wait(waiting, num_returns=len(waiting), timeout=_command.PATIENCE)
        raise
    return refused


def _collected(command: str, manifest: Path, out: Path, refused: Mapping[str, str]) -> Fleet:
    """Puts the tables together, and reads how each part stands."""
    import csv

    ended = _command.run(["collect", "--manifest", str(manifest), str(out), "--of", command])
    if ended.status not in (0, 3):
        raise OddspotError(ended.error)
    with (out / "parts.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    finished = tuple(row["name"] for row in rows if row[command].startswith("done"))
    failed = {row["name"]: refused.get(row["name"], row[command]) for row in rows if row["name"] not in finished}
    return Fleet(out, finished, failed)


def _reason(error: BaseException) -> str:
    """What was raised where the work was done: Ray puts advice of its own below it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"(?!ray\.)[\w.]+(Error|Exception|Interrupt): ", line)]
    own = [line for line in raised if line.startswith("oddspot.")]
    if own:
        return own[-1].partition(": ")[2]
    return [type(error).__name__, *lines[-1:], *raised[-1:]][-1]
