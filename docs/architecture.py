"""Draws architecture.svg beside itself: python3 docs/architecture.py"""

from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 980, 936
INK, PALE, LINE, ACCENT = "#1f2933", "#5b6773", "#8a97a5", "#0b7285"
FILLS = {"plain": "#f4f6f8", "library": "#e3f4f7", "optional": "#ffffff"}

parts = []


def text(x, y, words, size=14, weight="normal", colour=INK, anchor="start"):
    parts.append(
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def box(x, y, width, height, title, lines=(), fill="plain"):
    dash = ' stroke-dasharray="5 4"' if fill == "optional" else ""
    parts.append(
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" fill="{FILLS[fill]}" '
        f'stroke="{LINE}"{dash}/>'
    )
    top = y + (height - 17 * len(lines)) / 2 + 5
    text(x + width / 2, top, title, weight="bold", anchor="middle")
    for number, line in enumerate(lines, start=1):
        text(x + width / 2, top + 17 * number, line, 12, colour=PALE, anchor="middle")


def arrow(*points):
    path = " L ".join(f"{x} {y}" for x, y in points)
    parts.append(f'<path d="M {path}" fill="none" stroke="{INK}" marker-end="url(#head)"/>')


def heading(x, y, words, note):
    text(x, y, words, 16, "bold")
    text(x, y + 19, note, 13, colour=PALE)


def crates():
    heading(20, 34, "Crates", "Names begin with oddspot. An arrow leads to what a crate stands on.")
    box(20, 74, 440, 56, "-cli", ["the command: arguments, progress, advice; stands on all"])
    box(20, 174, 104, 62, "-draw", ["pictures", "and pages"])
    box(192, 174, 92, 62, "-arrivals", ["files that", "come"])
    box(304, 150, 96, 52, "-station", ["a service"], "optional")
    box(20, 280, 82, 62, "-measure", ["measures,", "benchmark"])
    box(107, 280, 60, 62, "-demo", ["made-up", "boards"])
    box(172, 280, 60, 62, "-onnx", ["as ONNX", "graphs"])
    box(248, 280, 100, 62, "-pretrain", ["the built-in", "teacher"])
    box(356, 280, 104, 62, "-burn", ["other devices,", "the reference"], "optional")
    box(20, 394, 440, 56, "oddspot", ["the method, for any program"], "library")
    box(20, 504, 440, 56, "-conv", ["kernels on plain slices: the only unsafe code"])
    arrow((72, 130), (72, 172))
    for x in (140, 184, 296):
        arrow((x, 130), (x, 278))
    for x, y in ((408, 278), (352, 148)):
        parts.append(
            f'<path d="M {x} 130 L {x} {y}" fill="none" stroke="{INK}" stroke-dasharray="5 4" '
            'marker-end="url(#head)"/>'
        )
    arrow((304, 158), (100, 158), (100, 172))
    arrow((304, 188), (286, 188))
    arrow((240, 130), (240, 172))
    arrow((240, 236), (240, 392))
    text(402, 226, "only with", 12, colour=PALE, anchor="end")
    text(402, 241, "wgpu, serve", 12, colour=PALE, anchor="end")
    arrow((72, 236), (72, 278))
    for x in (61, 137, 202, 298, 408):
        arrow((x, 342), (x, 392))
    arrow((240, 450), (240, 502))


MODULES = [
    (
        "What everything stands on",
        [
            ("error", "one type: kind, subject, path, line, reason"),
            ("files", "whole or not at all; sealed tensors; locks"),
            ("seed", "a stream of chance for each purpose"),
        ],
    ),
    (
        "Images in",
        [
            ("images", "files or memory to RGB, resized; masks"),
            ("datasets", "folders and lists to samples"),
            ("settings", "one table: a row each"),
        ],
    ),
    (
        "Networks, and what is made of their features",
        [
            ("maps", "scores over an image: moments, regions"),
            ("net", "networks as data; passes; teachers"),
            ("view", "how the model sees an image: resized, aligned"),
            ("terms", "the terms of the score, a file each"),
        ],
    ),
    (
        "From errors to a verdict",
        [
            ("health", "light, focus, colours, place of an image"),
            ("verdict", "one map, thresholds, shares, Finding"),
            ("model", "the model file"),
            ("judge", "Detector: images to findings"),
            ("train", "Training: good images to a model"),
            ("audit", "what should not be among good images"),
        ],
    ),
]


def modules():
    heading(510, 34, "Modules of oddspot", "Each knows only those above it.")
    y = 74
    for group, members in MODULES:
        text(510, y + 8, group, 12, colour=ACCENT)
        y += 16
        for name, words in members:
            parts.append(
                f'<rect x="510" y="{y}" width="450" height="26" rx="4" fill="{FILLS["library"]}" '
                f'stroke="{LINE}"/>'
            )
            text(520, y + 18, name, weight="bold")
            text(604, y + 18, words, 13, colour=PALE)
            y += 30
        y += 14


STEPS = [
    ("images", ["file to RGB,", "resized"]),
    ("net", ["teacher, student:", "features"]),
    ("terms", ["errors of every", "place"]),
    ("verdict", ["fused: one map,", "its maximum"]),
    ("verdict", ["threshold, shares,", "regions"]),
    ("Finding", ["what is said", "of the image"]),
]


def flow():
    heading(20, 660, "The way of an image", "Detector (judge) leads it; all that it needs is in the Model.")
    for number, (title, lines) in enumerate(STEPS):
        x = 20 + 160 * number
        box(x, 700, 140, 66, title, lines, "plain" if title == "Finding" else "library")
        if number:
            arrow((x - 20, 733), (x - 2, 733))
    heading(20, 812, "The way of a model", "Training (train) leads it.")
    steps = [
        ("train: set", ["good images to", "teacher's maps"]),
        ("closed_form", ["places fitted:", "a first model"]),
        ("train: trainer", ["student and", "classifier learn"]),
        ("train: finish", ["terms: what is", "usual"]),
        ("verdict", ["thresholds from", "the held-out"]),
        ("Model", ["header and tensors,", "sealed"]),
    ]
    for number, (title, lines) in enumerate(steps):
        x = 20 + 160 * number
        box(x, 852, 140, 66, title, lines, "plain" if title == "Model" else "library")
        if number:
            arrow((x - 20, 885), (x - 2, 885))


crates()
modules()
flow()
svg = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" \
height="{HEIGHT}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" fill="{INK}"/></marker></defs>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
"""
svg += "\n".join(parts) + "\n</svg>\n"
Path(__file__).with_suffix(".svg").write_text(svg)
