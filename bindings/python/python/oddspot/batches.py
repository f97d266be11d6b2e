"""Judging paths batch by batch: the callable that Ray, Spark and Dask are given.

An engine carries paths and narrow rows alone. Pixels are read where they are judged, by `fsspec`: local paths, `s3://`,
`gs://`, `http://` and whatever else it knows.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from ._errors import InvalidError, NotFoundError, OddspotError, SystemRefusedError
from ._oddspot import Detector
from ._result import Result

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["COLUMNS", "Judge", "ddl", "empty", "read", "schema"]

COLUMNS = {
    "path": "string",
    "verdict": "string",
    "score": "float32",
    "threshold": "float64",
    "check_threshold": "float64",
    "why": "string",
    "looks_wrong_share": "float32",
    "wrong_place_share": "float32",
    "peak_x": "int32",
    "peak_y": "int32",
    "regions": "int32",
    "left": "int32",
    "top": "int32",
    "region_width": "int32",
    "region_height": "int32",
    "untrusted_because": "string",
    "error": "string",
    "milliseconds": "float32",
    "model_sha256": "string",
}
"""What is said of an image, and Arrow's type of it. Of one that could not be judged there are `path`, `error` and
`model_sha256` alone."""

PATH = "path"
"""The column that says where an image lies."""
READERS = 8
"""Images of a batch that are read at a time: no more of them are in memory, however large the batch is."""


def schema() -> pa.Schema:
    """The columns as Arrow has them."""
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in COLUMNS.items()])


def ddl() -> str:
    """The columns as Spark's `mapInPandas` asks for them."""
    names = {"string": "string", "float32": "float", "float64": "double", "int32": "int"}
    return ", ".join(f"{name} {names[kind]}" for name, kind in COLUMNS.items())


def empty() -> pd.DataFrame:
    """No rows, with all columns: the `meta` that Dask asks for."""
    return _frame([])


def read(path: str | PathLike[str], storage_options: Mapping[str, Any] | None = None) -> bytes:
    """The bytes of a file, wherever it lies. `storage_options` are `fsspec`'s.

    Raises `NotFoundError` and `SystemRefusedError`, whose text names the path and says what to do.
    """
    import fsspec

    url = fspath(path)
    try:
        with fsspec.open(url, "rb", **(storage_options or {})) as file:
            content = file.read()
            assert isinstance(content, bytes)
            return content
    except Exception as error:  # What stores raise has no common kind.
        raise refused(error, url, "read") from error


def refused(error: Exception, url: str, verb: str) -> OddspotError:
    """What a store, or a disk, raised for a path, as a sentence that names the path and says what to do."""
    if isinstance(error, ImportError):
        return SystemRefusedError(f"{url} cannot be {'read' if verb == 'read' else 'written'} by this worker: {error}")
    status = _status(error)
    if isinstance(error, PermissionError) or status in (401, 403):
        http = f" (HTTP {status})" if status else ""
        return SystemRefusedError(
            f"access to {url} is denied{http}: give a key that may {verb} it, by the workers' environment or storage_options"
        )
    if isinstance(error, FileNotFoundError):
        return NotFoundError(f"there is no {url}")
    return SystemRefusedError(f"cannot {verb} {url}: {_in_short(error)}")


def _status(error: BaseException | None) -> int | None:
    """The status of HTTP that an error is of: `fsspec` calls whatever it was answered a file that is not there."""
    while error is not None:
        for name in ("status", "code"):
            status = getattr(error, name, None)
            if isinstance(status, int):
                return status
        error = error.__cause__
    return None


