"""Bias loss (Abrahamyan et al., "Bias Loss for Mobile Neural Networks", ICCV 2021), for comparison runs in PyTorch."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BiasLoss(nn.Module):
    """mean_i z_i * CE_i with z_i = exp(alpha * u_i) - beta; see ``normalised_variance`` for u_i.

    ``mode`` "global" keeps the smallest variance seen in the buffer ``running_min`` (starts at 100000);
    "local" takes the batch's own. No gradient flows through the weights.
    """

    def __init__(self, alpha: float = 0.3, beta: float = 0.3, mode: str = "global"):
        super().__init__()
        if mode not in ("global", "local"):
            raise ValueError(f'mode is "global" or "local", not "{mode}"')
        self.alpha, self.beta, self.mode = alpha, beta, mode
        self.register_buffer("running_min", torch.tensor(100000.0))

    @torch.no_grad()
    def normalised_variance(self, features: Tensor) -> Tensor:
        """u of each data point, shape [batch]: its features' unbiased variance v, less the running (or the
        batch's) minimum, over the range of v in the batch; 0 where that range is 0."""
        if features.dtype is torch.bfloat16:
            features = features.float()
        variance = features.flatten(1).var(dim=1)
        low, high = variance.min(), variance.max()
        spread = high - low
        if self.mode == "global":
            low = torch.minimum(self.running_min, low)
            self.running_min.copy_(low)
        return torch.where(spread > 0, (variance - low) / spread, torch.zeros_like(variance))

    def forward(self, logits: Tensor, features: Tensor, target: Tensor) -> Tensor:
        """The loss of ``logits`` [batch, classes] and ``target`` [batch] under ``features`` [batch, ...]."""
        if logits.dtype is torch.bfloat16:
            logits = logits.float()
        weight = torch.exp(self.alpha * self.normalised_variance(features)) - self.beta
        return (weight * F.cross_entropy(logits, target, reduction="none")).mean()
