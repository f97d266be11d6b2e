"""Boards that are made up, and a model of them that is trained in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import oddspot

Array = npt.NDArray[np.uint8]

#: Small and quick: what is tested is the way there and back.
QUICK = {"image_size": 104}


def board(seed: int, *, lacks: bool = False) -> Array:
    """A board of 90 rows and 120 columns with four rows of six parts; one may lack a part: at row 47 and column 62."""
    chance = np.random.default_rng(seed)
    image = np.full((90, 120, 3), (30, 90, 50), dtype=np.float64) + chance.normal(0, 5, 3)
    image += np.linspace(0, 12, 120)[None, :, None]
    for row in range(5, 80, 21):
        for column in range(5, 110, 19):
            colour = np.array((120, 104, 70 + row)) + chance.normal(0, 9, 3)
            down, right = chance.integers(-1, 2, 2)
            if lacks and (row, column) == (47, 62):
                continue
            top, left = row + down, column + right
            image[top : top + 13, left : left + 12] = colour
            image[top + 4 : top + 9, left + 3 : left + 9] = (40, 40, 44)
    image *= chance.normal(1, 0.03)
    image += chance.normal(0, 4, image.shape)
    return image.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def good() -> list[Array]:
    return [board(seed) for seed in range(16)]


@pytest.fixture(scope="session")
def detector(good: list[Array]) -> oddspot.Detector:
    return oddspot.train(good, preset="instant", settings=QUICK, threads=2)


@pytest.fixture(scope="session")
def model(detector: oddspot.Detector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "part.oddspot"
    detector.save(path)
    return path


@pytest.fixture
def own(model: Path) -> oddspot.Detector:
    """A detector that a test may change."""
    return oddspot.Detector.load(model, threads=2)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled set in the layout of MVTec AD."""
    root = tmp_path_factory.mktemp("boards")

    def write(part: str, name: int, image: Array) -> None:
        (root / part).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / part / f"{name:03}.png")

    for seed in range(16):
        write("train/good", seed, board(seed))
    for seed in range(100, 106):
        write("test/good", seed, board(seed))
        write("test/missing", seed, board(seed, lacks=True))
        mask = np.zeros((90, 120), dtype=np.uint8)
        mask[46:61, 61:75] = 255
        (root / "ground_truth/missing").mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(root / f"ground_truth/missing/{seed:03}_mask.png")
    return root


@pytest.fixture
def refused() -> Callable[..., str]:
    """Calls what must raise, and gives what is said."""

    def said(kind: type[BaseException], call: Callable[..., object], *given: object, **named: object) -> str:
        with pytest.raises(kind) as raised:
            call(*given, **named)
        return str(raised.value)

    return said