class Judge:
    """Judges paths with a model that is loaded once. It can be pickled, and loads again where it arrives.

    Call it with a batch: a dictionary of columns, a pandas data frame or an Arrow table that has the column `path`. It
    gives the same kind back, with the columns of `COLUMNS`. An image that cannot be read or judged has its reason in
    `error`: it does not end the others.
    """

    def __init__(
        self,
        model: str | PathLike[str] | bytes | bytearray | memoryview,
        *,
        threads: int = 1,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        """`model` is a path that this worker can read, or the bytes of the file."""
        content = content_of(model, storage_options)
        self._detector = Detector.load(content, threads=threads)
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._storage_options = dict(storage_options or {})

    def rows(self, paths: Sequence[str | None]) -> list[dict[str, Any]]:
        """What is said of each path, in their order."""
        found = []
        began = time.perf_counter()
        images = self._images(paths)
        for path, result in zip(paths, images, strict=True):
            now = time.perf_counter()
            found.append(self._row(path, result, 1e3 * (now - began)))
            began = now
        return found

    def __call__(self, batch: Any) -> Any:
        if isinstance(batch, Mapping):
            return _columns(self.rows(_paths(batch, list(batch))))
        if hasattr(batch, "to_pandas"):
            import pyarrow as pa

            return pa.Table.from_pylist(self.rows(_paths(batch, batch.column_names)), schema=schema())
        return _frame(self.rows(_paths(batch, list(batch.columns))))

    def each(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Batch by batch, as Spark's `mapInPandas` asks for."""
        return map(self, batches)

    def _images(self, paths: Sequence[str | None]) -> Iterator[Result | Exception]:
        """Judges in turn, while the next few are read."""
        waiting = iter(paths)
        with ThreadPoolExecutor(READERS) as readers:
            reading = deque(readers.submit(self._content, path) for path in islice(waiting, READERS))
            while reading:
                content = reading.popleft().result()
                reading.extend(readers.submit(self._content, path) for path in islice(waiting, 1))
                yield content if isinstance(content, Exception) else self._judge(content)

    def _content(self, path: str | None) -> bytes | Exception:
        if path is None:
            return InvalidError("the row has no path")
        try:
            return read(path, self._storage_options)
        except OddspotError as error:
            return error

    def _judge(self, content: bytes) -> Result | Exception:
        try:
            return self._detector.inspect(content)
        except OddspotError as error:
            return error

    def _row(self, path: str | None, result: Result | Exception, milliseconds: float) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row.update(path=path, model_sha256=self._sha256)
        if isinstance(result, Exception):
            row["error"] = _in_short(result)
            return row
        row.update(
            verdict=result.verdict,
            score=result.score,
            threshold=result.thresholds.anomalous,
            check_threshold=result.thresholds.check,
            why=result.reason,
            looks_wrong_share=result.shares["looks_wrong"],
            wrong_place_share=result.shares["wrong_place"],
            peak_x=result.peak.x,
            peak_y=result.peak.y,
            regions=len(result.regions),
            untrusted_because="; ".join(one.words for one in result.health.beyond) or None,
            milliseconds=milliseconds,
        )
        if result.regions:
            first = result.regions[0]
            row.update(left=first.left, top=first.top, region_width=first.width, region_height=first.height)
        return row

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._detector.to_bytes(), self._detector.threads, self._storage_options)


def content_of(
    model: str | PathLike[str] | bytes | bytearray | memoryview, storage_options: Mapping[str, Any] | None
) -> bytes:
    """The bytes of a model that is given as such, or by its path."""
    return bytes(model) if isinstance(model, (bytes, bytearray, memoryview)) else read(model, storage_options)


def _paths(batch: Any, columns: Sequence[str]) -> list[str | None]:
    """Where the images lie; None of rows that do not say so."""
    if PATH not in columns:
        raise InvalidError(f"there is no column {PATH} among {', '.join(map(str, columns))}: call it so")
    column = batch[PATH]
    values = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    # Pandas has other words for nothing: nan, NaT, NA.
    return [fspath(value) if isinstance(value, (str, PathLike)) else None for value in values]


def _again(model: bytes, threads: int, storage_options: Mapping[str, Any]) -> Judge:
    return Judge(model, threads=threads, storage_options=storage_options)


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    import pyarrow as pa

    table = pa.Table.from_pylist(rows, schema=schema())
    return {name: table.column(name) for name in table.column_names}


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    kinds = {"string": "object", "int32": "Int32"}
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({name: kinds.get(kind, kind) for name, kind in COLUMNS.items()})


def _in_short(error: BaseException) -> str:
    """The first line of what is said."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
