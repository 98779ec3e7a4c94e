"""One model at one batch size on a CUDA card, as cuda.py asks for it: its argument is a JSON object of

    {"label", "model", "ratio", "classes", "image_size", "batch", "group": "eager"|"compiled"|"reduce-overhead"|
     "ceilings", "modes": ["train", "eval"], "precision": "bf16"|"tf32"|"f32", "device": "cuda"|"cpu", "seconds"}

It compiles and warms up, prints {"ready": true}, waits for a line on stdin, and prints a line for each figure:

    {"label", "batch", "mode", "variant", "precision", "ms", "images_per_second", "steps", "loss", "peak_gb"}

A step is what session.py's is: forward, bias loss, backward, SGD on one batch that stays on the card. Variants are
"eager", "compile" (torch.compile), each also as one CUDA graph of the whole step ("eager+graph", "compile+graph"), and
torch.compile's own "reduce-overhead". Failures are lines with "error".
"""

import contextlib
import json
import statistics
import sys
import threading
import time

import torch

from bias_loss import BiasLoss
from models import create

DEVICE = "cuda"
WARM_UP = 4
WARM_UP_SECONDS = 0.1
STEPS = (20, 100)
"""Fewest and most timed steps."""


def report(**fields):
    print(json.dumps(fields), flush=True)


def synchronize():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def milliseconds(step, seconds: float):
    """Of each of enough steps to take about ``seconds``, timed on the card without waiting between them."""
    start, done = time.perf_counter(), 0
    while done < WARM_UP or (DEVICE == "cuda" and time.perf_counter() - start < WARM_UP_SECONDS):
        step()
        synchronize()
        done += 1
    start = time.perf_counter()
    for _ in range(3):
        step()
    synchronize()
    estimate = (time.perf_counter() - start) / 3
    least, most = STEPS if DEVICE == "cuda" else (2, 2)
    count = min(most, max(least, round(seconds / estimate)))
    if DEVICE != "cuda":
        return [1e3 * timed(step) for _ in range(count)]
    events = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
    events[0].record()
    for event in events[1:]:
        step()
        event.record()
    synchronize()
    return [begin.elapsed_time(end) for begin, end in zip(events, events[1:])]


