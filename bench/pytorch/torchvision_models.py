"""torchvision's and timm's models with their features, by the names that this project gives them."""

import torchvision
from torch import nn

# Our name: torchvision's name and the module whose output the bias loss weighs by.
MODELS = {
    "resnet18_224": ("resnet18", "layer4"),
    "resnet34_224": ("resnet34", "layer4"),
    "resnet50_224": ("resnet50", "layer4"),
    "mobilenet_v2": ("mobilenet_v2", "features.18"),
    "mobilenet_v3_small": ("mobilenet_v3_small", "features.12"),
    "mobilenet_v3_large": ("mobilenet_v3_large", "features.16"),
    "shufflenet_v2_x0_5": ("shufflenet_v2_x0_5", "conv5"),
    "shufflenet_v2_x1_0": ("shufflenet_v2_x1_0", "conv5"),
    "shufflenet_v2_x1_5": ("shufflenet_v2_x1_5", "conv5"),
    "shufflenet_v2_x2_0": ("shufflenet_v2_x2_0", "conv5"),
    "efficientnet_b0": ("efficientnet_b0", "features.8"),
    "mnasnet1_0": ("mnasnet1_0", "layers.16"),
    "squeezenet1_1": ("squeezenet1_1", "features.12"),
    "densenet121_224": ("densenet121", "features.denseblock4"),
}


# timm's name, which is ours: the module.
TIMM = {
    **{f"{prefix}efficientnet_lite{size}": "bn2" for prefix in ("", "tf_") for size in range(5)},
    "mnasnet_100": "bn2",
    "mobilenetv3_small_100": "blocks.5",
    "mobilenetv3_large_100": "blocks.6",
    **{f"lcnet_{width}": "blocks.5" for width in ("050", "075", "100")},
    "ghostnet_100": "blocks.9",
    "repvgg_a0": "stages.3",
    "mobilenetv4_conv_small": "blocks.4",
}


def create(name: str, classes: int) -> nn.Module:
    if name not in TIMM:
        return getattr(torchvision.models, MODELS[name][0])(weights=None, num_classes=classes)
    import timm

    return timm.create_model(name, num_classes=classes, drop_rate=0.0)


class TorchvisionModel(nn.Module):
    """torchvision's or timm's ``model``, which returns (logits, features)."""

    def __init__(self, name: str, classes: int):
        super().__init__()
        layer = TIMM.get(name) or MODELS[name][1]
        self.model = create(name, classes)
        self.model.get_submodule(layer).register_forward_hook(self._keep)

    def _keep(self, _module, _inputs, output):
        self.features = output

    def forward(self, images):
        logits = self.model(images)
        return logits, self.features
