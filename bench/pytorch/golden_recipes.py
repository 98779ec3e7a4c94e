"""Writes golden numbers of optimisers, schedules and losses in float64: optimizers.json, schedules.json, losses.json.

    golden_recipes.py OUTPUT_DIR

Inputs are u(name, i) of the golden numbers' formula, so that the files hold results alone. Lion and RMSprop with TensorFlow's
rule, which torch lacks, are written out by the rules of timm's Lion and RMSpropTF.
"""

import json
import math
import os
import sys

import torch
from torch.nn import functional as F
from torch.optim import lr_scheduler

from bias_loss import BiasLoss
from check_golden import tensor, uniform

STEPS = 20
SHAPES = {"conv": [4, 3, 3, 3], "large": [64, 48], "bias": [5]}


class Lion(torch.optim.Optimizer):
    """Chen et al. (2023), as timm's."""

    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                average = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(torch.sign(average * beta1 + p.grad * (1 - beta1)), alpha=-group["lr"])
                average.mul_(beta2).add_(p.grad, alpha=1 - beta2)


class RMSpropTF(torch.optim.Optimizer):
    """RMSprop as TensorFlow's, as timm's RMSpropTF with lr_in_momentum."""

    def __init__(self, params, lr, alpha=0.9, eps=1e-10, weight_decay=0.0, momentum=0.0):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                squares = self.state[p].setdefault("square_avg", torch.ones_like(p))
                buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                grad = p.grad.add(p, alpha=group["weight_decay"])
                squares.add_(grad.pow(2) - squares, alpha=1 - group["alpha"])
                average = squares.add(group["eps"]).sqrt_()
                buffer.mul_(group["momentum"]).addcdiv_(grad, average, value=group["lr"])
                p.sub_(buffer)


OPTIMIZERS = {
    "sgd": lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "adamw": lambda w: torch.optim.AdamW(w, lr=0.01),
    "adamw-apart": lambda w: torch.optim.AdamW(w, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    "rmsprop": lambda w: torch.optim.RMSprop(w, lr=0.01),
    "rmsprop-momentum": lambda w: torch.optim.RMSprop(w, lr=0.01, alpha=0.9, eps=1e-3, momentum=0.9, weight_decay=0.01),
    "rmsprop-tf": lambda w: RMSpropTF(w, lr=0.01, momentum=0.9, eps=1e-3, weight_decay=0.01),
    "lion": lambda w: Lion(w, lr=0.01),
    "lion-decay": lambda w: Lion(w, lr=0.01, betas=(0.95, 0.98), weight_decay=0.1),
}


def values(name: str, shape) -> torch.Tensor:
    return tensor(uniform(name, math.prod(shape)), shape)


def summary(value: torch.Tensor):
    flat = value.detach().flatten()
    return {"l2": flat.norm().item(), "first": flat[:8].tolist()}


def optimizers():
    results = {}
    for name, make in OPTIMIZERS.items():
        parameters = {key: values(key, shape).requires_grad_() for key, shape in SHAPES.items()}
        groups = [{"params": [p for p in parameters.values() if p.ndim > 1]}]
        bias = {"params": [parameters["bias"]]}
        if name.endswith("-apart"):
            bias["weight_decay"] = 0.0
        optimizer = make(groups + [bias])
        for step in range(STEPS):
            for key, parameter in parameters.items():
                parameter.grad = values(f"gradient:{key}:{step}", SHAPES[key])
            optimizer.step()
        results[name] = {key: summary(parameter) for key, parameter in parameters.items()}
    return {"steps": STEPS, "results": results}


EPOCHS, PER_EPOCH, RATE = 6, 5, 0.4


def rates(make, per_step: bool):
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=RATE)
    scheduler = make(optimizer)
    found = []
    for step in range(EPOCHS * PER_EPOCH):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (per_step or (step + 1) % PER_EPOCH == 0) and step + 1 < EPOCHS * PER_EPOCH:
            scheduler.step()
    return found


def warm(optimizer, main):
    """Linear warm-up over two epochs on top of another schedule, by steps."""
    steps = 2 * PER_EPOCH
    warmup = lr_scheduler.LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)
    return lr_scheduler.ChainedScheduler([main, warmup])


