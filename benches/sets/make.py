"""Makes procedural image data sets unlike each other, to choose settings without any real test set.

    python make.py OUTPUT [--set NAME ...] [--seed 0] [--size 320]

Each set becomes a folder OUTPUT/NAME in MVTec AD's layout: train/good, test/good and test/KIND with
masks in ground_truth/KIND. The sets: turned (a part at any angle), drift (aligned parts while the light
drifts), dark (tiny defects of dim parts on black), few (20 good images), mixed (six defective images
unlabelled among the 120 of train/good, listed in planted.txt), texture_regular, texture_random,
logical (a tray whose parts can be missing, too many, swapped, turned or wrong) and plate (pits and hairlines of 8 to
16 pixels in pictures of 1024: give --size 1024).
Every image has its own generator: the same seed makes the same bytes. Needs numpy, Pillow and scipy.
"""

import argparse
import dataclasses
import pathlib
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from scenes import Picture, between, box, disc, gear, move, noise, path, ragged, stroke
from scenes import dark, drift, few, mixed, plate, turned


def scratch(rng, picture):
    share = picture.share([stroke(path(rng, picture.place(rng), between(rng, 18, 80)), rng.uniform(0.9, 2.4), 0.7)])
    picture.change(share, rng.choice([-1, 1]) * between(rng, 16, 80))


def spot(rng, picture):
    outline = ragged(rng, *picture.place(rng), between(rng, 2.2, 8))
    share = picture.blur(picture.share([outline]), rng.uniform(0.4, 1.2))
    picture.change(share, rng.choice([-1, 1]) * between(rng, 12, 60) * rng.uniform(0.75, 1.25, 3))


def dent(rng, picture):
    """A hollow: dark on the side of the light and bright on the other."""
    radius = between(rng, 3, 9)
    share = picture.blur(picture.share([ragged(rng, *picture.place(rng), radius)]), 0.25 * radius + 0.5)
    down, right = np.gradient(share)
    slope = (down + right) / np.abs(down + right).max()
    strength = between(rng, 14, 70)
    picture.change(np.clip(2 * share, 0, 1), (-strength * slope - 0.25 * strength * share)[..., None])


def stain(rng, picture):
    outline = ragged(rng, *picture.place(rng, 8), between(rng, 9, 32))
    share = picture.blur(picture.share([outline]), rng.uniform(1.5, 5))
    tint = rng.uniform(0.6, 1.0, 3) * np.array([0.9, 1.0, 1.2])
    picture.change(share, -picture.pixels * between(rng, 0.09, 0.45) * tint)


def colour(rng, picture):
    """Another colour of about the same brightness."""
    outline = ragged(rng, *picture.place(rng, 8), between(rng, 7, 28))
    share = picture.blur(picture.share([outline]), rng.uniform(1, 4))
    tint = rng.normal(size=3)
    tint -= 0.7 * tint.mean()
    picture.change(share, between(rng, 12, 55) * tint / np.abs(tint).max())


def cut(rng, picture):
    """A dark slit with a bright lip."""
    line, width = path(rng, picture.place(rng, 8), between(rng, 16, 75), 0.06), rng.uniform(1.2, 3.6)
    slit, lip = (picture.share([stroke(line + off, width, 0.9)]) for off in (0, 0.5 * width + 0.4))
    strength = between(rng, 22, 95)
    picture.change(np.maximum(slit, 0.6 * lip), (strength * (0.4 * lip * (1 - slit) - slit))[..., None])


SURFACE = {"scratch": scratch, "spot": spot, "dent": dent, "stain": stain, "colour": colour, "cut": cut}


