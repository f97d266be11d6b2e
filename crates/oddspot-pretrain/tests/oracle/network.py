"""Reference values for the network in training, from PyTorch in float64.

    python3 crates/oddspot-pretrain/tests/oracle/network.py    # writes network.safetensors beside itself

Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0. VGG16's shape up to relu4_3 with batch normalisation
(epsilon 1e-5, momentum 0.01) at widths 8, 8, 9, 10, on two views of 32x32. Maps are [views, height, width,
channels], weights [out, in, 3, 3]. `running.*` are the moments after one batch from mean 0 and variance 1;
PyTorch keeps the unbiased variance there, this project the batch's own, so it is computed apart.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21))
WIDTHS = (8, 8, 9, 10)
VIEWS, SIDE = 2, 32
EPSILON, MOMENTUM = 1e-5, 0.01

rng = np.random.default_rng(7)
out = {}


def draw(name, *shape, scale=1.0, offset=0.0):
    values = torch.from_numpy((offset + scale * rng.standard_normal(shape)).astype(np.float32))
    out[name] = values
    return values.double().requires_grad_()


def channels_last(x):
    return x.permute(0, 2, 3, 1).contiguous()


views = draw("views", VIEWS, SIDE, SIDE, 3)
parameters, running = {}, {}
channels = 3
for indices, width in zip(STAGES, WIDTHS):
    for index in indices:
        name = f"features.{index}"
        parameters[f"{name}.weight"] = draw(f"value.{name}.weight", width, channels, 3, 3, scale=(2 / (9 * channels)) ** 0.5)
        parameters[f"{name}.gamma"] = draw(f"value.{name}.gamma", width, scale=0.2, offset=1.0)
        parameters[f"{name}.beta"] = draw(f"value.{name}.beta", width, scale=0.2)
        channels = width


def network(training):
    x, levels = views.permute(0, 3, 1, 2), []
    for stage, indices in enumerate(STAGES):
        if stage > 0:
            x = F.max_pool2d(x, 2)
        for index in indices:
            name = f"features.{index}"
            z = F.conv2d(x, parameters[f"{name}.weight"], padding=1)
            if training:
                mean, variance = z.mean((0, 2, 3)), z.var((0, 2, 3), unbiased=False)
                running[f"{name}.mean"] = (MOMENTUM * mean).detach()
                running[f"{name}.variance"] = (1 + MOMENTUM * (variance - 1)).detach()
            else:
                mean, variance = running[f"{name}.mean"], running[f"{name}.variance"]
            gamma, beta = parameters[f"{name}.gamma"], parameters[f"{name}.beta"]
            x = F.relu(F.batch_norm(z, mean.detach(), variance.detach(), gamma, beta, training=training, momentum=0.0, eps=EPSILON))
        if stage > 0:
            levels.append(x)
    return levels


loss = 0
for level, x in enumerate(network(True)):
    out[f"map.level{level + 1}"] = channels_last(x).detach()
    of_map = torch.from_numpy(rng.standard_normal(channels_last(x).shape).astype(np.float32))
    out[f"of_map.level{level + 1}"] = of_map
    loss = loss + (channels_last(x) * of_map.double()).sum()
loss.backward()
for name, parameter in parameters.items():
    out[f"gradient.{name}"] = parameter.grad
for name, values in running.items():
    out[f"running.{name}"] = values
for level, x in enumerate(network(False)):
    out[f"folded.level{level + 1}"] = channels_last(x).detach()

path = Path(__file__).with_name("network.safetensors")
save_file({name: values.detach().float().contiguous() for name, values in out.items()}, path)
print(path, path.stat().st_size, "bytes")
