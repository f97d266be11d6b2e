"""The callable for batches, as Spark and Dask call it."""

from __future__ import annotations

from pathlib import Path

import oddspot
import pytest
from conftest import board
from PIL import Image

pytest.importorskip("pandas")
dataframe = pytest.importorskip("dask.dataframe")
pytest.importorskip("fsspec")
pytest.importorskip("pyarrow")

import pandas
from oddspot.batches import COLUMNS, Judge, empty


def test_dask_judges_partition_by_partition(model: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed}.png" for seed in range(300, 320)]
    for seed, path in zip(range(300, 320), paths):
        Image.fromarray(board(seed, lacks=seed % 2 == 0)).save(path)
    names = [*map(str, paths), str(tmp_path / "none.png")]
    frame = dataframe.from_pandas(pandas.DataFrame({"path": names}), npartitions=3)
    judged = frame.map_partitions(Judge(model), meta=empty())
    found = judged.compute(scheduler="threads")
    assert list(found.columns) == list(COLUMNS) == list(judged.columns)
    assert list(found["path"]) == names
    alone = oddspot.Detector.load(model, threads=1).inspect_all(paths)
    for (_, row), result in zip(found.iterrows(), alone):
        assert (row["verdict"], float(row["score"])) == (result.verdict, result.score)
    assert "there is no" in found["error"].iloc[-1] and found["error"].isna().sum() == 20


def test_the_same_callable_takes_frames_of_spark(model: Path, tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{seed}.png") for seed in range(300, 304)]
    for seed, path in zip(range(300, 304), paths):
        Image.fromarray(board(seed)).save(path)
    judge = Judge(model)
    frame = judge(pandas.DataFrame({"path": [*paths, "none.png"]}))
    assert list(frame.columns) == list(COLUMNS)
    assert frame["score"].notna().sum() == 4 and "there is no none.png" in frame["error"].iloc[4]
    [again] = judge.each([pandas.DataFrame({"path": paths})])
    assert (again["score"].to_numpy() == frame["score"].to_numpy()[:4]).all()
