"""Reference values for the networks, the losses and the maps, from PyTorch in float64.

    python3 crates/oddspot/tests/oracle/networks.py    # writes networks.safetensors beside itself

Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0. Everything is drawn as float32 from one fixed
seed, computed in float64, stored as float32. Activations are [height, width, channels], convolution
weights [out, in, k, k], linear weights [out, in], scalars [1].

Every `.../input` is stored as u8; the network's input is x = (u8 - 128) / 64, exact in float32. The teacher's
maps that losses and errors are made of are exact in float16, in which a training keeps them.

Conventions where the method leaves room
- A student level is `raw` on the student's own grid: level l at stride min(2^l, output_stride), index i
  at pixel stride*i. `level` is raw features -> average pool to 1/2^l of the image -> 1x1 head.
- L_rec and e_rec compare `level` maps; pairs and e_pos read raw level 3 (after head 3), never the pooled one.
- `l2` divides by max(norm, 1e-12), so an all-zero teacher position stays zero (level 1 here has some).
- `standardize` is (T - mean) / std on the teacher; the student is compared with it as it is.
- e_pos at pixel (r, c): bilinear between the grid samples at pixels (os*i, os*j), (r, c) clamped to the
  rectangle of the grid points that have a valid pair. Pixels outside the valid patch centres
  [32, size - 33] of either axis are excluded: NaN in `e_pos`, 0 in `valid`, nothing added in `fused`.
- `s_rec`, `s_pos` start at the log of the first losses: their own gradients are 0 there up to rounding,
  and Adam scales rounding up to a step of up to the learning rate. Compare `adam/s_*` to 1e-3 only; such a
  step moves `adam/loss` by up to 1.3e-4 of its value and the other parameters by 2e-5.
  `loss/standardize/os8/at_s/...` has the gradients at an s where they are not zero.
- Gradients of the position classifier depend neither on the norm nor on the student's heads 1 and 2 (s_pos
  cancels the loss's scale): stored once for output stride 8, under `standardize`. `position/fc2.weight` has
  none stored at output stride 4, to keep the file small.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from method import (
    channels_last,
    DECAY,
    e_pos,
    e_pos_grid,
    e_rec,
    fuse,
    HALF,
    head,
    image,
    network_input,
    normal,
    NORMS,
    OFFSET,
    position_loss,
    position_weights,
    random_pairs,
    RATE,
    SMALL,
    squared_distances,
    squeezenet_maps,
    squeezenet_weights,
    STEPS,
    student,
    student_features,
    student_weights,
    TEACHER_CHANNELS,
    total_loss,
    trusted,
    vgg16_maps,
    vgg16_weights,
)


# --- the fixtures ------------------------------------------------------------------------------------


def sub(tensors, prefix, dtype, grad=False):
    """The tensors under a prefix ('' for student and classifier together) as fresh leaves of `dtype`."""
    return {k: v.to(dtype).clone().requires_grad_(grad) for k, v in tensors.items() if k.startswith(prefix)}


def teacher_fixtures(out, rng, dtype):
    for name, draw, maps in (("vgg16", vgg16_weights, vgg16_maps), ("squeezenet", squeezenet_weights, squeezenet_maps)):
        weights, pixels = draw(rng), image(rng, *SMALL)
        levels = maps(sub(weights, "", dtype), network_input(pixels, dtype))
        for level, x in enumerate(levels, start=1):
            assert x.shape[2:] == (SMALL[0] >> level, SMALL[1] >> level)
            assert (x > 0).double().mean() > 0.1
            out[f"{name}/level{level}"] = channels_last(x)
        out |= {f"{name}/weights/{k}": v for k, v in weights.items()} | {f"{name}/input": pixels}


def student_fixtures(out, rng, weights, dtype):
    pixels = image(rng, *SMALL)
    x, w = network_input(pixels, dtype), sub(weights, "student/", dtype)
    out["student/input"] = pixels
    for output_stride in (8, 4, 2, 1):
        levels, raw = student(w, x, output_stride)
        for level in (1, 2, 3):
            s, r = levels[level - 1], raw[level - 1]
            assert s.shape[2:] == (SMALL[0] >> level, SMALL[1] >> level)
            out[f"student/os{output_stride}/level{level}"] = channels_last(s)
            if r.shape != s.shape and (output_stride > 1 or level == 3):
                out[f"student/os{output_stride}/raw{level}"] = channels_last(r)

    # For teachers with levels at 4, 8 and 16 pixels.
    pixels = pixels[:, :16]
    out["student/coarser/input"] = pixels
    for output_stride in (8, 2):
        levels, _ = student(w, network_input(pixels, dtype), output_stride, coarser=2)
        for level, s in enumerate(levels, start=1):
            out[f"student/coarser/os{output_stride}/level{level}"] = channels_last(s)


def losses(w, norm, output_stride, data, pairs):
    levels, raw = student(w, data["x"], output_stride)
    distances = squared_distances(norm, data["teacher"], levels, data["mean"], data["std"])
    rec = sum(d.mean() for d in distances)  # mean over positions; the paper's printed sum is rec_summed
    return rec, position_loss(w, raw[2], pairs, output_stride), sum(d.sum() for d in distances)


def loss_fixtures(out, weights, data, pairs, dtype):
    position_gradients = {}
    for norm, output_stride in [(norm, 8) for norm in NORMS] + [("standardize", 4)]:
        w, at = sub(weights, "", dtype, grad=True), f"loss/{norm}/os{output_stride}"
        rec, pos, summed = losses(w, norm, output_stride, data, pairs[output_stride])
        s = {name: loss.detach().log().requires_grad_() for name, loss in (("s_rec", rec), ("s_pos", pos))}
        total = total_loss(rec, pos, s["s_rec"], s["s_pos"])
        out |= {f"{at}/rec": rec, f"{at}/pos": pos, f"{at}/total": total}
        out |= {f"{at}/baseline": rec, f"{at}/rec_summed": summed}
        out |= {f"{at}/s_rec": s["s_rec"], f"{at}/s_pos": s["s_pos"]}

        parameters = w | s
        gradients = dict(zip(parameters, torch.autograd.grad(total, list(parameters.values()), retain_graph=True)))
        for name, gradient in gradients.items():
            if name.startswith("position/") and output_stride == 8:
                first = position_gradients.setdefault(name, gradient)
                assert torch.allclose(first, gradient, rtol=1e-5, atol=1e-7), name
                if norm != "standardize":
                    continue
            if not (name == "position/fc2.weight" and output_stride == 4):
                out[f"{at}/grad/{name}"] = gradient

        if norm == "standardize" and output_stride == 8:
            of_student = {k: v for k, v in w.items() if k.startswith("student/")}
            baseline = torch.autograd.grad(rec, list(of_student.values()), retain_graph=True)
            out |= {f"{at}/baseline_grad/{k}": g for k, g in zip(of_student, baseline)}
            given = torch.tensor([0.5, -0.25], dtype=dtype, requires_grad=True)
            total = total_loss(rec, pos, given[0], given[1])
            out |= {f"{at}/at_s/s": given, f"{at}/at_s/total": total}
            out[f"{at}/at_s/grad"] = torch.autograd.grad(total, given)[0]


def adam_fixtures(out, weights, data, pairs, dtype):
    w = sub(weights, "", dtype, grad=True)
    history, s, optimizer = [], {}, None
    for _ in range(STEPS):
        rec, pos, _ = losses(w, "standardize", 8, data, pairs[8])
        if optimizer is None:
            s = {"s_rec": rec.detach().log().requires_grad_(), "s_pos": pos.detach().log().requires_grad_()}
            groups = [{"params": w.values(), "weight_decay": DECAY}, {"params": s.values(), "weight_decay": 0.0}]
            optimizer = torch.optim.Adam(groups, lr=RATE)
        total = total_loss(rec, pos, s["s_rec"], s["s_pos"])
        history.append(torch.stack([rec, pos, total]).detach())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    assert history[-1][0] < history[0][0] and history[-1][1] < history[0][1]
    out["adam/loss"] = torch.stack(history)
    out |= {f"adam/{k}": v for k, v in (w | s).items()}


@torch.no_grad()
def detect_fixtures(out, weights, data, dtype):
    w, size = sub(weights, "", dtype), tuple(data["x"].shape[2:])
    levels, raw = student(w, data["x"], 8)
    for norm in ("standardize", "l2"):
        distances = squared_distances(norm, data["teacher"], levels, data["mean"], data["std"])
        out[f"detect/{norm}/e_rec"] = e_rec(distances, size)

    grid, count = e_pos_grid(w, raw[2], size, 8)
    position, valid = e_pos(grid, count, size, 8)
    assert {0, 3, 5, 8} == set(count.unique().tolist())
    assert position[40, 48] == grid[5, 6] and position[63, 40] == grid[7, 5] and position[31, 40].isnan()
    out |= {"detect/e_pos_grid": grid, "detect/n_grid": count, "detect/e_pos": position, "detect/valid": valid}

    out["detect/e_pos_grid_trusted"] = trusted(w, raw[2], size, 8, grid)

    mu_sigma = torch.tensor([72.0, 48.0, 0.875, 0.0625])
    fused = fuse(out["detect/standardize/e_rec"], position, valid, mu_sigma.to(dtype))
    out |= {"detect/mu_sigma": mu_sigma, "detect/fused": fused, "detect/score": fused.max()}

    # Of good images' levels, from which this one lies so far that not all of its difference is usual.
    levels_mu_sigma = torch.tensor([54.0, 2.25])
    error = out["detect/standardize/e_rec"]
    difference = F.avg_pool2d(error[None, None], (size[0] // 4, size[1] // 4)).min() - levels_mu_sigma[0].to(dtype)
    share = (1 - (difference / (12 * levels_mu_sigma[1])) ** 2).clamp(min=0) ** 2
    assert 0.2 < share < 0.9, share
    levelled = fuse(error - difference * share, position, valid, mu_sigma.to(dtype))
    out |= {"detect/image_level/mu_sigma": levels_mu_sigma, "detect/image_level/fused": levelled}

    grid, count = e_pos_grid(w, student(w, data["x"], 4)[1][2], size, 4)
    position, valid_4 = e_pos(grid, count, size, 4)
    assert (valid == valid_4).all()
    out |= {"detect/os4/e_pos_grid": grid, "detect/os4/n_grid": count, "detect/os4/e_pos": position}


def fixtures(dtype):
    rng, out = np.random.default_rng(4), {}
    teacher_fixtures(out, rng, dtype)
    weights = student_weights(rng) | position_weights(rng)
    out |= weights
    student_fixtures(out, rng, weights, dtype)

    size = (96, 88)
    pixels, pairs = image(rng, *size), {8: random_pairs(rng, size, 8), 4: random_pairs(rng, size, 4)}
    stored = {"loss/input": pixels, "loss/offset": torch.tensor([OFFSET])}
    stored |= {"loss/pairs": pairs[8], "loss/pairs_os4": pairs[4]}
    for level, channels in enumerate(TEACHER_CHANNELS, start=1):
        teacher = F.relu(normal(rng, size[0] >> level, size[1] >> level, channels) + 0.5).half().float()
        stored[f"loss/teacher/level{level}"] = teacher
        stored[f"loss/mean{level}"] = teacher.mean((0, 1)) + normal(rng, channels, scale=0.05)
        stored[f"loss/std{level}"] = teacher.std((0, 1)) * normal(rng, channels, scale=0.1).exp()
    assert (stored["loss/teacher/level1"].amax(-1) == 0).any()
    out |= stored
    data = {"x": network_input(pixels, dtype)}
    for field, name in (("teacher", "teacher/level"), ("mean", "mean"), ("std", "std")):
        data[field] = [stored[f"loss/{name}{level}"].to(dtype) for level in (1, 2, 3)]

    loss_fixtures(out, weights, data, pairs, dtype)
    adam_fixtures(out, weights, data, pairs, dtype)
    detect_fixtures(out, weights, data, dtype)
    return out


# --- what must hold of the student whatever the weights ----------------------------------------------


@torch.no_grad()
def check_strides(w):
    """Any two output strides agree on their common grid, borders and sizes that are no multiple of 8 included."""
    for height, width in ((40, 32), (72, 80), (65, 65), (43, 38)):
        x = torch.randn(1, 3, height, width, dtype=torch.float64)
        dense = student_features(w, x, 1)
        for output_stride in (2, 4, 8):
            strided = student_features(w, x, output_stride)
            for level in (1, 2, 3):
                step = min(2**level, output_stride)
                sampled = dense[level - 1][:, :, ::step, ::step]
                assert sampled.shape == strided[level - 1].shape
                assert (sampled - strided[level - 1]).abs().max() < 1e-12


@torch.no_grad()
def check_sliding_window(w):
    """A pixel's feature is that of the 65x65 patch around it alone."""
    x = torch.randn(1, 3, 96, 88, dtype=torch.float64)
    dense = student_features(w, x, 1)[2]
    for r, c in ((32, 32), (63, 55), (45, 38)):
        patch = x[:, :, r - HALF : r + HALF + 1, c - HALF : c + HALF + 1]
        assert (dense[0, :, r, c] - student_features(w, patch, 1)[2][0, :, HALF, HALF]).abs().max() < 1e-12
        assert (dense[0, :, r, c] - student_features(w, patch, 8)[2][0, :, HALF // 8, HALF // 8]).abs().max() < 1e-12


def check_receptive_field(w):
    """Gradients reach exactly 13, 25, 65 pixels around the centre; positive weights keep every path alive."""
    positive = {k: v.abs() for k, v in w.items()}
    for output_stride in (1, 8):
        for level, field in ((1, 13), (2, 25), (3, 65)):
            reach = torch.zeros(136, 136, dtype=torch.bool)
            for _ in range(20):
                x = torch.rand(1, 3, 136, 136, dtype=torch.float64, requires_grad=True)
                step = min(2**level, output_stride)
                feature = student_features(positive, x, output_stride)[level - 1][0, :, 64 // step, 64 // step]
                reach |= (torch.autograd.grad(feature.sum(), x)[0][0] != 0).any(0)
            for axis in (0, 1):
                touched = torch.nonzero(reach.any(axis))[:, 0]
                assert (int(touched[0]), int(touched[-1])) == (64 - field // 2, 64 + field // 2)


def main():
    torch.set_num_threads(1)  # one order of summation
    torch.manual_seed(0)
    out = fixtures(torch.float64)
    w = sub(out, "student/conv", torch.float64) | sub(out, "student/head", torch.float64)
    check_strides(w)
    check_sliding_window(w)
    check_receptive_field(w)

    stored = {}
    for name, tensor in out.items():
        tensor = tensor.detach().float() if tensor.is_floating_point() else tensor
        assert name.split("/")[-1].startswith(("e_pos", "fused")) or not tensor.isnan().any(), name
        stored[name] = tensor.reshape(1).contiguous() if tensor.ndim == 0 else tensor.contiguous()
    assert not stored["detect/fused"].isnan().any()
    path = Path(__file__).with_suffix(".safetensors")
    save_file(stored, path)
    print(f"{path.name}: {len(stored)} tensors, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
