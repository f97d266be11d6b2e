"""The method in PyTorch, as plain functions: what networks.py draws its reference values from."""

import numpy as np
import torch
import torch.nn.functional as F

TEACHER_CHANNELS = (4, 6, 7)
STUDENT_CHANNELS = (3, 4, 5, 6)
VGG16_CONVS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21))  # torchvision's indices; a 2x2 pool between groups
VGG16_WIDTHS = (4, 8, 8, 12)
SQUEEZENET_FIRES = ((3, 4, 5), (7, 8, 9, 10))  # a 3x3/2 ceil-mode pool before each group
SQUEEZENET_WIDTHS = {3: (4, 4), 4: (4, 4), 5: (4, 6), 7: (4, 6), 8: (6, 8), 9: (6, 8), 10: (6, 10)}  # squeeze, expand
DIRECTIONS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
HALF = 32  # half a patch of 65
OFFSET = 8
SMALL = (32, 24)  # the image of the plain forward passes
RATE, DECAY, STEPS = 5e-4, 1e-5, 10
NORMS = ("l2", "standardize", "none")


# --- drawing -----------------------------------------------------------------------------------------


def normal(rng, *shape, scale=1.0):
    return torch.from_numpy((rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)).astype(np.float32))


def layer(rng, name, out, inputs, kernel=None, gain=2.0):
    """He normal weights, and biases that are not zero so that a lost bias shows."""
    shape = (out, inputs) if kernel is None else (out, inputs, kernel, kernel)
    fan_in = inputs * (kernel or 1) ** 2
    return {
        f"{name}.weight": normal(rng, *shape, scale=(gain / fan_in) ** 0.5),
        f"{name}.bias": normal(rng, out, scale=0.1),
    }


def image(rng, height, width):
    """u8 [height, width, 3]: 8x8 blocks of colour under noise."""
    blocks = rng.integers(40, 216, (height // 8, width // 8, 3)).repeat(8, 0).repeat(8, 1)
    return torch.from_numpy((blocks + rng.integers(-40, 40, blocks.shape)).astype(np.uint8))


def network_input(pixels, dtype):
    """u8 [H, W, 3] -> [1, 3, H, W]."""
    return ((pixels.to(dtype) - 128) / 64).permute(2, 0, 1)[None]


def channels_last(x):
    """[1, C, H, W] -> [H, W, C]."""
    return x[0].permute(1, 2, 0)


# --- teachers ----------------------------------------------------------------------------------------


def vgg16_weights(rng):
    weights, inputs = {}, 3
    for convs, out in zip(VGG16_CONVS, VGG16_WIDTHS):
        for index in convs:
            weights |= layer(rng, f"features.{index}", out, inputs, 3)
            inputs = out
    return weights


def vgg16_maps(w, x):
    """relu2_2, relu3_3, relu4_3."""
    maps = []
    for group, convs in enumerate(VGG16_CONVS):
        if group > 0:
            x = F.max_pool2d(x, 2, 2)
        for index in convs:
            x = F.relu(F.conv2d(x, w[f"features.{index}.weight"], w[f"features.{index}.bias"], padding=1))
        if group > 0:
            maps.append(x)
    return maps


def squeezenet_weights(rng):
    weights, inputs = layer(rng, "features.0", 8, 3, 7), 8
    for index, (squeeze, expand) in SQUEEZENET_WIDTHS.items():
        weights |= layer(rng, f"features.{index}.squeeze", squeeze, inputs, 1)
        weights |= layer(rng, f"features.{index}.expand1x1", expand, squeeze, 1)
        weights |= layer(rng, f"features.{index}.expand3x3", expand, squeeze, 3)
        inputs = 2 * expand
    return weights


def squeezenet_maps(w, x):
    """conv1 (padding 3 here, so that it is exactly half), fire4, fire8."""

    def conv(x, name, **how):
        return F.relu(F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], **how))

    maps = [conv(x, "features.0", stride=2, padding=3)]
    for fires in SQUEEZENET_FIRES:
        x = F.max_pool2d(maps[-1], 3, 2, ceil_mode=True)
        for index in fires:
            x = conv(x, f"features.{index}.squeeze")
            x = torch.cat(
                [conv(x, f"features.{index}.expand1x1"), conv(x, f"features.{index}.expand3x3", padding=1)], 1
            )
        maps.append(x)
    return maps


