"""What the figures were measured on."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ["torch", "onnxruntime", "openvino", "anomalib", "numpy", "scipy", "pillow"]


def describe(threads):
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "threads": threads,
        # What else the machine had to do; with much, the figures say little.
        "load_before": os.getloadavg()[0],
        "system": platform.platform(),
        "rust": output("rustc", "--version"),
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in PACKAGES},
    }


def cpu_model():
    """Linux tells it in a file; elsewhere Python's own answer has to do."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
