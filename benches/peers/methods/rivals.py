"""anomalib's own models around oddspot's teacher. Each learns from the files of good images, and judges one image."""

import torch
from anomalib.models.components.feature_extractors import TimmFeatureExtractor
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib.models.image.patchcore.torch_model import PatchcoreModel
from anomalib.models.image.stfpm.loss import STFPMLoss
from anomalib.models.image.stfpm.torch_model import STFPMModel

from methods.folder import read
from methods.teacher import LEVELS, Student, teacher

COARSER = LEVELS[1:]
BATCH = 32


class Patchcore:
    """Level 3 comes first, so that places are its 32×32, as many as anomalib has by default; level 2 is averaged.
    A coreset of a hundredth: the default's tenth takes ten times as long."""

    def __init__(self, coreset=0.01):
        self.coreset = coreset
        self.model = PatchcoreModel(layers=COARSER[::-1], backbone=teacher())

    def learn(self, files):
        show(self.model, files)
        self.model.subsample_embedding(self.coreset)
        self.model.eval()

    def judge(self, image):
        return verdict(self.model, image)


class Padim:
    """100 channels drawn, as anomalib has with a ResNet-18, at the places of the finest level."""

    def __init__(self, levels=COARSER, channels=100):
        self.model = PadimModel(backbone=teacher(), layers=list(levels), n_features=channels)

    def learn(self, files):
        show(self.model, files)
        self.model.fit()
        self.model.eval()

    def judge(self, image):
        return verdict(self.model, image)


class Stfpm:
    """A student learns the teacher's three levels from `seen` images, by SGD as anomalib sets it."""

    def __init__(self, seen=2500):
        self.seen = seen
        backbone = teacher()
        self.model = STFPMModel(layers=LEVELS, backbone=backbone)
        # anomalib would make the student of the same module, that is of the teacher's weights.
        student = TimmFeatureExtractor(Student(backbone), LEVELS, requires_grad=True)
        self.model.student_model = student

    def learn(self, files):
        images = torch.cat([read(file) for file in files])
        parameters = self.model.student_model.parameters()
        optimizer = torch.optim.SGD(parameters, lr=0.4, momentum=0.9, weight_decay=0.001)
        loss = STFPMLoss()
        self.model.train()
        order = torch.cat([torch.randperm(len(files)) for _ in range(-(-self.seen // len(files)))])
        for batch in order[: self.seen].split(BATCH):
            optimizer.zero_grad()
            loss(*self.model(images[batch])).backward()
            optimizer.step()
        self.model.eval()

    def judge(self, image):
        return verdict(self.model, image)


def show(model, files):
    """Lets a model that only looks see each image."""
    model.train()
    for file in files:
        model(read(file))


def verdict(model, image):
    """The image's score and its map [height, width]."""
    with torch.inference_mode():
        found = model(image)
    return float(found.pred_score), found.anomaly_map[0, 0].numpy()


# By the name on the command line: name for people, and how to make it.
RIVALS = {
    "patchcore": ("Patchcore", Patchcore),
    "padim": ("Padim, levels 2 and 3", Padim),
    "padim-all": ("Padim, all levels", lambda: Padim(LEVELS)),
    "stfpm": ("Stfpm, 2 500 images", Stfpm),
    "stfpm-long": ("Stfpm, 10 000 images", lambda: Stfpm(10_000)),
}
