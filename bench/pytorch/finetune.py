"""PyTorch's side of `bench finetune`: EfficientNet-Lite0 of the package efficientnet-lite-pytorch, fine-tuned as `--recipe finetune` does.

    finetune.py '{"data", "weights", "packages", "output", "epochs", "image_size", "batch", "threads", "seed", "layout"}'

`data` has train/ and val/ with a folder per class, `packages` the package. Evaluates after each epoch, saves the state dict
to `output` and prints {"top1": of each epoch, in percent}.
"""

import json
import math
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms as T
from torchvision.datasets import ImageFolder
from torchvision.transforms import InterpolationMode

RATE, DECAY, SMOOTHING = 5e-4, 0.05, 0.1
CROP_SCALE = (0.35, 1.0)
# 3 of 30 epochs.
WARMUP = 0.1
NORMALISE = T.Normalize([127 / 255] * 3, [128 / 255] * 3)


def training_images(size):
    crop = T.RandomResizedCrop(size, CROP_SCALE, interpolation=InterpolationMode.BICUBIC)
    return T.Compose([crop, T.RandomHorizontalFlip(), T.TrivialAugmentWide(), T.ToTensor(), NORMALISE])


def test_images(size):
    resize = T.Resize(int(size / 0.875), InterpolationMode.BICUBIC)
    return T.Compose([resize, T.CenterCrop(size), T.ToTensor(), NORMALISE])


def loaders(config):
    size, common = config["image_size"], {"batch_size": config["batch"], "num_workers": 1, "persistent_workers": True}
    train = ImageFolder(f"{config['data']}/train", training_images(size))
    test = ImageFolder(f"{config['data']}/val", test_images(size))
    return DataLoader(train, shuffle=True, drop_last=True, **common), DataLoader(test, **common)


def network(config, classes):
    sys.path.append(config["packages"])
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_pretrained(
        "efficientnet-lite0",
        weights_path=config["weights"],
        num_classes=classes,
        # As timm has it: the package keeps 99% of the running statistics in a step, and drops blocks.
        batch_norm_momentum=0.9,
        drop_connect_rate=0.0,
    )
    return model.to(memory_format=config["layout"])


def groups(model):
    plain = [p for name, p in model.named_parameters() if p.ndim <= 1 or name.endswith(".bias")]
    rest = [p for name, p in model.named_parameters() if not (p.ndim <= 1 or name.endswith(".bias"))]
    return [{"params": rest, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}]


def rate(step, steps):
    warmup = WARMUP * steps
    cosine = 0.5 * (1 + math.cos(math.pi * min(max((step - warmup) / (steps - warmup), 0), 1)))
    return RATE * cosine * min(1.0, (step + 1) / warmup)


def accuracy(model, batches, layout):
    model.eval()
    right = count = 0
    with torch.no_grad():
        for images, labels in batches:
            right += (model(images.to(memory_format=layout)).argmax(1) == labels).sum().item()
            count += len(labels)
    return 100 * right / count


def main(config):
    torch.set_num_threads(config["threads"])
    torch.manual_seed(config["seed"])
    config["layout"] = getattr(torch, config["layout"])
    train, test = loaders(config)
    model = network(config, len(train.dataset.classes))
    optimizer = torch.optim.AdamW(groups(model), lr=RATE)
    criterion = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    steps, step, top1 = config["epochs"] * len(train), 0, []
    for _ in range(config["epochs"]):
        model.train()
        for images, labels in train:
            for group in optimizer.param_groups:
                group["lr"] = rate(step, steps)
            optimizer.zero_grad()
            criterion(model(images.to(memory_format=config["layout"])), labels).backward()
            optimizer.step()
            step += 1
        top1.append(accuracy(model, test, config["layout"]))
    torch.save(model.state_dict(), config["output"])
    print(json.dumps({"top1": top1}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
