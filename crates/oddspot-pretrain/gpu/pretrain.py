"""`oddspot pretrain` on a GPU: the same network, losses and optimizer over the same batches, in
PyTorch. The program draws the batches and, in the end, does the last step and writes the weights:

    oddspot pretrain -o OWN.safetensors [OPTIONS] --batches | python3 pretrain.py OWN.safetensors.checkpoint
    oddspot pretrain -o OWN.safetensors [OPTIONS] --resume

Needs torch and safetensors. `--exact` computes in full 32-bit floats, as the program does (and
runs on a CPU where there is no GPU): the gradients of the first step then agree but for rounding,
which `--compare OTHER.checkpoint` tells; later steps drift apart.
"""

import argparse
import hashlib
import json
import os
import signal
import struct
import sys
import time

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

KEY = "oddspot.pretraining"
FORMAT = 2
KINDS = ("value", "moment1", "moment2", "running")
# torchvision's indices of VGG16's convolutions, stage by stage.
STAGES = ([0, 2], [5, 7], [10, 12, 14], [17, 19, 21])
MOMENTUM, NORM_EPSILON, WEIGHT_DECAY = 0.01, 1e-5, 1e-5
BETAS, EPSILON = (0.9, 0.999), 1e-8


class Checkpoint:
    """A checkpoint of `oddspot pretrain`: its header, and its tensors by kind and name."""

    def __init__(self, path):
        with safe_open(path, "pt") as file:
            sealed = json.loads(file.metadata()[KEY])
            if sealed["format"] != FORMAT:
                sys.exit(f"{path} is of format {sealed['format']}, and this program reads {FORMAT}")
            self.header = sealed["header"]
            self.tensors = {kind: {} for kind in KINDS}
            for key in file.keys():
                kind, name = key.split(".", 1)
                self.tensors[kind][name] = file.get_tensor(key)

    def save(self, path):
        """Replaces the file, unless there is something in it that no training goes on from."""
        flat = {
            f"{kind}.{name}": tensor.detach().cpu().contiguous()
            for kind, tensors in self.tensors.items()
            for name, tensor in tensors.items()
        }
        for name, tensor in flat.items():
            if not torch.isfinite(tensor).all():
                sys.exit(f"'{name}' is not finite at step {self.header['step']}; the checkpoint of "
                         "before stays; lower learning_rate in the recipe")
        save_file(flat, path + ".part", metadata={KEY: seal(json.dumps(self.header), flat)})
        os.replace(path + ".part", path)


def seal(header, tensors):
    """A file's metadata: its header under a SHA-256 over it and all tensors, as `files::sealed` of the
    library checks it."""
    text = header.encode()
    digest = hashlib.sha256(struct.pack("<Q", len(text)) + text)
    for name, tensor in sorted(tensors.items()):
        shape = tensor.shape
        digest.update(name.encode() + b"\0F32" + struct.pack(f"<{1 + len(shape)}Q", len(shape), *shape))
        digest.update(tensor.numpy().tobytes())
    return f'{{"format":{FORMAT},"sha256":"{digest.hexdigest()}","header":{header}}}'


class Batches:
    """The batches that `oddspot pretrain --batches` writes."""

    def __init__(self, stream, recipe, device):
        self.stream, self.recipe, self.device = stream, recipe, device

    def take(self, count, kind):
        if count == 0:
            return torch.empty(0, dtype=kind)
        data = bytearray(4 * count)
        if self.stream.readinto(data) != len(data):
            raise EOFError
        return torch.frombuffer(data, dtype=kind)

    def __iter__(self):
        # A batch that is cut short ends them too.
        try:
            while True:
                yield self.batch()
        except EOFError:
            return

    def batch(self):
        views, side = 2 * self.recipe["scenes"], self.recipe["view"]
        counts = self.take(6, torch.int32).tolist()
        seen = self.take(views * side * side * 3, torch.float32)
        seen = seen.to(self.device).view(views, side, side, 3).permute(0, 3, 1, 2)
        points = []
        for count, unchanged in zip(counts[::2], counts[1::2]):
            first = self.take(count, torch.int32).to(self.device)
            rows = self.take(4 * count, torch.int32).to(self.device).view(count, 4)
            shares = self.take(4 * count, torch.float32).to(self.device).view(count, 4, 1)
            if unchanged < 2:
                sys.exit("a step has no two places to compare; give it more scenes or points")
            points.append((first, rows, shares, unchanged))
        return seen, points


def features(values, running, x):
    """Maps of the three levels after ReLU, as rows of channels; `running` takes its share."""
    levels = []
    for stage, indices in enumerate(STAGES):
        for index in indices:
            of = lambda part: values[f"features.{index}.{part}"]
            z = F.conv2d(x, of("weight"), padding=1)
            # PyTorch's own running variance is the unbiased one.
            with torch.no_grad():
                moments = torch.var_mean(z, (0, 2, 3), correction=0)
                for part, moment in zip(("variance", "mean"), moments):
                    running[f"features.{index}.{part}"].lerp_(moment, MOMENTUM)
            z = F.batch_norm(z, None, None, of("gamma"), of("beta"), True, 0.0, NORM_EPSILON)
            x = F.relu(z)
        if stage > 0:
            levels.append(x.permute(0, 2, 3, 1).flatten(0, 2))
        if stage < 3:
            x = F.max_pool2d(x, 2)
    return levels


