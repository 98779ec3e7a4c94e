"""PyTorch's side of the benchmark: JSON lines on stdin, an answer a line on stdout.

    {"cmd": "setup", "model", "ratio", "width", "batch", "threads", "precision": "f32"|"bf16",
     "layout": "contiguous"|"channels_last", "mode": "train"|"eval"|"validate", "image_size", "classes",
     "way": "eager"|"frozen"|"compiled"; of validate also "data": FOLDER, "repeat": passes in one step}
        -> {"parameters", "images_per_step", "version"}
    {"cmd": "run", "steps": n}  -> {"seconds": [one a step], "loss": of the last training step, null where it is not finite}
    {"cmd": "memory"}           -> {"peak_bytes": greatest resident size so far}
    {"cmd": "logits", "weights": FILE to write}  -> {"logits": [batch * classes]}, of evaluation
    {"cmd": "quit"}

A failure answers {"error": "..."}. "eager" is as the published code runs, "frozen" a frozen torch.jit trace in evaluation,
"compiled" torch.compile with inductor, in evaluation with frozen weights; bf16 is autocast.
"""

import json
import os
import re
import sys

import torch

from session import KINDS


def peak_bytes() -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def blas() -> str:
    """The BLAS PyTorch was built for. "generic" may be the slow reference one: linear layers suffer (LD_LIBRARY_PATH
    can name a faster libblas.so.3)."""
    found = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return found.group(1) if found else "unknown"


def set_up(config):
    torch.set_num_threads(config["threads"])
    threads = torch.get_num_threads()
    if threads != config["threads"]:
        raise RuntimeError(f"PyTorch has {threads} threads, not {config['threads']}")
    session = KINDS[config["mode"]](config)
    version = f"PyTorch {torch.__version__} ({blas()} BLAS)"
    return session, {
        "parameters": session.parameters,
        "images_per_step": session.images_per_step,
        "version": version,
    }


def answer(session, request):
    command = request["cmd"]
    if command == "setup":
        return set_up(request)
    if command == "run":
        return session, session.run(request["steps"])
    if command == "memory":
        return session, {"peak_bytes": peak_bytes()}
    if command == "logits":
        return session, session.logits(request["weights"])
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
