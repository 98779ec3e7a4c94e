"""How far PyTorch's own float32 strays from the golden SGD steps, over memory formats and threads.

    float32_variants.py GOLDEN_DIR MODEL... > float32-variants.json

Training amplifies rounding: a ReLU's input near zero changes its sign, and the steps after it differ by
far more than rounding. One run's error is one draw of that; the greatest over four runs says what
float32 can be expected to give.
"""

import json
import sys

import torch
from torch.nn import functional as F

from bias_loss import BiasLoss
from check_golden import golden_input, golden_model, labels

KEYS = ("global", "local", "ce")


def trajectory(golden, key, threads, layout):
    expected = golden[f"sgd_{key}"]
    torch.set_num_threads(threads)
    model = golden_model(golden).train().float().to(memory_format=layout)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=expected["lr"], momentum=expected["momentum"], weight_decay=expected["weight_decay"]
    )
    criterion = None if key == "ce" else BiasLoss(mode=key)
    losses = []
    for step, name in enumerate(expected["inputs"]):
        images = golden_input(golden, name, expected["batch"]).float().contiguous(memory_format=layout)
        target = labels(golden, expected["batch"], step)
        logits, features = model(images)
        loss = F.cross_entropy(logits, target) if criterion is None else criterion(logits, features, target)
        losses.append(abs(loss.item() - expected["loss"][step]) / expected["loss"][step])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    named = dict(model.named_parameters())
    parameters = max(
        abs(named[name].detach().double().norm().item() - norm) / norm
        for name, norm in expected["parameters_after"].items()
        if norm > 1e-6
    )
    return losses, parameters


def worst(golden, key):
    runs = [
        trajectory(golden, key, threads, layout)
        for threads in (1, 2)
        for layout in (torch.contiguous_format, torch.channels_last)
    ]
    return {
        "loss": [float(f"{max(column):.2g}") for column in zip(*(losses for losses, _ in runs))],
        "parameters": float(f"{max(parameters for _, parameters in runs):.2g}"),
    }


if __name__ == "__main__":
    result = {}
    for name in sys.argv[2:]:
        with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
            golden = json.load(file)
        result[name] = {key: worst(golden, key) for key in KEYS}
        print(name, file=sys.stderr)
    print(json.dumps(result, indent=1))