def project(values, level, x):
    """The head whose outputs are compared."""
    of = lambda part: values[f"level{level}.{part}"]
    x = F.relu(F.linear(x, of("hidden.weight"), of("hidden.bias")))
    return F.linear(x, of("projection.weight"), of("projection.bias"))


def info_nce(first, second, unchanged, temperature):
    """Both ways; changed places are wrong answers only."""
    unit = lambda x: x / (x.square().sum(1, keepdim=True) + 1e-6).sqrt()
    similar = unit(first) @ unit(second).T / temperature
    right = torch.arange(unchanged, device=similar.device)
    ways = [F.cross_entropy(way[:unchanged], right) for way in (similar, similar.T)]
    found = (similar[:unchanged].argmax(1) == right).float().mean()
    return 0.5 * (ways[0] + ways[1]), found


def step_loss(values, running, recipe, seen, points):
    """The weighted sum of the levels' losses, and the share of places found at each."""
    total, shares = 0.0, []
    for level, rows in enumerate(features(values, running, seen)):
        first, second, share, unchanged = points[level]
        pair = torch.cat([rows[first], (rows[second] * share).sum(1)])
        out = project(values, level + 1, pair)
        loss, found = info_nce(*out.chunk(2), unchanged, recipe["temperature"])
        total = total + recipe["contrast"][level] * loss
        shares.append(found)
    return total, torch.stack(shares)


def rate(recipe, step):
    """`Recipe::rate`."""
    steps = recipe["steps"]
    # Rust rounds halves away from 0.
    start = steps - int(recipe["cool_down"] * steps + 0.5)
    risen = min((step + 1) / max(recipe["warm_up"], 1), 1.0)
    left = 1.0 if step < start else (steps - step) / (steps - start)
    return recipe["learning_rate"] * risen * left


def pretrain(path, device, every):
    """Learns from standard input; the checkpoint is replaced now and then, and at the end."""
    # The program writes the checkpoint before the first batch.
    if not sys.stdin.buffer.peek(1):
        sys.exit("there are no batches on standard input; pipe those of oddspot pretrain --batches")
    checkpoint = Checkpoint(path)
    header = checkpoint.header
    recipe, before = header["recipe"], header["seconds"]
    if recipe["classes"] or recipe["defects"]:
        sys.exit("classes and defects are not implemented here; leave them at 0")
    for tensors in checkpoint.tensors.values():
        for name, tensor in tensors.items():
            tensors[name] = tensor.to(device)
    values, running = checkpoint.tensors["value"], checkpoint.tensors["running"]
    for value in values.values():
        value.requires_grad_()
    optimizer = torch.optim.Adam(
        values.values(), betas=BETAS, eps=EPSILON, weight_decay=WEIGHT_DECAY, fused=device != "cpu",
    )
    for name, value in values.items():
        optimizer.state[value] = {
            "step": torch.tensor(float(header["step"]), device=device),
            "exp_avg": checkpoint.tensors["moment1"][name],
            "exp_avg_sq": checkpoint.tensors["moment2"][name],
        }
    started = time.monotonic()

    def save():
        header["seconds"] = before + time.monotonic() - started
        checkpoint.save(path)

    # The step is finished and kept; `oddspot`, in the same pipe, stops too. The next one ends at once.
    stopped = []

    def stop(number, _):
        stopped.append(number)
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    for seen, points in Batches(sys.stdin.buffer, recipe, device):
        optimizer.param_groups[0]["lr"] = rate(recipe, header["step"])
        loss, found = step_loss(values, running, recipe, seen, points)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        header["step"] += 1
        if header["step"] % every == 0:
            save()
            places = "/".join(f"{100 * share:.0f}" for share in found.tolist())
            print(f"step {header['step']}, {time.monotonic() - started:.0f} s, places found "
                  f"{places} %, loss {loss.item():.2f}", file=sys.stderr, flush=True)
        if stopped:
            break
    save()
    if stopped:
        print(f"stopped at step {header['step']} of {recipe['steps']}, which the checkpoint keeps; go on "
              "with oddspot pretrain --batches --resume", file=sys.stderr)
        sys.exit(128 + stopped[0])
    if header["step"] + 1 < recipe["steps"]:
        sys.exit(f"the batches ended at step {header['step']} of {recipe['steps']}, which the "
                 "checkpoint keeps; go on with oddspot pretrain --batches --resume")


def compare(path, other):
    """How far two checkpoints lie apart, kind by kind, as a share of what is there."""
    ours, theirs = Checkpoint(path), Checkpoint(other)
    for kind in KINDS:
        a = torch.cat([ours.tensors[kind][name].flatten() for name in sorted(ours.tensors[kind])])
        b = torch.cat([theirs.tensors[kind][name].flatten() for name in sorted(ours.tensors[kind])])
        print(f"{kind}: apart by {((a - b).norm() / b.norm()).item():.1e} of its norm")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--every", type=int, default=1000, help="steps between checkpoints")
    parser.add_argument("--exact", action="store_true", help="full 32-bit floats")
    parser.add_argument("--compare", metavar="CHECKPOINT", help="tell how far it lies apart")
    arguments = parser.parse_args()
    if arguments.compare:
        return compare(arguments.checkpoint, arguments.compare)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not arguments.exact:
        sys.exit("PyTorch sees no GPU; oddspot pretrain is faster on a CPU")
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = not arguments.exact
    torch.backends.cudnn.benchmark = True
    pretrain(arguments.checkpoint, device, arguments.every)


if __name__ == "__main__":
    main()
