"""PyTorch's figures on a CUDA card: training and evaluation of each model, in each of PyTorch's ways.

    python3 bench/pytorch/cuda.py [--only resnet18,...] [--groups eager,compiled] [--batches 128,512] [--json FILE]

All models compile at once, each in a process of its own, as that is the processor's work; then one after the other is
timed, alone on the card. Every figure is printed as a JSON line as soon as it is there; a table comes last. cuda_worker.py
says what is timed. PyTorch's figure for a model is the best of its variants.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = {
    "resnet18": {"model": "resnet18"},
    "densenet121": {"model": "densenet121"},
    "shufflenetv2-0.5": {"model": "shufflenetv2", "ratio": 0.5},
    "shufflenetv2-1": {"model": "shufflenetv2", "ratio": 1.0},
    "skipblocknet": {"model": "skipblocknet"},
}
LARGE = {"skipblocknet"}
LARGE_BATCH = 128


class Worker:
    """A process of cuda_worker.py; its lines go to ``lines`` as (worker, line), and None when it ends."""

    def __init__(self, config, lines, log):
        self.config = config
        self.ready = False
        self.ended = False
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "cuda_worker.py"), json.dumps(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    @property
    def name(self) -> str:
        return f"{self.config['label']} {self.config['batch']} {self.config['group']}"

    def _read(self, lines):
        for line in self.process.stdout:
            lines.put((self, line))
        lines.put((self, None))

    def go(self):
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()


class Run:
    def __init__(self, args):
        self.args = args
        self.start = time.monotonic()
        self.lines = queue.Queue()
        self.figures = []
        self.json = open(args.json, "w", encoding="utf-8") if args.json else None
        self.log = open(args.log, "w", encoding="utf-8") if args.log else None
        self.workers = [Worker(config, self.lines, self.log) for config in configs(args)]

    def elapsed(self) -> float:
        return time.monotonic() - self.start

    def take(self, until: float) -> bool:
        """Handles one line; False if none comes before ``until``."""
        try:
            worker, line = self.lines.get(timeout=max(0, until - self.elapsed()))
        except queue.Empty:
            return False
        if line is None:
            worker.ended = True
            if not worker.ready:
                print(json.dumps({"error": f"{worker.name}: ended before it was ready"}), flush=True)
            return True
        fields = json.loads(line)
        if "ready" in fields:
            worker.ready = True
            say(f"{self.elapsed():6.1f} s  {worker.name} is ready")
            return True
        self.figures.append(fields)
        print(line, end="", flush=True)
        if self.json:
            print(line, end="", file=self.json, flush=True)
        return True

    def run(self):
        limit = self.args.compile_seconds
        while any(not (worker.ready or worker.ended) for worker in self.workers) and self.take(limit):
            pass
        while self.args.hold and os.path.exists(self.args.hold) and self.elapsed() < self.args.budget:
            time.sleep(0.1)
        waiting = list(self.workers)
        while waiting and self.elapsed() < self.args.budget:
            worker = next((one for one in waiting if one.ready or one.ended), None)
            if worker is None:
                if not self.take(self.args.budget):
                    break
                continue
            waiting.remove(worker)
            self.time(worker)
        for worker in waiting:
            print(json.dumps({"error": f"{worker.name}: not timed within {self.args.budget} s"}), flush=True)
        for worker in self.workers:
            worker.stop()

    def time(self, worker):
        worker.go()
        begin = self.elapsed()
        until = min(self.args.budget, begin + self.args.each)
        while not worker.ended and self.take(until):
            pass
        if not worker.ended:
            print(json.dumps({"error": f"{worker.name}: stopped after {self.elapsed() - begin:.0f} s"}), flush=True)
            worker.stop()


def say(text: str):
    print(text, file=sys.stderr, flush=True)


def configs(args):
    common = {"modes": args.modes, "precision": args.precision, "device": args.device, "seconds": args.seconds}
    result = [] if args.no_ceilings else [{"label": "card", "batch": 0, "group": "ceilings", **common}]
    for group in args.groups:
        for label in args.only:
            large = label in LARGE
            shape = {"classes": 1000 if large else 100, "image_size": 224 if large else 32}
            for batch in [args.large_batch] if large else args.batches:
                result.append({"label": label, **MODELS[label], **shape, "batch": batch, "group": group, **common})
    return result


def table(figures) -> str:
    rows = {}
    variants = []
    for one in figures:
        if "ms" in one:
            rows.setdefault((one["label"], one["batch"], one["mode"]), {})[one["variant"]] = one
            if one["variant"] not in variants:
                variants.append(one["variant"])
    head = ["images/s", "batch", "mode", *variants, "best ms"]
    lines = [head]
    for (label, batch, mode), found in rows.items():
        rates = [f"{found[name]['images_per_second']:,}" if name in found else "-" for name in variants]
        best = min(one["ms"] for one in found.values())
        lines.append([label, str(batch), mode, *rates, f"{best:.3f}"])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--only", type=names, default=list(MODELS), help="models, comma-separated")
    parser.add_argument("--groups", type=names, default=["compiled", "eager"], help="compiled,eager,reduce-overhead")
    parser.add_argument("--modes", type=names, default=["train", "eval"])
    parser.add_argument("--batches", type=lambda text: [int(one) for one in text.split(",")], default=[128, 512])
    parser.add_argument("--large-batch", type=int, default=LARGE_BATCH, help="batch of models of 224x224 images")
    parser.add_argument("--precision", choices=["bf16", "tf32", "f32"], default="bf16")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--seconds", type=float, default=0.3, help="of timed steps for each figure")
    parser.add_argument("--compile-seconds", type=float, default=120, help="when timing begins at the latest")
    parser.add_argument("--hold", help="timing does not begin while this file exists")
    parser.add_argument("--each", type=float, default=40, help="most seconds of timing a model")
    parser.add_argument("--budget", type=float, default=240, help="seconds in all")
    parser.add_argument("--no-ceilings", action="store_true", help="leave out the card's copy and product rates")
    parser.add_argument("--json", help="file for the figures, a JSON line each")
    parser.add_argument("--log", help="file for what the processes print to stderr")
    return parser.parse_args()


def main():
    args = arguments()
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", "/tmp/biasloss-inductor")
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "4")
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    run = Run(args)
    run.run()
    print(table(run.figures), flush=True)


if __name__ == "__main__":
    main()
