"""Numbers brought to mean 0 and variance 1 over the examples of a training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WINDOW = 500  # the latest examples that count


class Standardize(nn.Module):
    """Subtract the running mean of each channel of ``(B, channels)``, and divide by its running standard deviation.

    What batch normalisation does in evaluation, here in training too: a row is normalised by all that came before it
    and itself, so that batches of one shape can be trained on. A batch is its rows one after the other. In evaluation
    the statistics stand still, and rows do not see each other. For invariants only.

    Args:
        channels: number of columns.
    """

    mean: Tensor
    variance: Tensor
    seen: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 2 or x.shape[1] != len(self.mean):
            raise ValueError(f"Standardize expects (B, {len(self.mean)}), a row a shape, got {tuple(x.shape)}")
        if not self.training:
            return self._normalised(x)
        parts = [x[:0]]
        for row in x:
            self._learn(row.detach())
            parts.append(self._normalised(row[None]))
        return torch.cat(parts)

    def _normalised(self, x: Tensor) -> Tensor:
        return (x - self.mean) / (self.variance + 1e-5).sqrt()

    @torch.no_grad()
    def _learn(self, row: Tensor) -> None:
        self.seen.add_(1).clamp_(max=WINDOW)
        off = row - self.mean
        self.mean.add_(off / self.seen)
        self.variance.lerp_(off * (row - self.mean), 1 / self.seen)

    def extra_repr(self) -> str:
        return f"{len(self.mean)}"
