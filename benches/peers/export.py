"""Writes a folder's network as one ONNX graph: python export.py FOLDER

ONNX Runtime and OpenVINO both read it. This is a process of its own, so that PyTorch's memory
counts for nobody.
"""

import sys
import warnings
from pathlib import Path

import torch

from networks import build, image_shape


def export(folder):
    network = build(folder).eval()
    image = torch.zeros(image_shape(folder))
    # The exporter warns of its own inner workings.
    warnings.simplefilter("ignore")
    torch.onnx.export(
        network,
        (image,),
        folder / "network.onnx",
        input_names=["image"],
        dynamo=True,
        external_data=False,
        verbose=False,
    )


if __name__ == "__main__":
    export(Path(sys.argv[1]))