def schedules():
    steps = EPOCHS * PER_EPOCH
    one_cycle = lambda **options: lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=RATE, total_steps=steps, cycle_momentum=False, **options
    )
    return {
        "epochs": EPOCHS,
        "stepsPerEpoch": PER_EPOCH,
        "rate": RATE,
        "rates": {
            "multistep": rates(lambda o: lr_scheduler.MultiStepLR(o, [2, 4], gamma=0.1), False),
            "exponential": rates(lambda o: lr_scheduler.ExponentialLR(o, gamma=0.8), False),
            "cosine": rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=steps), True),
            "onecycle": rates(one_cycle(), True),
            "onecycle-options": rates(one_cycle(pct_start=0.25, div_factor=10, final_div_factor=100), True),
            "multistep-warm": rates(
                lambda o: warm(o, lr_scheduler.MultiStepLR(o, [2 * PER_EPOCH, 4 * PER_EPOCH], gamma=0.1)), True
            ),
        },
    }


IMAGES, CLASSES = 6, 5
TEMPERATURE, DISTILL = 2.5, 0.7


def losses():
    labels = torch.tensor([(7 * n + 3) % CLASSES for n in range(IMAGES)])
    soft = (values("soft", [IMAGES, CLASSES]) + 1.2).abs()
    soft = soft / soft.sum(1, keepdim=True)
    weight = values("weight", [CLASSES]).abs() + 0.5
    features = values("features", [IMAGES, 3, 2, 2])
    teacher = 4 * values("teacher", [IMAGES, CLASSES])

    def focal(logits, target, gamma, **options):
        ce = F.cross_entropy(logits, target, reduction="none", label_smoothing=options.get("label_smoothing", 0.0))
        own = F.cross_entropy(logits, target, reduction="none", **options)
        scale = 1.0
        if "weight" in options and target.dtype == torch.long:
            scale = len(target) / options["weight"][target].sum()
        return (1 - torch.exp(-ce)) ** gamma * own * scale

    def bias(logits, own):
        z = torch.exp(0.3 * BiasLoss().double().normalised_variance(features)) - 0.3
        return (z * own).mean()

    def each(logits, target, **options):
        return F.cross_entropy(logits, target, reduction="none", **options)

    def distilled(logits, own):
        t = TEMPERATURE
        divergence = F.kl_div(F.log_softmax(logits / t, 1), F.softmax(teacher / t, 1), reduction="none").sum(1)
        return (1 - DISTILL) * own + DISTILL * t * t * divergence

    cases = {
        "ce": lambda x: F.cross_entropy(x, labels),
        "smoothing": lambda x: F.cross_entropy(x, labels, label_smoothing=0.1),
        "weights": lambda x: F.cross_entropy(x, labels, weight=weight),
        "weights-smoothing": lambda x: F.cross_entropy(x, labels, weight=weight, label_smoothing=0.1),
        "soft": lambda x: F.cross_entropy(x, soft),
        "soft-smoothing": lambda x: F.cross_entropy(x, soft, label_smoothing=0.1),
        "soft-weights-smoothing": lambda x: F.cross_entropy(x, soft, weight=weight, label_smoothing=0.1),
        "focal-2": lambda x: focal(x, labels, 2).mean(),
        "focal-1.5-smoothing": lambda x: focal(x, labels, 1.5, label_smoothing=0.1).mean(),
        "focal-2-weights": lambda x: focal(x, labels, 2, weight=weight).mean(),
        "soft-focal-2": lambda x: focal(x, soft, 2).mean(),
        "bias": lambda x: bias(x, each(x, labels)),
        "bias-soft": lambda x: bias(x, each(x, soft)),
        "bias-focal-2-weights": lambda x: bias(x, focal(x, labels, 2, weight=weight)),
        "distilled": lambda x: distilled(x, each(x, labels)).mean(),
        "distilled-soft": lambda x: distilled(x, each(x, soft)).mean(),
        "bias-distilled": lambda x: bias(x, distilled(x, each(x, labels))),
    }
    results = {}
    for name, loss in cases.items():
        logits = (3 * values("logits", [IMAGES, CLASSES])).requires_grad_()
        value = loss(logits)
        value.backward()
        results[name] = {"loss": value.item(), "gradient": logits.grad.flatten().tolist()}
    return {
        "images": IMAGES,
        "classes": CLASSES,
        "labels": labels.tolist(),
        "soft": soft.flatten().tolist(),
        "weight": weight.tolist(),
        "distill": {"weight": DISTILL, "temperature": TEMPERATURE},
        "results": results,
    }


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.10g}") if isinstance(value, float) else value


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, make in {"optimizers": optimizers, "schedules": schedules, "losses": losses}.items():
        with open(os.path.join(sys.argv[1], f"{name}.json"), "w") as file:
            json.dump(rounded(make()), file, indent=1)
            file.write("\n")
