"""A training step in PyTorch: student, position classifier, learned loss weights, Adam."""

import torch
import torch.nn.functional as F
from torch import nn

from networks import Classifier, Student, part


class Training:
    """Starts from the parameters that oddspot starts from, and learns from one image."""

    def __init__(self, given, options, memory_format, fused):
        self.student = Student(part(given, "student."), options["output_stride"])
        self.student.to(memory_format=memory_format)
        self.classifier = Classifier(part(given, "position."), options["negative_slope"])
        # s_rec and s_pos, the logarithms of the losses' squared weights.
        self.weights = nn.Parameter(torch.zeros(2))

        place = lambda x: x.permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
        self.image = place(given["image"])
        self.teacher = [place(given[f"teacher_map{level}"]) for level in (1, 2, 3)]
        drawn = (given[name].long() for name in ("centres", "neighbours", "classes"))
        self.pairs = list(zip(*drawn))

        networks = [*self.student.parameters(), *self.classifier.parameters()]
        groups = [
            {"params": networks, "weight_decay": options["weight_decay"]},
            {"params": [self.weights]},
        ]
        variant = {"fused": True} if fused else {"foreach": True}
        self.optimizer = torch.optim.Adam(groups, lr=options["learning_rate"], **variant)
        self.losses = []

    def step(self):
        # Past the steps whose pairs were given, these serve again: it is the work that counts.
        centres, neighbours, classes = self.pairs[len(self.losses) % len(self.pairs)]
        levels, trunk = self.student(self.image)
        # The mean over all values times the channels: the mean of the squared distances.
        rec = sum(F.mse_loss(s, t) * t.shape[1] for s, t in zip(levels, self.teacher))

        features = self.student.level3(levels, trunk)[0].flatten(1).T
        difference = features[centres] - features[neighbours]
        logits = self.classifier(self.classifier.project(difference))
        losses = torch.stack([rec, F.cross_entropy(logits, classes)])

        if not self.losses:
            with torch.no_grad():
                self.weights.copy_(losses.log())
        loss = 0.5 * ((-self.weights).exp() * losses + self.weights).sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.losses.append(losses.tolist())