def timed(step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def graphed(step):
    """The step as one CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    step.prepare()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph


class Step:
    """A step; ``prepare`` makes it ready to be captured."""

    def __init__(self, config, compiled, options):
        torch.manual_seed(0)
        self.config = config
        size = config["image_size"]
        model = create(config["model"], config["classes"], ratio=config.get("ratio") or 1.0)
        self.model = model.to(DEVICE, memory_format=torch.channels_last)
        images = torch.randn(config["batch"], 3, size, size, device=DEVICE)
        self.images = images.to(memory_format=torch.channels_last)
        self.last = None
        self.function = torch.compile(self.forward, dynamic=False, **options) if compiled else self.forward

    def precision(self):
        if self.config["precision"] == "bf16":
            return torch.autocast(DEVICE, dtype=torch.bfloat16, cache_enabled=False)
        return contextlib.nullcontext()

    def prepare(self):
        pass

    def loss(self):
        return None


class Training(Step):
    def __init__(self, config, compiled, options):
        super().__init__(config, compiled, options)
        self.model.train()
        self.labels = torch.randint(config["classes"], (config["batch"],), device=DEVICE)
        self.criterion = BiasLoss().to(DEVICE)
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, fused=True)

    def forward(self, images, labels):
        with self.precision():
            logits, features = self.model(images)
        return self.criterion(logits, features, labels)

    def prepare(self):
        self.optimizer.zero_grad(set_to_none=True)

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.function(self.images, self.labels)
        loss.backward()
        self.optimizer.step()
        self.last = loss.detach()

    def loss(self):
        return self.last.item()


class Evaluation(Step):
    def __init__(self, config, compiled, options):
        super().__init__(config, compiled, options)
        self.model.eval()

    def forward(self, images):
        with self.precision():
            return self.model(images)[0]

    @torch.no_grad()
    def __call__(self):
        self.last = self.function(self.images)


KINDS = {"train": Training, "eval": Evaluation}


def make(config, mode: str, group: str) -> Step:
    if group == "eager":
        return KINDS[mode](config, False, {})
    options = {"mode": "reduce-overhead"} if group == "reduce-overhead" else {}
    if mode == "eval":
        # Weights become constants and batch normalisation is folded, as in our frozen evaluation.
        import torch._inductor.config

        torch._inductor.config.freezing = True
        try:
            step = KINDS[mode](config, True, options)
            step()
            return step
        except Exception as error:
            report(note=f"{config['label']}: freezing failed, compiled without: {first_line(error)}")
        finally:
            torch._inductor.config.freezing = False
    return KINDS[mode](config, True, options)


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def measure(config, mode: str, variant: str, step, run):
    times = milliseconds(run, config["seconds"])
    median = statistics.median(times)
    peak = torch.cuda.max_memory_allocated() / 1e9 if DEVICE == "cuda" else None
    report(
        label=config["label"],
        batch=config["batch"],
        mode=mode,
        variant=variant,
        precision=config["precision"],
        ms=round(median, 4),
        images_per_second=round(config["batch"] / median * 1e3),
        steps=len(times),
        loss=step.loss(),
        peak_gb=peak and round(peak, 2),
    )


def measure_mode(config, mode: str, step: Step):
    group = config["group"]
    variant = "compile" if group == "compiled" else group
    measure(config, mode, variant, step, step)
    if DEVICE == "cuda" and group != "reduce-overhead":
        graph = graphed(step)
        measure(config, mode, f"{variant}+graph", step, graph.replay)
        graph.reset()


def attempt(config, mode: str, variant: str, body):
    try:
        return body()
    except Exception as error:
        report(label=config["label"], batch=config["batch"], mode=mode, variant=variant, error=first_line(error))
        return None


def rest():
    if DEVICE == "cuda":
        torch.cuda.empty_cache()


def prepare(config, steps):
    """Makes the steps, compiling them and running each twice unless they are eager."""
    for mode in config["modes"]:
        step = attempt(config, mode, config["group"], lambda: make(config, mode, config["group"]))
        if step is None:
            continue
        eager = config["group"] == "eager"
        if eager or attempt(config, mode, config["group"], lambda: (step(), step(), synchronize(), True)):
            steps[mode] = step
    rest()


def time_all(config, steps):
    for mode, step in steps.items():
        attempt(config, mode, config["group"], lambda: measure_mode(config, mode, step))
        rest()


def model_figures(config):
    steps = {}
    # cuDNN's chosen algorithms are kept by thread: the second one chooses by measuring, alone on the card.
    # The graphs of "reduce-overhead" are kept by thread, too.
    apart = config["group"] != "reduce-overhead"
    torch.backends.cudnn.benchmark = not apart
    in_thread(lambda: prepare(config, steps), apart)
    report(ready=True)
    if not sys.stdin.readline():
        return
    torch.backends.cudnn.benchmark = True
    in_thread(lambda: time_all(config, steps), apart)


def in_thread(body, apart: bool):
    """Calls ``body`` where backward passes stay in the calling thread: a new one, or the main thread."""

    def run():
        if DEVICE == "cuda":
            torch.set_num_threads(1)
        with torch.autograd.set_multithreading_enabled(False):
            body()

    if not apart:
        return run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def ceilings(config):
    """The card's own rates: a copy of 2 GB, and a product of 8192 x 8192 matrices of random numbers."""
    report(ready=True)
    if not sys.stdin.readline():
        return
    count, size = (1 << 30, 8192) if DEVICE == "cuda" else (1 << 22, 256)
    source = torch.randn(count // 2, device=DEVICE)
    target = torch.empty_like(source)
    copy = statistics.median(milliseconds(lambda: target.copy_(source), config["seconds"]))
    a, b = (torch.randn(size, size, device=DEVICE).bfloat16() for _ in range(2))
    product = statistics.median(milliseconds(lambda: torch.mm(a, b), config["seconds"]))
    rates = {"copy_tb_s": 2 * 4 * source.numel() / copy / 1e9, "bf16_tflop_s": 2 * size**3 / product / 1e9}
    for name in ("tf32", "f32"):
        torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
        x, y = a.float(), b.float()
        rates[f"{name}_tflop_s"] = 2 * size**3 / statistics.median(milliseconds(lambda: torch.mm(x, y), 0.2)) / 1e9
    device = torch.cuda.get_device_name() if DEVICE == "cuda" else "cpu"
    cudnn = torch.backends.cudnn.version() if DEVICE == "cuda" else None
    rounded = {name: round(rate, 3) for name, rate in rates.items()}
    report(ceilings=rounded, device=device, torch=torch.__version__, cudnn=cudnn)


def main():
    global DEVICE
    config = json.loads(sys.argv[1])
    DEVICE = config["device"]
    torch.backends.cuda.matmul.allow_tf32 = config["precision"] == "tf32"
    torch.backends.cudnn.allow_tf32 = config["precision"] == "tf32"
    if config["group"] == "ceilings":
        ceilings(config)
    else:
        model_figures(config)


if __name__ == "__main__":
    main()
