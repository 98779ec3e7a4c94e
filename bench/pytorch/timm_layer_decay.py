"""Writes test/golden/layerDecay.json: how often timm's layer decay multiplies the learning rate of each module.

Usage: PYTHONPATH=FOLDER_OF_TIMM python3 bench/pytorch/timm_layer_decay.py > test/golden/layerDecay.json
"""

import json
import math

import timm
from timm.optim.optim_factory import param_groups_layer_decay

DECAY = 0.75

# Names here by timm's.
RENAMED = {
    "resnet18": "resnet18_224",
    "resnet34": "resnet34_224",
    "resnet50": "resnet50_224",
    "densenet121": "densenet121_224",
    "mobilenetv2_100": "mobilenet_v2",
}
OTHERS = [
    "efficientnet_b0",
    "mnasnet_100",
    *(f"efficientnet_lite{i}" for i in range(5)),
    *(f"tf_efficientnet_lite{i}" for i in range(5)),
    "mobilenetv3_small_100",
    "mobilenetv3_large_100",
    "lcnet_050",
    "lcnet_075",
    "lcnet_100",
    "ghostnet_100",
    "repvgg_a0",
    "mobilenetv4_conv_small",
]


def exponents(name):
    """The exponent of each parameter, by its name."""
    model = timm.create_model(name, num_classes=10)
    names = {id(value): key for key, value in model.named_parameters()}
    return {
        names[id(value)]: round(math.log(group["lr_scale"]) / math.log(DECAY))
        for group in param_groups_layer_decay(model, layer_decay=DECAY)
        for value in group["params"]
    }


def by_module(found):
    """The same by the shortest names of modules whose parameters have one exponent."""
    modules = {}
    for name, exponent in found.items():
        parts = name.split(".")
        for length in range(1, len(parts)):
            prefix = ".".join(parts[:length])
            if {e for other, e in found.items() if other.startswith(prefix + ".")} == {exponent}:
                modules[prefix] = exponent
                break
    return modules


models = {RENAMED.get(name, name): by_module(exponents(name)) for name in [*RENAMED, *OTHERS]}
lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(modules)}" for name, modules in models.items())
print(f'{{\n  "timm": "{timm.__version__}",\n  "exponents": {{\n{lines}\n  }}\n}}')
