"""What the models share."""

from typing import List, Tuple

from torch import Tensor, nn

Output = Tuple[Tensor, Tensor]


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, bias: bool = False
) -> List[nn.Module]:
    padding = (kernel - 1) // 2
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias)
    return [conv, nn.BatchNorm2d(outputs)]


def relu() -> nn.ReLU:
    return nn.ReLU(inplace=True)
