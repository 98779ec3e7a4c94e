"""Training steps of one rank of DistributedDataParallel over gloo: RANK SIZE FILE MODEL RATIO CLASSES IMAGE BATCH STEPS THREADS LAYOUT PRECISION.

Rank 0 prints {"seconds": [one a step], "version"}. FILE is where the ranks meet.
"""

import json
import sys
import time

import torch
import torch.distributed as dist

from bias_loss import BiasLoss
from models import create
from session import MEMORY_FORMATS

WARM_UP = 3


def main():
    rank, size, file, name, ratio, classes, image, batch, steps, threads, layout, precision = sys.argv[1:]
    rank, size, classes, image, batch, steps = map(int, (rank, size, classes, image, batch, steps))
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    memory_format = MEMORY_FORMATS[layout]
    model = create(name, classes, ratio=float(ratio), width=float(ratio)).to(memory_format=memory_format).train()
    if size > 1:
        dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=size)
        model = torch.nn.parallel.DistributedDataParallel(model)
    images = torch.randn(batch, 3, image, image).to(memory_format=memory_format)
    labels = torch.randint(classes, (batch,))
    loss_of = BiasLoss()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    seconds = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits, features = model(images)
        loss = loss_of(logits, features, labels)
        loss.backward()
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - start)
    if rank == 0:
        print(json.dumps({"seconds": seconds[WARM_UP:], "version": f"PyTorch {torch.__version__}, {layout}, {precision}"}))
    if size > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
