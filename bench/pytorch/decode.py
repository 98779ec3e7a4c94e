"""Batches of images from their files by torchvision and PyTorch's DataLoader: FOLDER PART SIZE BATCH WORKERS SECONDS.

PART is `train` (RandomResizedCrop and RandomHorizontalFlip) or `eval` (Resize and CenterCrop); both end in ToTensor and Normalize.
Prints {"images", "seconds", "processor" seconds of all processes, "version"} of the batches after the first epoch's first.
"""

import json
import os
import sys
import time

import PIL
import torch
import torchvision
from torch.utils.data import ConcatDataset, DataLoader
from torchvision import datasets, transforms

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pids):
    """User and system time of processes so far."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def pipeline(part, size):
    last = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    if part == "train":
        return transforms.Compose([transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip(), *last])
    return transforms.Compose([transforms.Resize(round(size / 0.875)), transforms.CenterCrop(size), *last])


def main():
    folder, part, size, batch, workers, seconds = sys.argv[1:]
    size, batch, workers, seconds = int(size), int(batch), int(workers), float(seconds)
    images = datasets.ImageFolder(folder, pipeline(part, size))
    # Several times over, so that a small folder's epoch has many batches.
    repeated = ConcatDataset([images] * (64 * batch // len(images) + 1))
    loader = DataLoader(
        repeated, batch, shuffle=part == "train", num_workers=workers, persistent_workers=True, drop_last=True
    )
    count, begin, used = 0, None, 0.0
    while True:
        batches = iter(loader)
        for pixels, _ in batches:
            now = time.perf_counter()
            if begin is None:
                pids = [os.getpid(), *(worker.pid for worker in batches._workers)]
                begin, used = now, processor_seconds(pids)
                continue
            count += len(pixels)
            if now - begin >= seconds:
                result = {"images": count, "seconds": now - begin, "processor": processor_seconds(pids) - used}
                version = f"torchvision {torchvision.__version__}, PyTorch {torch.__version__}, Pillow {PIL.__version__}"
                print(json.dumps({**result, "version": version}), flush=True)
                os._exit(0)  # without waiting for the workers


if __name__ == "__main__":
    main()
