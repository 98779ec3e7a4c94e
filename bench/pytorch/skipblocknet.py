"""SkipblockNet; models.py says what of it is fact."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from layers import Output, conv_bn, relu


def rounded(value: float) -> int:
    """The multiple of 8 nearest to ``value``, at least 8, never more than 10% below it."""
    result = max(8, int(value + 4) // 8 * 8)
    return result + 8 if result < 0.9 * value else result


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        inner = rounded(channels // 4)
        self.fc = nn.Sequential(nn.Linear(channels, inner), relu(), nn.Linear(inner, channels), nn.Hardsigmoid())

    def forward(self, x: Tensor) -> Tensor:
        weight = self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return x * weight[:, :, None, None]


class InvertedResidual(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, kernel: int, stride: int, excite: bool, swish: bool):
        super().__init__()
        activation = nn.Hardswish if swish else relu
        self.identity = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            *conv_bn(inputs, hidden, 1),
            activation(),
            *conv_bn(hidden, hidden, kernel, stride, groups=hidden),
            activation(),
            SqueezeExcite(hidden) if excite else nn.Identity(),
            *conv_bn(hidden, outputs, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.identity else self.conv(x)


class SkipBlock(nn.Module):
    """Carries base_block's output past block lists: pooled to ``size`` x ``size``, then an inverted bottleneck."""

    def __init__(self, inputs: int, expansion: float, outputs: int, kernel: int):
        super().__init__()
        hidden = rounded(inputs * expansion)
        self.core_block = nn.Sequential(
            *conv_bn(inputs, hidden, 1),
            relu(),
            *conv_bn(hidden, hidden, kernel, groups=hidden),
            relu(),
            *conv_bn(hidden, outputs, 1),
        )

    def forward(self, x: Tensor, size: torch.Size) -> Tensor:
        return self.core_block(F.adaptive_avg_pool2d(x, size))


# Rows of (kernel, expansion, output width, squeeze-excite, h-swish, stride).
SKIPBLOCK_ROWS = (
    ((3, 4, 24, 0, 0, 2), (3, 3, 24, 0, 0, 1), (5, 3, 40, 1, 0, 2), (5, 3, 40, 1, 0, 1), (5, 6, 40, 1, 1, 1)),
    ((3, 6, 80, 0, 1, 2), (3, 2.5, 80, 0, 1, 1), (3, 2.3, 80, 0, 1, 1), (3, 2.3, 80, 0, 1, 1)),
    ((3, 6, 112, 1, 1, 1), (3, 6, 112, 1, 1, 1)),
    ((5, 6, 160, 1, 1, 2), (5, 6, 160, 1, 1, 1), (5, 6, 160, 1, 1, 1)),
)


class SkipblockNet(nn.Module):
    """SkipblockNet for 224x224 images; features = output of the last 1x1 conv block [n, 960 (width 1), 7, 7]."""

    def __init__(self, classes: int = 1000, width: float = 1.0, dropout: float = 0.2):
        super().__init__()
        base = rounded(16 * width)
        self.first_layer = nn.Sequential(*conv_bn(3, base, 3, 2), nn.Hardswish())
        self.base_block = InvertedResidual(base, base, base, 3, 1, False, True)
        self.blocks = nn.ModuleList()
        channels = base
        hidden = base
        for rows in SKIPBLOCK_ROWS:
            block = nn.Sequential()
            for kernel, expansion, outputs, excite, swish, stride in rows:
                hidden = rounded(channels * expansion)
                outputs = rounded(outputs * width)
                block.append(InvertedResidual(channels, hidden, outputs, kernel, stride, bool(excite), bool(swish)))
                channels = outputs
            self.blocks.append(block)
        self.skip1 = SkipBlock(base, 6, rounded(40 * width), 5)
        self.skip2 = SkipBlock(base, 2.3, rounded(80 * width), 3)
        self.conv = nn.Sequential(*conv_bn(channels, hidden, 1), nn.Hardswish())
        self.classifier = nn.Sequential(
            nn.Linear(hidden, 1280), nn.Hardswish(), nn.Dropout(dropout), nn.Linear(1280, classes)
        )
        self.apply(initialise)

    def forward(self, x: Tensor) -> Output:
        base = self.base_block(self.first_layer(x))
        y = self.blocks[0](base)
        y = self.blocks[1](y + self.skip1(base, y.shape[2:]))
        y = self.blocks[2](y + self.skip2(base, y.shape[2:]))
        features = self.conv(self.blocks[3](y))
        return self.classifier(F.adaptive_avg_pool2d(features, 1).flatten(1)), features


def initialise(module: nn.Module) -> None:
    """Convolutions normal(0, sqrt(2 / (k * k * outputs))), linear layers normal(0, 0.01), biases 0."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
        nn.init.normal_(module.weight, 0, (2 / fan_out) ** 0.5)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
        nn.init.zeros_(module.bias)
