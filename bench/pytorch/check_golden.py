"""Checks models.py and bias_loss.py against golden numbers in float64 and prints the greatest relative errors.

    check_golden.py GOLDEN_DIR [MODEL...]

Exits with 1 where an error exceeds 1e-6 (the golden numbers have nine digits).
"""

import json
import math
import os
import sys

import numpy as np
import torch
from torch.nn import functional as F

from bias_loss import BiasLoss
from models import create

MODELS = ("resnet18", "densenet121", "shufflenetv2", "skipblocknet")
LIMIT = 1e-6


def uniform(name: str, count: int) -> np.ndarray:
    """u(name, i) of golden/README.md for i < count, in float64."""
    state = 0x811C9DC5
    for byte in name.encode():
        state = (state ^ byte) * 0x01000193 & 0xFFFFFFFF
    x = np.uint32(state) ^ (np.arange(count, dtype=np.uint64) * 0x9E3779B1 & 0xFFFFFFFF).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x / 2.0**31 - 1


def tensor(values: np.ndarray, shape) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(list(shape))


def golden_value(salt: str, name: str, shape, is_norm: bool) -> torch.Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    u = uniform(salt + name, math.prod(shape))
    leaf = name.rsplit(".", 1)[1]
    if leaf == "running_mean" or (is_norm and leaf == "bias"):
        return tensor(0.2 * u, shape)
    if leaf == "running_var":
        return tensor(1 + 0.5 * u, shape)
    if is_norm:
        return tensor(1 + 0.2 * u, shape)
    if leaf == "bias":
        return tensor(0.1 * u, shape)
    return tensor(u * math.sqrt(3) * math.sqrt(2 / math.prod(shape[1:])), shape)


def golden_model(golden) -> torch.nn.Module:
    model = create(golden["model"], golden["classes"], dropout=0.0).double()
    entries = [(entry["name"], entry["shape"]) for entry in golden["state_dict"]]
    ours = [(name, list(value.shape)) for name, value in model.state_dict().items()]
    if ours != entries:
        difference = next((a, b) for a, b in zip(ours, entries) if a != b)
        raise SystemExit(f"{golden['model']}: state_dict differs: {difference}")
    norms = {name.rsplit(".", 1)[0] for name, _ in entries if name.endswith("running_mean")}
    salt = golden["salt"]
    model.load_state_dict({n: golden_value(salt, n, s, n.rsplit(".", 1)[0] in norms) for n, s in entries})
    return model


def golden_input(golden, name: str, batch: int) -> torch.Tensor:
    size = golden["image_size"]
    shape = [batch, 3, size, size]
    return tensor(1.5 * uniform(golden["salt"] + "input:" + name, math.prod(shape)), shape)


def labels(golden, batch: int, offset: int) -> torch.Tensor:
    return torch.tensor([(n * 7 + 3 + offset) % golden["classes"] for n in range(batch)])


def error(ours, expected) -> float:
    """Greatest difference, relative to the largest expected value."""
    a = torch.as_tensor(ours, dtype=torch.float64).detach().flatten()
    b = torch.as_tensor(expected, dtype=torch.float64).flatten()
    return ((a - b).abs().max() / b.abs().max()).item()


def tensors_error(ours, expected) -> float:
    """Greatest error of the L2 norms and first values of named tensors; tensors that are zero but for rounding are left out."""
    worst = 0.0
    for name, value in expected.items():
        norm, first = (value["l2"], value["first"]) if isinstance(value, dict) else (value, None)
        if norm < 1e-6:
            continue
        flat = ours[name].detach().double().flatten()
        worst = max(worst, abs(flat.norm().item() - norm) / norm)
        if first is not None:
            worst = max(worst, error(flat[: len(first)], first))
    return worst


def check_eval(golden):
    expected = golden["eval"]
    model = golden_model(golden).eval()
    with torch.no_grad():
        logits, features = model(golden_input(golden, expected["input"], expected["batch"]))
    assert list(features.shape) == expected["features_shape"], f"features {list(features.shape)}"
    yield "eval logits", error(logits, expected["logits"])
    yield "eval variance", error(features.flatten(1).var(1), expected["features_variance"])


def check_train(golden):
    expected = golden["train"]
    model = golden_model(golden).train()
    target = torch.tensor(expected["labels"])
    logits, features = model(golden_input(golden, expected["input"], expected["batch"]))
    loss = BiasLoss().double()(logits, features, target)
    loss.backward()
    yield "train logits", error(logits, expected["logits"])
    yield "train variance", error(features.flatten(1).var(1), expected["features_variance"])
    yield "cross-entropy", error(F.cross_entropy(logits, target), expected["cross_entropy"])
    yield "bias loss global", error(loss, expected["bias_loss_global"])
    local = BiasLoss(mode="local").double()(logits, features, target)
    yield "bias loss local", error(local, expected["bias_loss_local"])
    yield "gradients", tensors_error({n: p.grad for n, p in model.named_parameters()}, expected["gradients"])
    yield "buffers", tensors_error(dict(model.named_buffers()), expected["buffers_after"])


def check_sgd(golden, key: str):
    expected = golden[key]
    model = golden_model(golden).train()
    bias = None if key == "sgd_ce" else BiasLoss(mode=key.removeprefix("sgd_")).double()
    optimizer = torch.optim.SGD(
        model.parameters(), expected["lr"], expected["momentum"], weight_decay=expected["weight_decay"]
    )
    losses = []
    for step, name in enumerate(expected["inputs"]):
        logits, features = model(golden_input(golden, name, expected["batch"]))
        target = labels(golden, expected["batch"], step)
        loss = bias(logits, features, target) if bias else F.cross_entropy(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    yield key + " losses", error(losses, expected["loss"])
    yield key + " parameters", tensors_error(dict(model.named_parameters()), expected["parameters_after"])
    if expected["global_min"] is not None:
        yield key + " running minimum", error(bias.running_min, expected["global_min"])


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    worst = 0.0
    for name in sys.argv[2:] or MODELS:
        with open(os.path.join(sys.argv[1], name + ".json"), encoding="utf-8") as file:
            golden = json.load(file)
        for key in ("eval", "train", "sgd_global", "sgd_local", "sgd_ce"):
            checks = {"eval": check_eval, "train": check_train}
            results = checks[key](golden) if key in checks else check_sgd(golden, key)
            for what, value in results:
                worst = max(worst, value)
                print(f"{name:14} {what:28} {value:.1e}", flush=True)
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
