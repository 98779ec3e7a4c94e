"""Times operations of PyTorch: a JSON list of cases on stdin, the least seconds of each pass on stdout."""

import json
import sys
import time

import torch
import torch.nn.functional as F  # noqa: F401 (for the cases' expressions)


def tensor(given):
    if given.get("classes"):
        return torch.randint(given["classes"], given["shape"])
    return torch.rand(given["shape"])


def least_seconds(step, rounds):
    step()
    least = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        step()
        least = min(least, time.perf_counter() - start)
    return least


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(request["threads"])
    replies = []
    for case in request["cases"]:
        x = [tensor(given) for given in case["inputs"]]
        expression = compile(case["python"], case["name"], "eval")

        def forward():
            return eval(expression, {"torch": torch, "F": F, "x": x})

        with torch.no_grad():
            y = forward()
            seconds = {"forward": least_seconds(forward, request["rounds"])}
        if case["gradient"]:
            dy = torch.rand(y.shape)
            for each in x:
                if each.is_floating_point():
                    each.requires_grad_()

            def gradient():
                for each in x:
                    each.grad = None
                (forward() * dy).sum().backward()

            seconds["forward and gradient"] = least_seconds(gradient, request["rounds"])
        replies.append(seconds)
    json.dump(replies, sys.stdout)


main()
