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

from typing import Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from layers import Output, conv_bn, relu
from skipblocknet import SkipblockNet


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
    """ResNet-18 for 32x32 images; features = output of layer4 [n, 512, 4, 4]."""

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
    """DenseNet-121 for 32x32 images; features = output of the last dense block [n, 1024, 4, 4]."""

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
    """ShuffleNet V2 for 32x32 images; features = output of conv5 [n, 1024 (ratio 2: 2048), 4, 4]."""

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


def create(model: str, classes: int, ratio: float = 1.0, width: float = 1.0, dropout: float = 0.2) -> nn.Module:
    """The model of that name, torchvision's and timm's among them; ``ratio`` is shufflenetv2's, ``width`` and ``dropout`` skipblocknet's."""
    if model == "resnet18":
        return ResNet18(classes)
    if model == "densenet121":
        return DenseNet121(classes)
    if model == "shufflenetv2":
        return ShuffleNetV2(classes, ratio)
    if model == "skipblocknet":
        return SkipblockNet(classes, width, dropout)
    # Imported only here, as torchvision takes a second to load.
    from torchvision_models import MODELS, TIMM, TorchvisionModel

    if model in MODELS or model in TIMM:
        return TorchvisionModel(model, classes)
    names = ", ".join(["resnet18", "densenet121", "shufflenetv2", "skipblocknet", *MODELS, *TIMM])
    raise ValueError(f'no model "{model}": {names}')
