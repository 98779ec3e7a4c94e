"""What the PyTorch side of the benchmark runs: training steps, forward passes, or passes over a folder of images."""

import contextlib
import time

import torch

from bias_loss import BiasLoss
from models import create

MEMORY_FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class Session:
    """One model in one configuration; ``run`` times its steps."""

    def __init__(self, config):
        torch.manual_seed(0)
        self.config = config
        self.memory_format = MEMORY_FORMATS[config["layout"]]
        model = create(
            config["model"], config["classes"], ratio=config.get("ratio") or 1.0, width=config.get("width") or 1.0
        )
        self.parameters = sum(p.numel() for p in model.parameters())
        self.model = model.to(memory_format=self.memory_format)
        self.images_per_step = config["batch"]

    def precision(self):
        if self.config["precision"] == "bf16":
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return contextlib.nullcontext()

    def random_images(self):
        size = self.config["image_size"]
        return torch.randn(self.config["batch"], 3, size, size).to(memory_format=self.memory_format)

    def step(self):
        raise NotImplementedError

    def run(self, steps: int):
        seconds, loss = [], None
        for _ in range(steps):
            start = time.perf_counter()
            loss = self.step()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds, "loss": loss}


class Training(Session):
    """Forward, bias loss, backward and SGD as the published recipe has it, on one random batch."""

    def __init__(self, config):
        super().__init__(config)
        self.model.train()
        self.images = self.random_images()
        self.labels = torch.randint(config["classes"], (config["batch"],))
        self.loss = BiasLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        with self.precision():
            logits, features = self.model(self.images)
        loss = self.loss(logits, features, self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class Evaluation(Session):
    """The forward pass in evaluation mode; "frozen" asks for a frozen, optimised trace instead of the eager model."""

    def __init__(self, config):
        super().__init__(config)
        self.model.eval()
        self.images = self.random_images()
        if config.get("frozen"):
            with torch.no_grad(), self.precision():
                trace = torch.jit.trace(self.model, self.images)
                self.model = torch.jit.optimize_for_inference(torch.jit.freeze(trace))

    def logits(self, weights: str):
        """Those of a formula's images with new weights, whose batch statistics a training pass has moved; writes the weights."""
        size = self.config["image_size"]
        i = torch.arange(self.config["batch"] * 3 * size * size)
        images = (((7 * i * i + 13 * i) % 256) / 128 - 1).reshape(-1, 3, size, size)
        images = images.to(memory_format=self.memory_format)
        with torch.no_grad():
            self.model.train()(images)
        self.model.eval()
        logits = self.forward(images)
        # A model of torchvision or timm is a part of the one that also returns features.
        torch.save(getattr(self.model, "model", self.model).state_dict(), weights)
        return {"logits": logits.flatten().tolist()}

    @torch.inference_mode()
    def forward(self, images):
        with self.precision():
            return self.model(images)[0]

    def step(self):
        self.forward(self.images)


class Validation(Evaluation):
    """A step is a pass over an ImageFolder: decode, resize to 256, crop 224, normalise, forward, top-1 and top-5.

    The loader has as many worker processes as there are threads, and keeps them from pass to pass.
    """

    def __init__(self, config):
        super().__init__(config)
        from torchvision import datasets, transforms

        steps = [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
        folder = datasets.ImageFolder(config["data"], transforms.Compose(steps))
        images = torch.utils.data.ConcatDataset([folder] * config["repeat"])
        self.images_per_step = len(images)
        self.loader = torch.utils.data.DataLoader(
            images, config["batch"], num_workers=config["threads"], persistent_workers=True
        )

    def step(self):
        right = torch.zeros(2)
        for images, labels in self.loader:
            logits = self.forward(images.to(memory_format=self.memory_format))
            hits = logits.topk(5, 1).indices == labels[:, None]
            right += torch.stack([hits[:, :1].sum(), hits.sum()])


KINDS = {"train": Training, "eval": Evaluation, "validate": Validation}
