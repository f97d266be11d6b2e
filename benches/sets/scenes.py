"""What make.py draws with, and its scenes of parts that lie on a ground.

A scene says what lies in a picture, how it varies and what can be wrong with it. It is called with a
generator for what varies, the picture's side, the kind of defect (None for a good picture) and a second
generator for that defect: apart from the defect, the first makes the same picture each time. Lengths
are in units of which 320 make the side.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

FINE = 3  # Outlines are drawn this many times larger, then reduced.


def disc(x, y, radius):
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1)


def dense(points, step=4):
    """The same outline with points no further apart than about `step`."""
    ends = np.roll(points, -1, 0)
    counts = np.maximum(1, np.hypot(*(ends - points).T) // step).astype(int)
    return np.concatenate([a + (b - a) * np.arange(n)[:, None] / n for a, b, n in zip(points, ends, counts)])


def box(x, y, width, height, corner=0.0):
    angle = np.linspace(0, np.pi / 2, 8)
    arc = corner * np.stack([np.cos(angle), np.sin(angle)], 1)
    half = np.array([width / 2 - corner, height / 2 - corner])
    quarters = [half + arc, (half + arc)[::-1] * [-1, 1], -half - arc, (half + arc)[::-1] * [1, -1]]
    return np.concatenate(quarters) + [x, y]


def gear(x, y, root, tips):
    """A wheel with as many teeth as `tips` has radii."""
    angles = 2 * np.pi * (np.arange(len(tips))[:, None] + [-0.3, -0.17, 0.17, 0.3]) / len(tips)
    radii = np.stack([np.full(len(tips), root), tips, tips, np.full(len(tips), root)], 1)
    return np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], 2).reshape(-1, 2)


def stroke(points, width, taper=0.0):
    """The outline of a line through points, thinner at its ends by a share `taper`."""
    points = np.asarray(points, float)
    along = np.gradient(points, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    ends = np.abs(np.linspace(-1, 1, len(points)))
    across *= width / 2 * (1 - taper * ends**2)[:, None]
    return np.concatenate([points + across, (points - across)[::-1]])


def ragged(rng, x, y, radius):
    """An uneven outline about a place."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    waves = sum(rng.uniform(0, 0.3) / k * np.sin(k * angle + rng.uniform(0, 6)) for k in (2, 3, 5, 8))
    radius = radius * (1 + waves)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1)


