"""How far PyTorch's own float32 strays from the golden gradients and SGD steps, over its ways to compute.

    float32_variants.py GOLDEN_DIR MODEL... > float32-variants.json

Gradients amplify rounding: a ReLU's input near zero changes its sign, and what follows differs by far more
than rounding. One run's error is one draw of that; the greatest over memory formats and threads, and for
gradients over convolution libraries (oneDNN, and PyTorch's own, which is slow), says what float32 can be
expected to give.
"""

import contextlib
import json
import sys

import torch
from torch.nn import functional as F

from bias_loss import BiasLoss
from check_golden import golden_input, golden_model, labels, tensors_error

KEYS = ("global", "local", "ce")


WAYS = [
    (native, threads, layout)
    for native in (False, True)
    for threads in (1, 2)
    for layout in (torch.contiguous_format, torch.channels_last)
]


@contextlib.contextmanager
def way_of(native, threads, layout):
    torch.set_num_threads(threads)
    with torch.backends.mkldnn.flags(enabled=not native):
        yield layout


def prepared(golden, layout):
    return golden_model(golden).train().float().to(memory_format=layout)


def images(golden, expected, name, layout):
    return golden_input(golden, name, expected["batch"]).float().contiguous(memory_format=layout)


def gradients(golden, way):
    expected = golden["train"]
    with way_of(*way) as layout:
        model = prepared(golden, layout)
        logits, features = model(images(golden, expected, expected["input"], layout))
        BiasLoss()(logits, features, torch.tensor(expected["labels"])).backward()
    found = {name: parameter.grad for name, parameter in model.named_parameters()}
    norms = {name: value["l2"] for name, value in expected["gradients"].items()}
    return tensors_error(found, norms), tensors_error(found, expected["gradients"])


def trajectory(golden, key, way):
    expected = golden[f"sgd_{key}"]
    losses = []
    with way_of(*way) as layout:
        model = prepared(golden, layout)
        optimizer = torch.optim.SGD(
            model.parameters(), lr=expected["lr"], momentum=expected["momentum"], weight_decay=expected["weight_decay"]
        )
        criterion = None if key == "ce" else BiasLoss(mode=key)
        for step, name in enumerate(expected["inputs"]):
            target = labels(golden, expected["batch"], step)
            logits, features = model(images(golden, expected, name, layout))
            loss = F.cross_entropy(logits, target) if criterion is None else criterion(logits, features, target)
            losses.append(abs(loss.item() - expected["loss"][step]) / expected["loss"][step])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses, tensors_error(dict(model.named_parameters()), expected["parameters_after"])


def short(value):
    return float(f"{value:.2g}")


def worst_steps(golden, key):
    runs = [trajectory(golden, key, way) for way in WAYS if not way[0]]
    return {
        "loss": [short(max(column)) for column in zip(*(losses for losses, _ in runs))],
        "parameters": short(max(parameters for _, parameters in runs)),
    }


def worst_gradients(golden):
    norms, values = zip(*(gradients(golden, way) for way in WAYS))
    return {"l2": short(max(norms)), "first": short(max(values))}


if __name__ == "__main__":
    result = {}
    for name in sys.argv[2:]:
        with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
            golden = json.load(file)
        result[name] = {"gradients": worst_gradients(golden)} | {key: worst_steps(golden, key) for key in KEYS}
        print(name, file=sys.stderr)
    print(json.dumps(result, indent=1))