# --- student -----------------------------------------------------------------------------------------


def student_weights(rng):
    c1, c2, c3, c4 = STUDENT_CHANNELS
    channels = ((3, c1), (c1, c2), (c2, c2), (c2, c3), (c3, c4), (c4, c4))
    weights = {}
    for index, (inputs, out) in enumerate(channels):
        weights |= layer(rng, f"student/conv{index}", out, inputs, 3)
    for level, (inputs, out) in enumerate(zip((c2, c3, c4), TEACHER_CHANNELS), start=1):
        weights |= layer(rng, f"student/head{level}", out, inputs, gain=2.0)
    return weights


def student_features(w, x, output_stride):
    """The three levels before the heads, level l at stride min(2^l, output_stride)."""
    stride = dilation = 1

    def conv(x, index):
        weight, bias = w[f"student/conv{index}.weight"], w[f"student/conv{index}.bias"]
        return F.relu(F.conv2d(x, weight, bias, padding=dilation, dilation=dilation))

    x, features = conv(x, 0), []
    for convs in ((1, 2), (3,), (4, 5)):
        if stride < output_stride:
            x, stride = F.max_pool2d(x, 3, 2, padding=1), stride * 2
        else:  # the pool itself has the dilation so far, what follows twice that
            padded = F.pad(x, [dilation] * 4, value=-torch.inf)
            x, dilation = F.max_pool2d(padded, 3, 1, dilation=dilation), dilation * 2
        for index in convs:
            x = conv(x, index)
        features.append(x)
    return features


def head(w, level, x):
    return F.conv2d(x, w[f"student/head{level}.weight"][:, :, None, None], w[f"student/head{level}.bias"])


def student(w, x, output_stride, coarser=1):
    """(levels of the teacher's sizes, raw levels on the student's grid), both after the heads. The teacher's
    levels may be so many times coarser than the student's own."""
    features = student_features(w, x, output_stride)
    raw = [head(w, level, f) for level, f in enumerate(features, start=1)]
    levels = []
    for level, f in enumerate(features, start=1):
        factor = coarser * 2**level // min(2**level, output_stride)
        levels.append(head(w, level, F.avg_pool2d(f, factor)))
    return levels, raw


# --- position classifier -----------------------------------------------------------------------------


def position_weights(rng):
    weights, sizes = {}, (TEACHER_CHANNELS[2], 128, 128, len(DIRECTIONS))
    for index, (inputs, out) in enumerate(zip(sizes, sizes[1:]), start=1):
        weights |= layer(rng, f"position/fc{index}", out, inputs, gain=4.0)
    return weights


def position_logits(w, difference):
    x = F.leaky_relu(F.linear(difference, w["position/fc1.weight"], w["position/fc1.bias"]), 0.1)
    x = F.leaky_relu(F.linear(x, w["position/fc2.weight"], w["position/fc2.bias"]), 0.1)
    return F.linear(x, w["position/fc3.weight"], w["position/fc3.bias"])


def is_centre(row, column, size):
    return all(HALF <= p <= s - HALF - 1 for p, s in zip((row, column), size))


def random_pairs(rng, size, step):
    """One valid pair per direction, in pixels: [8, 5] centre row, column, neighbour row, column, class."""
    pairs = []
    for k, (dr, dc) in enumerate(DIRECTIONS):
        valid = [
            (r, c, r + dr * OFFSET, c + dc * OFFSET, k)
            for r in range(0, size[0], step)
            for c in range(0, size[1], step)
            if is_centre(r, c, size) and is_centre(r + dr * OFFSET, c + dc * OFFSET, size)
        ]
        if step < 8:  # points that only the finer grid has
            valid = [p for p in valid if p[0] % 8 and p[1] % 8]
        pairs.append(valid[rng.integers(len(valid))])
    return torch.tensor(pairs, dtype=torch.int64)


