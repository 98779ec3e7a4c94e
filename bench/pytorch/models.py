"""The four networks in plain PyTorch, for benchmarks and golden checks. Each returns (logits, features).

State dicts have the published names in the published order. Facts that check_golden.py establishes:

- Every BatchNorm: eps 1e-5, momentum 0.1, affine, running statistics (the variance kept unbiased).
- Every k x k convolution pads (k - 1) / 2 with zeros on each side, also at stride 2; dilation 1. Biases:
  none, but for shufflenetv2, where every convolution has one.
- resnet18: conv-BN-ReLU-conv-BN, plus shortcut, ReLU. A block with a change of shape is strided in its first
  3x3 and in its 1x1 shortcut (conv, BN). Registration: conv1, bn1, conv2, bn2, shortcut.
- densenet121: new maps come after a block's input in the concatenation. The transition is BN-1x1-average pooling
  2x2 stride 2, without ReLU. Features are taken before the last BN; then BN, ReLU, global average, linear.
- shufflenetv2: unit of stride 1: the first half of the channels is the shortcut, untouched; residual =
  1x1-BN-ReLU-depthwise 3x3-BN-1x1-BN-ReLU on the second half. Unit of stride 2: residual the same, its depthwise
  strided, on all channels; shortcut = depthwise 3x3 stride 2-BN-1x1-BN-ReLU. Both: concatenate (shortcut,
  residual), shuffle with 2 groups: [n, 2, c/2, h, w] -> [n, c/2, 2, h, w]. conv5 = 1x1-BN-ReLU; mean over pixels.
  The stem keeps 32x32 (stride 1, padding 1); the stages give 16x16, 8x8, 4x4.
- skipblocknet: h-swish(x) = x * relu6(x + 3) / 6, h-sigmoid(x) = relu6(x + 3) / 6. Inverted residual =
  1x1-BN-act-depthwise-BN-act-(SE)-1x1-BN, always with the first 1x1; identity added where stride is 1 and
  widths agree. SE: linear to rounded(hidden // 4), ReLU, linear, h-sigmoid, with biases. Hidden width
  = rounded(expansion * input width). Skip blocks use ReLU and pool before their first 1x1; hidden
  = rounded(expansion * base width). Skip 1 pools base_block's output (112) to the size of the second block
  list's input (28), skip 2 pools it to that of the third's (14); what they give is added to those inputs. The
  head's 1x1 convolution has the last row's hidden width. rounded(v) = max(8, floor((v + 4) / 8) * 8), plus 8 if
  that is below 0.9 v. Widths other than 1 (no golden numbers): base = rounded(16 * width), each row's and skip's
  output = rounded(out * width), hidden widths follow; 1280 stays. That gives 76.6, 170.7, 236.6 and 388.6 MMACs at
  widths 0.5, 0.75, 1 and 1.25.
"""

from typing import List, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Output = Tuple[Tensor, Tensor]


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, bias: bool = False
) -> List[nn.Module]:
    padding = (kernel - 1) // 2
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias)
    return [conv, nn.BatchNorm2d(outputs)]


def relu() -> nn.ReLU:
    return nn.ReLU(inplace=True)


class BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = conv_bn(inputs, outputs, 3, stride)
        self.conv2, self.bn2 = conv_bn(outputs, outputs, 3)
        changes = stride != 1 or inputs != outputs
        self.shortcut = nn.Sequential(*(conv_bn(inputs, outputs, 1, stride) if changes else []))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


class ResNet18(nn.Module):
    """ResNet-18 for 32x32 pictures; features = output of layer4 [n, 512, 4, 4]."""

    def __init__(self, classes: int = 100):
        super().__init__()
        self.conv1, self.bn1 = conv_bn(3, 64, 3)
        self.layer1 = self._stage(64, 64, 1)
        self.layer2 = self._stage(64, 128, 2)
        self.layer3 = self._stage(128, 256, 2)
        self.layer4 = self._stage(256, 512, 2)
        self.linear = nn.Linear(512, classes)

    @staticmethod
    def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        return nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1))

    def forward(self, x: Tensor) -> Output:
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        features = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.linear(F.avg_pool2d(features, 4).flatten(1)), features