def texture_regular(rng, size, kind, flaw):
    """A plain weave of two colours, of any phase and nearly one scale."""
    picture = Picture(rng, size, [0, 0, 0], 0, 0, 0)
    picture.region[:] = 1
    pitch, turn, waves = 9.5 * rng.uniform(0.94, 1.06), rng.normal(0, 0.02), [noise(rng, size, 70) for _ in range(2)]
    y, x = np.mgrid[:size, :size] / picture.unit
    u = (np.cos(turn) * x + np.sin(turn) * y + 0.8 * waves[0]) / pitch + rng.uniform(10, 12)
    v = (np.cos(turn) * y - np.sin(turn) * x + 0.6 * waves[1]) / pitch + rng.uniform(10, 12)
    warp_tone, weft_tone = 1 + rng.normal(0, 0.035, (2, 100))
    column, row = np.floor(u).astype(int), np.floor(v).astype(int)
    parity = 1.0 - 2 * (column + row & 1)
    warp = np.sqrt(np.abs(np.sin(np.pi * (u - column)))) * (0.8 + 0.3 * parity * np.cos(np.pi * (v - row - 0.5)))
    weft = np.sqrt(np.abs(np.sin(np.pi * (v - row)))) * (0.8 - 0.3 * parity * np.cos(np.pi * (u - column - 0.5)))
    if kind in ("thread", "hole"):
        at, keep, reach = flaw.uniform(50, 270, 2), flaw.uniform(0, 0.6), between(flaw, 9, 45)
        here = tuple((at[::-1] * picture.unit).astype(int))
        if kind == "hole":
            share = picture.share([ragged(flaw, *at, between(flaw, 4, 15))])
            gap = picture.blur(share, 0.6) * between(flaw, 0.25, 1)
            warp, weft, picture.mask = warp * (1 - gap), weft * (1 - gap), share > 0.3
        else:
            along, thread, where = ((y, column, at[1]), (x, row, at[0]))[level := flaw.integers(2)]
            gap = np.clip(reach - np.abs(along - where), 0, 1) * (thread == thread[here])
            picture.mask = gap > 0.3
            warp, weft = (warp, weft * (1 - (1 - keep) * gap)) if level else (warp * (1 - (1 - keep) * gap), weft)
    over = 1 / (1 + np.exp(-14 * (warp - weft)))[..., None]
    base = np.array([142, 130, 104]) * (warp * warp_tone[column % 100])[..., None]
    other = np.array([92, 106, 128]) * (weft * weft_tone[row % 100])[..., None]
    picture.pixels += 14 + over * base + (1 - over) * other
    picture.pixels *= 1 + (0.03 * picture.fine + 0.03 * picture.broad)[..., None]
    return picture


def texture_random(rng, size, kind, flaw):
    """Leather: creases between small cells, lit from one side, and uneven dye."""
    picture = Picture(rng, size, np.array([128, 84, 58]) + rng.normal(0, 1.2, 3), 2.5, 1.5, 4)
    picture.region[:] = 1
    scale = rng.uniform(0.92, 1.08)
    fields = [picture.blur(rng.normal(size=(size, size)), sigma * scale) for sigma in (3.6, 1.7)]
    creases = sum(w * np.minimum(np.abs(f) / f.std(), 1.1) for w, f in zip((1, 0.5), fields))
    share = 0.0
    if kind in ("worn", "hole"):
        sizes = (12, 34) if kind == "worn" else (3.5, 13)
        outline = picture.share([ragged(flaw, *flaw.uniform(55, 265, 2), between(flaw, *sizes))])
        share, picture.mask = picture.blur(outline, 2.5 if kind == "worn" else 0.8), outline > 0.5
        flat = picture.blur(creases, 4) if kind == "worn" else -0.5
        creases = creases + share * between(flaw, 0.5, 1) * (flat - creases)
    down, right = np.gradient(picture.blur(creases, 0.7))
    picture.pixels += (20 * (creases - 0.95) + 36 * picture.unit * (down + right))[..., None] * [1, 0.8, 0.65]
    if kind == "hole":
        picture.pixels *= 1 - share[..., None] * between(flaw, 0.15, 0.8)
    return picture


# What lies in the tray's slots, row by row: a part and its colour, or nothing.
COLOURS = {"steel": [150, 152, 154], "brass": [172, 144, 82], "red": [168, 62, 52], "blue": [58, 84, 146],
           "green": [66, 122, 78], "black": [50, 50, 54], "copper": [162, 118, 72], "lead": [126, 127, 132],
           "rust": [158, 80, 50]}
TRAY = [("chip", "black"), ("nut", "steel"), ("bar", "red"), ("angle", "brass"), ("bar", "blue"), None,
        ("washer", "steel"), ("chip", "black"), ("nut", "brass"), ("angle", "steel"), None, ("bar", "green")]


