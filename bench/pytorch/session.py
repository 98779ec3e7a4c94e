"""What the PyTorch side of the benchmark runs: training steps, forward passes, or passes over a folder of images."""

import contextlib
import math
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

    def precision(self, **options):
        if self.config["precision"] == "bf16":
            return torch.autocast("cpu", dtype=torch.bfloat16, **options)
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
        # JSON has no NaN: a training that diverges is timed all the same.
        is_finite = loss is not None and math.isfinite(loss)
        return {"seconds": seconds, "loss": loss if is_finite else None}


def fused():
    """SGD's option for one loop over all parameters in place of several, where this PyTorch has it for processors."""
    parameter = torch.zeros(1, requires_grad=True)
    parameter.grad = torch.zeros(1)
    try:
        torch.optim.SGD([parameter], 0.1, momentum=0.9, fused=True).step()
    except (TypeError, RuntimeError):  # PyTorch 1, and those that have it for other devices
        return {}
    return {"fused": True}


class Training(Session):
    """Forward, bias loss, backward and SGD as the published recipe has it, on one random batch."""

    def __init__(self, config):
        super().__init__(config)
        self.model.train()
        self.images = self.random_images()
        self.labels = torch.randint(config["classes"], (config["batch"],))
        self.loss = BiasLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, **fused())
        is_compiled = config.get("way") == "compiled"
        self.forward = torch.compile(self.loss_of, dynamic=False) if is_compiled else self.loss_of

    def loss_of(self, images, labels):
        with self.precision():
            logits, features = self.model(images)
        return self.loss(logits, features, labels)

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.forward(self.images, self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class Evaluation(Session):
    """The forward pass in evaluation mode; "frozen" asks for a frozen, optimised trace, "compiled" for torch.compile."""

    def __init__(self, config):
        super().__init__(config)
        self.model.eval()
        self.images = self.random_images()
        self.timed = self.optimised(config.get("way"))

    def optimised(self, way):
        if way == "compiled":
            from torch._inductor import config as inductor

            # As an option of torch.compile it would freeze nothing: what traces the model does not see it there.
            inductor.freezing = True
            return torch.compile(self.model, dynamic=False)
        if way == "frozen":
            # A cache of casted weights would make the second trace, a check, differ from the first.
            with torch.no_grad(), self.precision(cache_enabled=False):
                trace = torch.jit.trace(self.model, self.images)
                return torch.jit.optimize_for_inference(torch.jit.freeze(trace))
        return self.model

    def logits(self, weights: str):
        """Those of a formula's images with new weights, whose batch statistics a training pass has moved; writes the weights.

        They are the eager model's: a frozen or compiled one keeps the weights that it was made with.
        """
        size = self.config["image_size"]
        i = torch.arange(self.config["batch"] * 3 * size * size)
        images = (((7 * i * i + 13 * i) % 256) / 128 - 1).reshape(-1, 3, size, size)
        images = images.to(memory_format=self.memory_format)
        with torch.no_grad():
            self.model.train()(images)
        self.model.eval()
        with torch.inference_mode(), self.precision():
            logits = self.model(images)[0]
        # A model of torchvision or timm is a part of the one that also returns features.
        torch.save(getattr(self.model, "model", self.model).state_dict(), weights)
        return {"logits": logits.flatten().tolist()}

    @torch.inference_mode()
    def forward(self, images):
        with self.precision():
            return self.timed(images)[0]

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