class BottleNeck(nn.Module):
    def __init__(self, inputs: int, growth: int):
        super().__init__()
        inner = 4 * growth
        self.bottle_neck = nn.Sequential(
            nn.BatchNorm2d(inputs),
            relu(),
            nn.Conv2d(inputs, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            relu(),
            nn.Conv2d(inner, growth, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.bottle_neck(x)], 1)


class Transition(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.down_sample = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 1, bias=False), nn.AvgPool2d(2, 2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.down_sample(x)


class DenseNet121(nn.Module):
    """DenseNet-121 for 32x32 pictures; features = output of the last dense block [n, 1024, 4, 4]."""

    def __init__(self, classes: int = 100, growth: int = 32, blocks: Tuple[int, ...] = (6, 12, 24, 16)):
        super().__init__()
        width = 2 * growth
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.features = nn.Sequential()
        last = len(blocks) - 1
        for index, layers in enumerate(blocks):
            block = nn.Sequential()
            for layer in range(layers):
                block.add_module(f"bottle_neck_layer_{layer}", BottleNeck(width, growth))
                width += growth
            # The published code names its last block without the underscores.
            name = f"dense_block{index}" if index == last else f"dense_block_layer_{index}"
            self.features.add_module(name, block)
            if index != last:
                self.features.add_module(f"transition_layer_{index}", Transition(width, width // 2))
                width //= 2
        self.featuresadd_modulebn = nn.BatchNorm2d(width)
        self.linear = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Output:
        features = self.features(self.conv1(x))
        y = F.relu(self.featuresadd_modulebn(features), inplace=True)
        return self.linear(F.adaptive_avg_pool2d(y, 1).flatten(1)), features


class ShuffleUnit(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.stride = stride
        half = outputs // 2
        inner = inputs if stride == 2 else half
        self.residual = nn.Sequential(
            *conv_bn(inner, inner, 1, bias=True),
            relu(),
            *conv_bn(inner, inner, 3, stride, groups=inner, bias=True),
            *conv_bn(inner, half, 1, bias=True),
            relu(),
        )
        self.shortcut = nn.Sequential()
        if stride == 2:
            self.shortcut = nn.Sequential(
                *conv_bn(inputs, inputs, 3, stride, groups=inputs, bias=True),
                *conv_bn(inputs, half, 1, bias=True),
                relu(),
            )

    def forward(self, x: Tensor) -> Tensor:
        left, right = (x, x) if self.stride == 2 else x.chunk(2, 1)
        y = torch.cat([self.shortcut(left), self.residual(right)], 1)
        return shuffle(y)


def shuffle(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    if x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous():
        # The same permutation without leaving channels_last: 5 to 15% of a step faster than the view below.
        y = x.permute(0, 2, 3, 1).view(n, h, w, 2, c // 2).transpose(3, 4)
        return y.reshape(n, h, w, c).permute(0, 3, 1, 2)
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


SHUFFLE_WIDTHS = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}


class ShuffleNetV2(nn.Module):
    """ShuffleNet V2 for 32x32 pictures; features = output of conv5 [n, 1024 (ratio 2: 2048), 4, 4]."""

    def __init__(self, classes: int = 100, ratio: float = 1.0):
        super().__init__()
        a, b, c, head = SHUFFLE_WIDTHS[ratio]
        self.pre = nn.Sequential(*conv_bn(3, 24, 3, bias=True))
        self.stage2 = self._stage(24, a, 3)
        self.stage3 = self._stage(a, b, 7)
        self.stage4 = self._stage(b, c, 3)
        self.conv5 = nn.Sequential(*conv_bn(c, head, 1, bias=True), relu())
        self.fc = nn.Linear(head, classes)

    @staticmethod
    def _stage(inputs: int, outputs: int, repeat: int) -> nn.Sequential:
        rest = [ShuffleUnit(outputs, outputs, 1) for _ in range(repeat)]
        return nn.Sequential(ShuffleUnit(inputs, outputs, 2), *rest)

    def forward(self, x: Tensor) -> Output:
        features = self.conv5(self.stage4(self.stage3(self.stage2(self.pre(x)))))
        return self.fc(F.adaptive_avg_pool2d(features, 1).flatten(1)), features


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
    """SkipblockNet for 224x224 pictures; features = output of the last 1x1 conv block [n, 960 (width 1), 7, 7]."""

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


def create(model: str, classes: int, ratio: float = 1.0, width: float = 1.0, dropout: float = 0.2) -> nn.Module:
    """The model of that name; ``ratio`` is shufflenetv2's, ``width`` and ``dropout`` skipblocknet's."""
    if model == "resnet18":
        return ResNet18(classes)
    if model == "densenet121":
        return DenseNet121(classes)
    if model == "shufflenetv2":
        return ShuffleNetV2(classes, ratio)
    if model == "skipblocknet":
        return SkipblockNet(classes, width, dropout)
    raise ValueError(f'no model "{model}": resnet18, densenet121, shufflenetv2, skipblocknet')