def lay(picture, part, put, at, turn, tone):
    """One part into its slot."""
    name, colour = part
    colour = np.array(COLOURS[colour], float) + tone

    def there(*shapes):
        return [put(move(shape, turn, at)) for shape in shapes]

    if name == "chip":
        legs = [box(x, y, 5, 4) for x in (-20, 20) for y in (-18, -6, 6, 18)]
        picture.paint(there(*legs), [168, 166, 158], (), 20, 2, 0.3)
        picture.paint(there(box(0, 0, 36, 48, 2)), colour, (), 40, 2, 0.35)
        picture.paint(there(disc(-10, -16, 3.5)), colour + 70, (), -20)
        picture.paint(there(box(0, 4, 20, 2.5), box(0, 9, 20, 2.5)), colour + 45)
    elif name == "nut":
        picture.paint(there(gear(0, 0, 23, np.full(6, 21))), colour, there(disc(0, 0, 10)), 60, 2, 0.4)
    elif name == "washer":
        picture.paint(there(disc(0, 0, 22)), colour, there(disc(0, 0, 9)), 50, 2, 0.35)
    elif name == "bar":
        picture.paint(there(box(0, 0, 20, 52, 6)), colour, (), 60, 2, 0.4)
        picture.paint(there(box(0, -16, 20, 7)), colour * 0.4 + 120, (), 20)
    else:
        corner = np.array([[-20, -24], [-5, -24], [-5, 9], [20, 9], [20, 24], [-20, 24]], float)
        picture.paint(there(corner), colour, there(disc(-12.5, -14, 4), disc(11, 16.5, 4)), 55, 2, 0.4)


