"""PyTorch's side of the benchmark: JSON lines on stdin, an answer a line on stdout.

    {"cmd": "setup", "model", "ratio", "width", "batch", "threads", "precision": "f32"|"bf16",
     "layout": "contiguous"|"channels_last", "mode": "train"|"eval", "image_size", "classes", "jit": false}
        -> {"threads", "parameters", "version"}
    {"cmd": "run", "steps": n}  -> {"seconds": [one a step], "loss": of the last step, null in evaluation}
    {"cmd": "memory"}           -> {"peak_bytes": greatest resident size so far}
    {"cmd": "quit"}

A failure answers {"error": "..."}. A training step is forward, bias loss, backward and SGD (momentum 0.9, weight
decay 1e-4), as the published recipe has it; evaluation is the forward pass in inference_mode. Both run eagerly, as
the published code does, unless "jit" asks for a frozen trace in evaluation. bf16 is autocast.
"""

import contextlib
import json
import os
import sys
import time

import torch

from bias_loss import BiasLoss
from models import create


def peak_bytes() -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


class Session:
    """One model in one configuration, with one random batch that every step uses."""

    def __init__(self, config):
        torch.set_num_threads(config["threads"])
        torch.manual_seed(0)
        self.config = config
        memory_format = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}[config["layout"]]
        model = create(
            config["model"], config["classes"], ratio=config.get("ratio") or 1.0, width=config.get("width") or 1.0
        )
        self.parameters = sum(p.numel() for p in model.parameters())
        self.model = model.to(memory_format=memory_format)
        size = config["image_size"]
        self.images = torch.randn(config["batch"], 3, size, size).to(memory_format=memory_format)
        self.labels = torch.randint(config["classes"], (config["batch"],))
        if config["mode"] == "train":
            self.model.train()
            self.loss = BiasLoss()
            self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
            self.step = self.train_step
        else:
            self.model.eval()
            if config.get("jit"):
                self.model = self.frozen()
            self.step = self.eval_step

    def precision(self):
        if self.config["precision"] == "bf16":
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return contextlib.nullcontext()

    def frozen(self):
        with torch.inference_mode(False), torch.no_grad(), self.precision():
            return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(self.model, self.images)))

    def train_step(self):
        self.optimizer.zero_grad(set_to_none=True)
        with self.precision():
            logits, features = self.model(self.images)
        loss = self.loss(logits, features, self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.inference_mode()
    def eval_step(self):
        with self.precision():
            self.model(self.images)

    def run(self, steps: int):
        seconds, loss = [], None
        for _ in range(steps):
            start = time.perf_counter()
            loss = self.step()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds, "loss": loss}


def answer(session, request):
    command = request["cmd"]
    if command == "setup":
        session = Session(request)
        threads = torch.get_num_threads()
        if threads != request["threads"]:
            raise RuntimeError(f"PyTorch has {threads} threads, not {request['threads']}")
        return session, {"threads": threads, "parameters": session.parameters, "version": torch.__version__}
    if command == "run":
        return session, session.run(request["steps"])
    if command == "memory":
        return session, {"peak_bytes": peak_bytes()}
    raise ValueError(f'no command "{command}"')


def main():
    # Answers own the real stdout; whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    session = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "quit":
            break
        try:
            session, reply = answer(session, request)
        except Exception as error:  # reported to the harness, which decides
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main()