def position_loss(w, raw3, pairs, output_stride):
    r0, c0, r1, c1 = (pairs[:, :4] // output_stride).T
    assert (pairs[:, :4] % output_stride == 0).all()
    s3 = channels_last(raw3)
    return F.cross_entropy(position_logits(w, s3[r0, c0] - s3[r1, c1]), pairs[:, 4])


# --- loss --------------------------------------------------------------------------------------------


def squared_distances(norm, teacher, levels, mean, std):
    """Per level the [H, W] map of squared distances, after the feature norm."""
    maps = []
    for t, s, m, d in zip(teacher, levels, mean, std):
        s = channels_last(s)
        if norm == "l2":
            t, s = F.normalize(t, dim=-1, eps=1e-12), F.normalize(s, dim=-1, eps=1e-12)
        elif norm == "standardize":
            t = (t - m) / d
        maps.append(((t - s) ** 2).sum(-1))
    return maps


def total_loss(rec, pos, s_rec, s_pos):
    return 0.5 * torch.exp(-s_rec) * rec + 0.5 * torch.exp(-s_pos) * pos + 0.5 * (s_rec + s_pos)


# --- detection ---------------------------------------------------------------------------------------


def e_rec(distances, size):
    resized = [F.interpolate(d[None, None], size, mode="bilinear", align_corners=False)[0, 0] for d in distances]
    return sum(resized)


def e_pos_grid(w, raw3, size, output_stride):
    """(mean of 1 - p(y_k) over the valid directions, their number), on the student's grid; NaN where none."""
    s3 = channels_last(raw3)
    total = torch.zeros(s3.shape[:2], dtype=s3.dtype)
    count = torch.zeros(s3.shape[:2], dtype=torch.uint8)
    for k, (dr, dc) in enumerate(DIRECTIONS):
        for i in range(s3.shape[0]):
            for j in range(s3.shape[1]):
                r0, c0 = i * output_stride, j * output_stride
                r1, c1 = r0 + dr * OFFSET, c0 + dc * OFFSET
                if is_centre(r0, c0, size) and is_centre(r1, c1, size):
                    difference = s3[i, j] - s3[r1 // output_stride, c1 // output_stride]
                    total[i, j] += 1 - position_logits(w, difference).softmax(0)[k]
                    count[i, j] += 1
    return total / count, count


def trusted(w, raw3, size, output_stride, mean):
    """The mean of 1 - p(y_k) weighted by 1 - e_pos of the neighbour, at least 0.02; NaN where there is none."""
    s3, rows = channels_last(raw3), torch.full_like(mean, float("nan"))
    steps = OFFSET // output_stride
    for i, j in torch.nonzero(~mean.isnan()).tolist():
        errors, weights = [], []
        for k, (dr, dc) in enumerate(DIRECTIONS):
            i1, j1 = i + dr * steps, j + dc * steps
            if is_centre(i1 * output_stride, j1 * output_stride, size):
                errors.append(1 - position_logits(w, s3[i, j] - s3[i1, j1]).softmax(0)[k])
                weights.append((1 - mean[i1, j1]).clamp(min=0.02))
        errors, weights = torch.stack(errors), torch.stack(weights)
        rows[i, j] = (weights * errors).sum() / weights.sum()
    return rows


def e_pos(grid, count, size, output_stride):
    """([H, W] resized inside the valid rectangle and NaN outside the valid centres, valid as u8)."""
    rows, columns = (torch.nonzero(count.amax(axis) > 0)[:, 0] for axis in (1, 0))
    inside = grid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert not inside.isnan().any(), "a hole of n = 0 inside the rectangle is not covered here"

    def neighbours(positions, first, last):
        """Lower grid index, upper grid index and the upper one's weight of each pixel of an axis."""
        at = (positions.to(grid.dtype) / output_stride).clamp(first, last) - first
        low = at.floor().long()
        return low, torch.minimum(low + 1, torch.tensor(last - first)), at - low

    r_low, r_high, r_weight = neighbours(torch.arange(size[0]), int(rows[0]), int(rows[-1]))
    c_low, c_high, c_weight = neighbours(torch.arange(size[1]), int(columns[0]), int(columns[-1]))
    across = inside[:, c_low] * (1 - c_weight) + inside[:, c_high] * c_weight
    resized = across[r_low] * (1 - r_weight)[:, None] + across[r_high] * r_weight[:, None]

    valid = torch.zeros(size, dtype=torch.uint8)
    valid[HALF : size[0] - HALF, HALF : size[1] - HALF] = 1
    return torch.where(valid.bool(), resized, float("nan")), valid


def fuse(e_rec, e_pos, valid, mu_sigma):
    mu_rec, sigma_rec, mu_pos, sigma_pos = mu_sigma
    position = torch.where(valid.bool(), (e_pos - mu_pos) / sigma_pos, 0.0)
    return (e_rec - mu_rec) / sigma_rec + position