def logical(rng, size, kind, flaw):
    """A tray of ten parts, each of its kind and colour in its place, and two empty slots."""
    picture = Picture(rng, size, [150, 132, 106], 2.5, 3, 4)
    turn, at, count = rng.normal(0, 0.003), 160 + rng.uniform(-1.5, 1.5, 2), len(TRAY)
    slots = np.array([(-108 + 72 * (i % 4), -92 + 92 * (i // 4)) for i in range(count)], float)
    off, turns, tones = rng.uniform(-2, 2, (count, 2)), rng.normal(0, 0.035, count), rng.normal(0, 4, count)
    spins, parts, full = rng.uniform(0, 6, count), list(TRAY), [i for i in range(count) if TRAY[i]]
    concerned, where = [], int(flaw.choice(full))
    if kind == "missing":
        parts[where], concerned = None, [where]
    elif kind == "extra":
        concerned = [int(flaw.choice([i for i in range(count) if not TRAY[i]]))]
        parts[concerned[0]] = TRAY[where]
    elif kind == "swapped":
        other = int(flaw.choice([i for i in full if TRAY[i] != TRAY[where]]))
        parts[where], parts[other], concerned = parts[other], parts[where], [where, other]
    elif kind == "turned":
        concerned = [int(flaw.choice([i for i in full if TRAY[i][0] in ("chip", "bar", "angle")]))]
        turns[concerned[0]] += np.pi / 2 * flaw.integers(1, 4)
    elif kind == "wrong":
        name, shade = TRAY[where]
        others = [(n, shade) for n in ("nut", "washer", "bar", "chip", "angle") if n != name]
        others += 2 * [(name, c) for c in COLOURS if c != shade]
        parts[where], concerned = others[flaw.integers(len(others))], [where]

    def put(shape):
        return move(shape, turn, at)

    picture.paint([put(box(0, 0, 298, 288, 14))], [96, 100, 104], (), 40, 2, 0.4)
    edges = [put(box(x, y, 64, 80, 6)) for x, y in slots]
    for edge in edges:
        picture.paint([edge], [78, 82, 87], (), -45, 2)
    for i, part in enumerate(parts):
        if part:
            turned_by = turns[i] + (spins[i] if part[0] in ("nut", "washer") else 0)
            lay(picture, part, put, slots[i] + off[i], turned_by, tones[i])
    if concerned:
        picture.mask = picture.share([edges[i] for i in concerned]) > 0.5
    return picture


def camera(rng, pixels, drifting=False, sharp=False):
    """A photograph of a scene: its light, sharpness and noise."""
    size = pixels.shape[0]
    gain, blur, grain = rng.uniform(0.97, 1.03), rng.uniform(0.45, 0.6), rng.uniform(1.3, 1.7)
    slope, warmth, heading = rng.uniform(0, 0.03), rng.normal(0, 0.004), rng.uniform(0, 2 * np.pi)
    if drifting:
        gain, blur, grain = np.exp(rng.uniform(np.log(0.7), np.log(1.25))), rng.uniform(0.4, 1.2), rng.uniform(1, 3.5)
        slope, warmth = rng.uniform(0, 0.16), rng.uniform(-0.05, 0.05)
    if sharp:
        blur, grain = rng.uniform(0.4, 0.55), rng.uniform(0.8, 1.2)
    y, x = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    light = gain * (1 + slope * (np.cos(heading) * x + np.sin(heading) * y))
    blur *= size / 320
    light = light[..., None] * (1 + warmth * np.array([1, 0, -1]))
    pixels = ndimage.gaussian_filter(pixels, (blur, blur, 0), truncate=3) * light
    return (pixels + rng.normal(0, grain, pixels.shape)).clip(0, 255).round().astype(np.uint8)


@dataclasses.dataclass
class Set:
    scene: Callable
    kinds: dict  # The kinds of defect and how many images of each.
    train: int = 100
    good: int = 40
    planted: int = 0  # Of the images for training, those that are defective.
    least: float = 6.0  # By what a defect changes its pixels on average.
    smallest: float = 14.0  # Its area, where the picture's side is 320.
    photo: dict = dataclasses.field(default_factory=dict)


def each(count, *kinds):
    return dict.fromkeys(kinds, count)


SETS = {
    "turned": Set(turned, each(16, "scratch", "chip", "dent", "bent")),
    "drift": Set(drift, each(18, "spot", "scratch", "missing", "swapped"), photo={"drifting": True}),
    "dark": Set(dark, each(18, "hole", "slit", "speck", "chip"), least=5, photo={"sharp": True}),
    "few": Set(few, each(18, "scratch", "spot", "missing", "misprint"), train=20),
    "mixed": Set(mixed, each(18, "scratch", "spot", "missing", "bent"), train=120, planted=6),
    "texture_regular": Set(texture_regular, each(15, "cut", "stain", "colour", "thread", "hole")),
    "texture_random": Set(texture_random, each(15, "cut", "stain", "colour", "worn", "hole"), least=5),
    "plate": Set(plate, each(15, "pit", "hair"), train=30, good=20, smallest=2.0),
    "logical": Set(logical, each(11, "missing", "extra", "swapped", "turned", "wrong", "scratch", "stain")),
}


def differing(good, bad, unit):
    """Where two pictures differ clearly, small gaps closed."""
    difference = np.abs(bad - good).max(2)
    mask = difference > max(4, 0.25 * difference.max())
    mask = np.pad(mask, 8)
    mask = ndimage.binary_closing(mask, iterations=max(1, round(2 * unit)))[8:-8, 8:-8]
    return ndimage.binary_fill_holes(mask)


def shoot(made, key, size, kind=None):
    """One photograph, and where its defect is."""
    unit = size / 320

    def draw(kind, flaw):
        picture = made.scene(np.random.default_rng([*key, 0]), size, None if kind in SURFACE else kind, flaw)
        if kind in SURFACE:
            SURFACE[kind](flaw, picture)
        return picture

    picture, mask = draw(None, np.random.default_rng(0)), None
    if kind:
        good = picture.pixels.clip(0, 255)
        # A defect that can hardly be seen, or that reaches the border, will not do.
        for attempt in range(100):
            picture = draw(kind, np.random.default_rng([*key, 1, attempt]))
            bad = picture.pixels.clip(0, 255)
            mask = differing(good, bad, unit) if picture.mask is None else picture.mask
            inner = mask[2:-2, 2:-2].sum()
            visible = np.abs(bad - good)[mask].mean() if inner else 0.0
            if visible >= made.least and inner >= made.smallest * unit**2 and inner == mask.sum():
                break
        else:
            raise RuntimeError(f"No visible defect: {kind} {key}")
    return camera(np.random.default_rng([*key, 2]), picture.pixels, **made.photo), mask


def make(name, output, seed, size):
    made, root = SETS[name], output / name
    kinds, code = list(made.kinds), zlib.crc32(name.encode())
    planted = sorted(np.random.default_rng([seed, code]).permutation(made.train)[: made.planted].tolist())

    def save(folder, name, pixels):
        (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / folder / name, compress_level=3)

    for i in range(made.train):
        kind = kinds[planted.index(i) % len(kinds)] if i in planted else None
        save("train/good", f"{i:03}.png", shoot(made, [seed, code, 0, i], size, kind)[0])
    for i in range(made.good):
        save("test/good", f"{i:03}.png", shoot(made, [seed, code, 1, i], size)[0])
    for k, (kind, count) in enumerate(made.kinds.items()):
        for i in range(count):
            pixels, mask = shoot(made, [seed, code, 2 + k, i], size, kind)
            save(f"test/{kind}", f"{i:03}.png", pixels)
            save(f"ground_truth/{kind}", f"{i:03}_mask.png", (mask * 255).astype(np.uint8))
    if planted:
        (root / "planted.txt").write_text("".join(f"{i:03}.png\n" for i in planted))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path)
    usual = [name for name in SETS if name != "plate"]
    parser.add_argument("--set", nargs="+", choices=SETS, default=usual, dest="sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=320)
    args = parser.parse_args()
    for name in args.sets:
        make(name, args.output, args.seed, args.size)


if __name__ == "__main__":
    main()