def path(rng, at, length, curl=0.12):
    """A curved line of a length whose middle is at a place."""
    steps = max(4, int(length / 3))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(rng.normal(0, curl / 2), curl, steps))
    points = np.cumsum(length / steps * np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    return points - points[steps // 2] + at


def move(points, turn, at):
    cos, sin = np.cos(turn), np.sin(turn)
    return points @ np.array([[cos, sin], [-sin, cos]]) + at


def rotation(turn):
    return np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def noise(rng, size, step):
    """Smooth noise of deviation about 1 that changes over `step`."""
    cells = int(np.ceil(320 / step)) + 3
    grid = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
    left, top = rng.uniform(1, 2, 2)
    side = 320 / step
    smooth = grid.resize((size, size), Image.BICUBIC, box=(left, top, left + side, top + side))
    return 1.5 * np.asarray(smooth, float)


def between(rng, low, high):
    """A value whose logarithm is uniform: as often faint as clear."""
    return np.exp(rng.uniform(np.log(low), np.log(high)))


class Picture:
    """A picture being drawn, where its parts are and, of some defects, where they are."""

    def __init__(self, rng, size, ground, fine, coarse, broad):
        self.size, self.unit = size, size / 320
        self.fine, self.coarse, self.broad = rng.normal(size=(size, size)), noise(rng, size, 5), noise(rng, size, 90)
        light = fine * self.fine + coarse * self.coarse + broad * self.broad
        self.pixels = np.asarray(ground, float) + light[..., None]
        self.region = np.zeros((size, size))
        self.mask = None

    def blur(self, field, sigma):
        return ndimage.gaussian_filter(field, sigma * self.unit, truncate=3)

    def cover(self, shapes, holes=(), margin=7):
        """A window around shapes, and of its pixels the shares that these cover."""
        ends = np.concatenate(shapes) * self.unit
        low = np.clip(np.floor(ends.min(0) - margin * self.unit), 0, self.size - 1).astype(int)
        high = np.clip(np.ceil(ends.max(0) + margin * self.unit), low + 1, self.size).astype(int)
        layer = Image.new("L", tuple(((high - low) * FINE).tolist()))
        draw = ImageDraw.Draw(layer)
        for fill, group in ((255, shapes), (0, holes)):
            for shape in group:
                draw.polygon(((shape * self.unit - low) * FINE).ravel().tolist(), fill=fill)
        return (slice(low[1], high[1]), slice(low[0], high[0])), np.asarray(layer.reduce(FINE), float) / 255

    def share(self, shapes):
        """Of all pixels, the shares that shapes cover."""
        whole = np.zeros((self.size, self.size))
        window, alpha = self.cover(shapes)
        whole[window] = alpha
        return whole

    def paint(self, shapes, colour, holes=(), bevel=0.0, grain=2.0, shadow=0.0, strength=1.0, extra=None):
        """Draws shapes in a colour, with raised (or sunken) edges, grain and a shadow."""
        window, alpha = self.cover(shapes, holes)
        area = self.pixels[window]
        if shadow:
            area *= 1 - shadow * self.blur(np.roll(alpha, round(2 * self.unit), (0, 1)), 2)[..., None]
        light = grain * (self.fine[window] + 0.7 * self.coarse[window] + 0.8 * self.broad[window])
        if bevel:
            down, right = np.gradient(self.blur(alpha, 1.3))
            light = light + bevel * self.unit * (down + right)
        if extra is not None:
            light = light + extra[window]
        area += strength * alpha[..., None] * (np.asarray(colour, float) + light[..., None] - area)
        self.region[window] = np.maximum(self.region[window], alpha)

    def brush(self, rng, turn, strength):
        """Fine streaks along a direction."""
        y, x = np.mgrid[: self.size, : self.size] / self.unit
        across = 2 * (np.cos(turn) * y - np.sin(turn) * x) + 1000
        table = ndimage.gaussian_filter1d(rng.normal(size=2000), 1.2)
        return strength * 2 * table[across.astype(int)]

    def place(self, rng, inset=4):
        """A place on a part, not at the picture's border."""
        inside = ndimage.binary_erosion(self.region > 0.5, iterations=max(1, round(inset * self.unit)))
        edge = round(0.06 * self.size)
        inside[:edge] = inside[-edge:] = inside[:, :edge] = inside[:, -edge:] = False
        rows, columns = np.nonzero(inside)
        i = rng.integers(len(rows))
        return np.array([columns[i], rows[i]]) / self.unit

    def change(self, share, by):
        """Adds a share of a colour to the parts, which is a defect."""
        share = share * self.region
        self.pixels += share[..., None] * by
        self.mask = share > 0.3 * max(share.max(), 1e-9)


def turned(rng, size, kind, flaw):
    """A toothed lever at any angle, somewhere on a grey belt."""
    picture = Picture(rng, size, np.array([84, 88, 91]) + rng.normal(0, 3), 3, 3, 5)
    turn, at, tone = rng.uniform(0, 2 * np.pi), 160 + rng.uniform(-24, 24, 2), rng.normal(0, 4)
    steel = picture.brush(rng, turn, 3)
    tips, bite, hinge, angle = np.full(14, 51.0), [], flaw.uniform(-8, 25), 0.0
    if kind == "bent":
        angle = np.radians(flaw.choice([-1, 1]) * between(flaw, 3.5, 18))
    elif kind == "chip" and flaw.uniform() < 0.5:
        tips[flaw.integers(1, 14)] -= flaw.uniform(4, 11)
    elif kind == "chip":
        on_wheel = np.array([-55, 0]) + 50 * np.array([np.cos(a := flaw.uniform(0.6, 5.6)), np.sin(a)])
        on_eye = np.array([80, 0]) + 24 * np.array([np.cos(a := flaw.uniform(-2.3, 2.3)), np.sin(a)])
        where = (on_wheel, on_eye, (flaw.uniform(0, 48), flaw.choice([-1, 1]) * 11))[flaw.integers(3)]
        bite = [ragged(flaw, *where, between(flaw, 3.5, 9))]

    def put(shape):
        """Into the picture, bent beyond the hinge."""
        shape = dense(shape)
        share = np.clip((shape[:, 0] - hinge) / 12, 0, 1)
        bent = (shape[:, 0] - hinge + 1j * shape[:, 1]) * np.exp(1j * angle * share)
        return move(np.stack([bent.real + hinge, bent.imag], 1), turn, at)

    outline = [gear(-55, 0, 40, tips), box(12, 0, 100, 22), disc(80, 0, 25)]
    holes = [disc(-55, 0, 13), disc(80, 0, 12), disc(-41, 22, 5), disc(-81, 1, 5), disc(-43, -23, 5)]
    metal, gaps = np.array([150, 152, 150]) + tone, [put(shape) for shape in holes + bite]
    picture.paint([put(shape) for shape in outline], metal, gaps, 60, 2, 0.45, extra=steel)
    picture.paint([put(box(24, 0, 46, 7, 3))], np.array([118, 121, 122]) + tone, (), -35, 2)
    picture.paint([put(disc(-55, 0, 20))], metal + [12, 8, 0], [put(disc(-55, 0, 13))], 25, 2, extra=steel)
    if kind == "bent":
        picture.mask = picture.share([put(box(hinge + 56, 0, 100, 64))]) * picture.region > 0.5
    return picture


CAPS = np.array([[176, 62, 48], [186, 92, 44], [58, 128, 74], [48, 116, 118]], float)


def drift(rng, size, kind, flaw):
    """A board whose parts always lie alike; its light is the camera's."""
    picture = Picture(rng, size, [124, 118, 108], 2, 2, 3)
    turn, at, slots = rng.normal(0, 0.004), 160 + rng.uniform(-1.5, 1.5, 2), rng.uniform(0, np.pi, 4)
    places = [[(x, y) for x in (-112, 112) for y in (-84, 84)], [(-84 + 38 * i, -52) for i in range(4)],
              [(-74 + 18 * i, 78) for i in range(9)], [(34 + 13 * i, 52) for i in range(6)]]
    off = [rng.normal(0, 0.5, (len(group), 2)) for group in places]
    tones = [rng.normal(0, 3, len(group)) for group in places]
    caps, gone, hexagons = CAPS.copy(), None, np.zeros(4, bool)
    if kind == "missing":
        group = flaw.integers(4)
        gone = group, flaw.integers(len(places[group]))
    elif kind == "swapped":
        if flaw.uniform() < 0.7:
            i, j = flaw.choice(4, 2, replace=False)
            caps[[i, j]] = caps[[j, i]]
        else:
            hexagons[flaw.integers(4)] = True

    def put(shape):
        return move(shape, turn, at)

    picture.paint([put(box(0, 0, 264, 212, 16))], [62, 84, 104], (), 35, 2, 0.4)
    picture.paint([put(box(-62, 20, 84, 70, 4))], [44, 46, 50], (), 40, 1.5, 0.4)
    picture.paint([put(disc(-88, 2, 4))], [70, 72, 76], (), -15)
    picture.paint([put(disc(62, 0, 34))], [150, 148, 140], (), 60, 2, 0.4, extra=picture.brush(rng, 0.3, 2))
    picture.paint([put(disc(62, 0, 24))], [134, 132, 126], (), -30, 2)
    picture.paint([put(box(66, 52, 92, 20, 3))], [192, 190, 180], (), 10, 1.5)
    for group, spots in enumerate(places):
        for i, spot_at in enumerate(spots):
            (x, y), tone = spot_at + off[group][i], tones[group][i]
            if group < 2:
                picture.paint([put(disc(*spot_at, 9))], [38, 48, 58], (), -20)
            elif group == 2:
                picture.paint([put(box(*spot_at, 11, 24))], [84, 100, 106])
            if gone == (group, i):
                continue
            if group == 0:
                head = gear(x, y, 11, np.full(6, 9.5)) if hexagons[i] else disc(x, y, 10.5)
                bar = move(box(0, 0, 15, 2.6), slots[i], [x, y])
                cross = move(box(0, 0, 2.6, 15), slots[i], [x, y])
                picture.paint([put(head)], np.array([158, 158, 154]) + tone, (), 45, 2, 0.3)
                if hexagons[i]:
                    picture.mask = picture.share([put(head)]) > 0.3
                marks = [disc(x, y, 4)] if hexagons[i] else [bar, cross]
                picture.paint(list(map(put, marks)), [88, 88, 86], (), -15)
            elif group == 1:
                picture.paint([put(disc(x, y, 13))], caps[i] + tone, (), 50, 2, 0.35)
            elif group == 2:
                picture.paint([put(box(x, y, 7, 19, 2))], np.array([178, 150, 84]) + tone, (), 40, 2, 0.3)
            else:
                picture.paint([put(box(x, 52, 5, 12 - 3 * (i % 3)))], np.array([60, 58, 62]) + tone, strength=0.9)
    return picture


def dark(rng, size, kind, flaw):
    """Two to four dim plugs on a black ground, with defects of a few pixels."""
    picture = Picture(rng, size, np.array([8.0, 8.5, 10]) + rng.normal(0, 0.4), 0.3, 0.2, 0.8)
    corners = rng.permutation([(x, y) for x in (92, 228) for y in (92, 228)])[: rng.integers(2, 5)]
    plugs = [(corner + rng.uniform(-13, 13, 2), rng.uniform(0, np.pi), rng.normal(0, 1.5)) for corner in corners]
    bad, wide = flaw.integers(len(plugs)), flaw.uniform(6, 14)
    reach, angle = flaw.uniform(0, 31), flaw.uniform(0, 2 * np.pi)
    toward = np.array([np.cos(angle), np.sin(angle)])
    for i, (at, turn, tone) in enumerate(plugs):
        base = np.array([40, 41, 44]) + tone
        bite = [ragged(flaw, *(at + 37 * toward), wide / 2)] if kind == "chip" and i == bad else []
        picture.paint([disc(*at, 37)], base, bite, 26, 0.7)
        picture.paint([disc(*at, 30)], base - 7, [disc(*at, 26)], -8, 0.5)
        picture.paint([move(box(0, 0, 30, 5, 2.5), turn, at)], base - 12, (), -8, 0.5)
    at = plugs[bad][0] + reach * toward
    if kind == "hole":
        picture.paint([ragged(flaw, *at, wide / 2)], [11, 11, 12], (), -6, 0.4, strength=between(flaw, 0.25, 1))
    elif kind == "slit":
        line = stroke(path(flaw, at, wide, 0.05), flaw.uniform(1.4, 2.6), 0.4)
        picture.paint([line], [9, 9, 10], grain=0.3, strength=between(flaw, 0.4, 1))
    elif kind == "speck":
        at = at if flaw.uniform() < 0.6 else flaw.uniform(30, 290, 2)
        glow = 40 + between(flaw, 9, 90) * flaw.uniform(0.8, 1.2, 3)
        picture.paint([ragged(flaw, *at, flaw.uniform(3, 4.5))], glow, grain=0.5, strength=0.7)
    return picture


LINES = [(-1, -2, 1, -2), (-1, -2, -1, 0), (1, -2, 1, 0), (-1, 0, 1, 0), (-1, 0, -1, 2), (1, 0, 1, 2), (-1, 2, 1, 2)]
DIGITS = {2: (0, 2, 3, 4, 6), 3: (0, 2, 3, 5, 6), 4: (1, 2, 3, 5), 5: (0, 1, 3, 5, 6), 6: (0, 1, 3, 4, 5, 6),
          7: (0, 2, 5), 8: range(7), 9: (0, 1, 2, 3, 5, 6)}


def few(rng, size, kind, flaw):
    """A knurled lid with a star, a number and a row of bars printed on it."""
    picture = Picture(rng, size, [146, 140, 128], 2.5, 2.5, 4)
    turn, at = rng.normal(0, 0.006), 160 + rng.uniform(-2, 2, 2)
    ink, off, tone = rng.uniform(0.8, 0.95), rng.normal(0, 0.5, 2), rng.normal(0, 2)
    number, inks, lack, row_off, ghost, gone = [4, 8, 2, 6], np.full(4, ink), None, np.zeros(2), None, None
    if kind == "missing":
        gone = flaw.choice(["star", "digit", "bar", "bar", "ring"]), flaw.integers(4)
    elif kind == "misprint":
        case, i = flaw.integers(5), flaw.integers(4)
        if case == 0:
            number[i] = int(flaw.choice([n for n in DIGITS if n != number[i]]))
        elif case == 1:
            lack = i, flaw.choice(list(DIGITS[number[i]]))
        elif case == 2:
            row_off = between(flaw, 3, 9) * np.array([np.cos(a := flaw.uniform(0, 2 * np.pi)), np.sin(a)])
        elif case == 3:
            inks[i] *= flaw.uniform(0.4, 0.85)
        else:
            ghost = between(flaw, 2.5, 7) * np.array([np.cos(a := flaw.uniform(0, 2 * np.pi)), np.sin(a)])

    def put(shape):
        return move(shape, turn, at)

    picture.paint([put(gear(0, 0, 129, np.full(64, 134)))], np.array([52, 104, 82]) + tone, (), 45, 2, 0.45)
    picture.paint([put(disc(0, 0, 117))], np.array([60, 112, 90]) + tone, (), -30, 2)
    picture.paint([put(disc(0, 0, 104))], np.array([196, 190, 170]) + tone, (), 30, 2)
    star = gear(0, 0, 10, np.full(5, 24)) @ np.array([[0, -1], [1, 0]]) + [0, -54] + off
    if gone is None or gone[0] != "star":
        picture.paint([put(star)], [168, 52, 46], strength=ink)
    for i, digit in enumerate(number):
        lines = [LINES[s] for s in DIGITS[digit] if lack != (i, s)]
        places = [np.array([-51 + 34 * i, 8]) + off + row_off]
        if ghost is not None:
            places.append(places[0] + ghost)
        if gone == ("digit", i):
            continue
        for k, place in enumerate(places):
            shapes = [put(stroke(np.array([a[:2], a[2:]]) * 10 + place, 5)) for a in lines]
            picture.paint(shapes, [44, 50, 96], strength=inks[i] * (0.5 if k else 1))
    for i in range(9):
        if gone is None or gone[0] != "bar" or gone[1] != i // 2:
            bar = move(box(0, 66, 7, 22), 0.16 * (4 - i), off)
            picture.paint([put(bar)], [60, 120, 96] if i % 2 else [44, 50, 96], strength=ink)
    for i, x in enumerate((-82, 82)):
        if gone is None or gone[0] != "ring" or gone[1] % 2 != i:
            picture.paint([put(disc(x, 8, 9))], [150, 132, 84], [put(disc(x, 8, 5))], 25)
    return picture


def mixed(rng, size, kind, flaw):
    """A heat sink: a base with holes, a row of fins and a clip across them."""
    picture = Picture(rng, size, [66, 78, 74], 2, 2.5, 4)
    turn, at, count = rng.normal(0, 0.005), 160 + rng.uniform(-2, 2, 2), 12
    leans, tones = rng.normal(0, 0.5, count), rng.normal(0, 4, count)
    heights, angles, hinges = np.full(count, 148.0), np.zeros(count), np.full(count, 0.0)
    i = flaw.integers(count)
    if kind == "missing":
        heights[i] -= between(flaw, 5, 140)
    elif kind == "bent":
        angles[i] = np.radians(flaw.choice([-1, 1]) * between(flaw, 3, 12))
        hinges[i] = flaw.uniform(5, 40) if flaw.uniform() < 0.5 else flaw.uniform(64, 95)

    def put(shape):
        return move(shape, turn, at)

    metal = picture.brush(rng, np.pi / 2, 2)
    for i in range(count):
        up = np.append(np.arange(0, heights[i], 6), heights[i])
        side = -118 + 236 / (count - 1) * i + leans[i] * up / 148 + np.tan(angles[i]) * np.maximum(up - hinges[i], 0)
        fin = np.stack([side, 62 - up], 1)
        picture.paint([put(stroke(fin, 8.5))], np.array([146, 148, 152]) + tones[i], (), 55, 2, 0.4, extra=metal)
        if angles[i]:
            bent = put(stroke(fin[up > hinges[i] + 4], 8.5))
    holes = [put(disc(x, 84, 8)) for x in (-100, 100)] + [put(box(0, 84, 60, 10, 5))]
    picture.paint([put(box(0, 84, 262, 50, 5))], [120, 122, 128], holes, 45, 2, 0.4, extra=picture.brush(rng, 0, 3))
    clip = put(box(0, -8, 252, 16, 4))
    picture.paint([clip], [70, 66, 62], (), 45, 2, 0.4)
    for x in (-62, 62):
        picture.paint([put(disc(x, -8, 5))], [170, 140, 70], (), 30)
    if kind == "bent":
        picture.mask = picture.share([bent]) * (1 - picture.share([clip])) > 0.4
    return picture


def plate(rng, size, kind, flaw):
    """A large speckled metal plate with six bolts and a slot; its defects are tiny: for pictures of 1024 pixels."""
    picture = Picture(rng, size, [122, 124, 128], 5, 2, 3)
    picture.pixels += (picture.brush(rng, 0, 3) + 5 * picture.blur(rng.normal(size=(size, size)), 0.4))[..., None]
    picture.region[:] = 1
    turn, at = rng.normal(0, 0.003), 160 + rng.uniform(-1, 1, 2)

    def put(shape):
        return move(shape, turn, at)

    metal = picture.brush(rng, np.pi / 2, 2)
    picture.paint([put(box(0, 0, 90, 26, 10))], [58, 60, 66], (), -50, 2, extra=metal)
    for x in (-110, 0, 110):
        for y in (-100, 100):
            picture.paint([put(disc(x, y, 15))], [150, 148, 140], (), 50, 2, 0.4, extra=metal)
            head = gear(0, 0, 9, np.full(6, 8.2)) @ rotation(rng.uniform(0, 1)) + [x, y]
            picture.paint([put(head)], [70, 70, 74], (), -40, 2)
    if kind == "pit":
        outline = picture.share([ragged(flaw, *flaw.uniform(10, 310, 2), 1.25)])
        picture.pixels += outline[..., None] * flaw.choice([-1, 1]) * between(flaw, 45, 90)
        picture.mask = outline > 0.5
    elif kind == "hair":
        middle, heading = flaw.uniform(10, 310, 2), flaw.uniform(0, np.pi)
        along = np.linspace(-2.5, 2.5, 12)[:, None] * [np.cos(heading), np.sin(heading)]
        outline = picture.share([stroke(middle + along, 0.8)])
        picture.pixels -= outline[..., None] * between(flaw, 45, 90)
        picture.mask = outline > 0.5
    return picture
