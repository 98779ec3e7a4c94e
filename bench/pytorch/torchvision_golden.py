"""Golden numbers of torchvision's and timm's models in float64, with weights, inputs and labels by formula.

    torchvision_golden.py FOLDER MODEL...

Writes FOLDER/MODEL.json. Dropout and stochastic depth are off. Names and shapes of the state dict are a SHA-256 of the
lines "NAME SHAPE"; lists of parameters are in the state dict's order. `float32_error` has the greatest errors of
PyTorch's own float32 over memory formats and convolution libraries. Constants of the optimiser and of the bias loss are
those of 32 bits, as in a program of this library: else a ReLU's input near zero soon falls on the other side.
"""

import hashlib
import json
import math
import sys

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from bias_loss import BiasLoss
from check_golden import error, golden_value, labels, tensor, uniform
from torchvision_models import MODELS, TIMM, TorchvisionModel

SIZE, BATCH, CLASSES = 64, 4, 10
# Images of the three steps: the first is the batch of the gradients.
INPUTS = ["train", "step1", "step2"]
SGD = {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}
# Steps so small that PyTorch's own float32 stays near float64, for all models of timm but its EfficientNet-Lite.
SMALL_STEPS = SGD | {"lr": 1e-4}


def single(value: float) -> float:
    return float(np.float32(value))


def bias_loss(way):
    return BiasLoss(alpha=single(0.3), beta=single(0.3)).to(way[0])


def without_dropping(name: str) -> TorchvisionModel:
    """The model with the formula's weights, whose dropout and stochastic depth do nothing."""
    model = TorchvisionModel(name, CLASSES)
    for module in model.modules():
        if isinstance(module, (nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0
    state = model.model.state_dict()
    norms = {key.rsplit(".", 1)[0] for key in state if key.endswith("running_mean")}
    for key, value in state.items():
        value.copy_(golden_value("", key, value.shape, key.rsplit(".", 1)[0] in norms))
    return model


def images(name, way):
    shape = [BATCH, 3, SIZE, SIZE]
    dtype, layout, _native = way
    return tensor(1.5 * uniform(f"input:{name}", math.prod(shape)), shape).to(dtype).contiguous(memory_format=layout)


def model_of(name, way):
    dtype, layout, _native = way
    return without_dropping(name).to(dtype).to(memory_format=layout)


def rows(values):
    return [[norm(value), *value.detach().contiguous().flatten()[:2].tolist()] for value in values]


def norm(value):
    return value.detach().norm().item()


def numbers(name, way):
    """Everything that is compared, computed in one way."""
    with torch.backends.mkldnn.flags(enabled=not way[2]):
        model = model_of(name, way).eval()
        with torch.no_grad():
            logits, features = model(images("eval", way))
        result = {"eval": {"logits": logits.tolist(), "variance": features.var((1, 2, 3)).tolist()}}
        model = model_of(name, way).train()
        target = labels({"classes": CLASSES}, BATCH, 0)
        logits, features = model(images("train", way))
        loss = bias_loss(way)(logits, features, target)
        loss.backward()
        result["train"] = {
            "logits": logits.tolist(),
            "features_shape": list(features.shape),
            "cross_entropy": F.cross_entropy(logits, target).item(),
            "bias_loss": loss.item(),
            "gradients": rows(parameter.grad for parameter in model.parameters()),
            "buffers_after": [norm(value) for key, value in model.state_dict().items() if ".running_" in key],
        }
        result["sgd"] = steps(name, way)
    return result


def steps(name, way):
    model = model_of(name, way).train()
    options = SMALL_STEPS if name in TIMM and "efficientnet_lite" not in name else SGD
    optimizer = torch.optim.SGD(model.parameters(), **{key: single(value) for key, value in options.items()})
    criterion = bias_loss(way)
    losses = []
    for step, batch in enumerate(INPUTS):
        logits, features = model(images(batch, way))
        loss = criterion(logits, features, labels({"classes": CLASSES}, BATCH, step))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return options | {
        "inputs": INPUTS,
        "loss": losses,
        "parameters_after": [norm(parameter) for parameter in model.parameters()],
    }


def worst(ours, expected):
    """Greatest error of pairs of values; those that are zero but for rounding have none."""
    return max((error(a, b) for a, b in zip(ours, expected) if abs(b) >= 1e-6), default=0.0)


def errors(ours, expected):
    gradients = ours["train"]["gradients"], expected["train"]["gradients"]
    return {
        "eval": max(error(ours["eval"][key], expected["eval"][key]) for key in ("logits", "variance")),
        "train": max(error(ours["train"][key], expected["train"][key]) for key in ("logits", "bias_loss")),
        "gradients_l2": worst(*([row[0] for row in rows] for rows in gradients)),
        "gradients_first": max(
            error(a[1:], b[1:]) for a, b in zip(*gradients) if b[0] >= 1e-6 and max(map(abs, b[1:])) >= 1e-3 * b[0]
        ),
        "buffers": worst(ours["train"]["buffers_after"], expected["train"]["buffers_after"]),
        "losses": [error(a, b) for a, b in zip(ours["sgd"]["loss"], expected["sgd"]["loss"])],
        "parameters": worst(ours["sgd"]["parameters_after"], expected["sgd"]["parameters_after"]),
    }


def greatest(values):
    if isinstance(values[0], list):
        return [greatest(column) for column in zip(*values)]
    return float(f"{max(values):.2g}")


def shortened(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [shortened(each) for each in value]
    return {key: shortened(each) for key, each in value.items()} if isinstance(value, dict) else value


def golden(name):
    double = numbers(name, (torch.float64, torch.contiguous_format, False))
    layouts = (torch.contiguous_format, torch.channels_last)
    ways = [(torch.float32, layout, native) for layout in layouts for native in (False, True)]
    found = [errors(numbers(name, way), double) for way in ways]
    state = TorchvisionModel(name, CLASSES).model.state_dict()
    lines = "".join(f"{key} {'x'.join(map(str, value.shape))}\n" for key, value in state.items())
    return {
        "model": name,
        **({"timm": name} if name in TIMM else {"torchvision": MODELS[name][0]}),
        "image_size": SIZE,
        "batch": BATCH,
        "classes": CLASSES,
        "state_dict": {"entries": len(state), "sha256": hashlib.sha256(lines.encode()).hexdigest()},
        "parameters": sum(p.numel() for p in TorchvisionModel(name, 1000).parameters()),
        **shortened(double),
        "float32_error": {key: greatest([each[key] for each in found]) for key in found[0]},
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    for model in sys.argv[2:]:
        found = golden(model)
        with open(f"{sys.argv[1]}/{model}.json", "w", encoding="utf-8") as file:
            json.dump(found, file, separators=(",", ":"))
            file.write("\n")
