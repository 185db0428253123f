"""Normalisation: of features at each vertex, and of invariants over the examples of a training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.nn.intertwiner import padded_bias
from gaugenet.nn.layer import Layer, TensorModule
from gaugenet.representation import Representation


class LayerNorm(Layer):
    """Normalise each vertex over its channels, whatever mesh or batch it is in.

    Invariants: mean 0 and variance 1 over the channels, then scale and bias. All others: divided by the root mean
    square of all components of the vertex, invariants included, so that a tangent field that vanishes by symmetry stays
    at the size of rounding errors; then a scale per channel; no bias, which would break equivariance.

    Args:
        rep: Representation of input and output.
        eps: Number added to the variance.
    """

    def __init__(self, rep: Representation | str, eps: float = 1e-5) -> None:
        super().__init__(rep)
        self.eps = eps
        invariant = self.rep.num_invariants
        self.scale = nn.Parameter(torch.ones(sum(block.multiplicity for block in self.rep)))
        self.bias = nn.Parameter(torch.zeros(invariant)) if invariant else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise features ``x (..., rep.dim)``."""
        self.rep.check(x, "LayerNorm")
        fields = self.rep.split(x)
        invariants = [z for z, block in zip(fields, self.rep, strict=True) if block.invariant]
        normal: tuple[Tensor, ...] = ()
        if invariants:
            joined = torch.cat(invariants, dim=-1)
            joined = nn.functional.layer_norm(joined, joined.shape[-1:], eps=self.eps)  # 3 times as fast as written out
            normal = joined.split([z.shape[-1] for z in invariants], dim=-1)
        if len(invariants) < len(fields):
            shrink = (x.square().mean(-1, keepdim=True) + self.eps).rsqrt()
        rest = iter(normal)
        parts = [next(rest) if block.invariant else z * shrink for z, block in zip(fields, self.rep, strict=True)]
        scales = self.scale.split([block.multiplicity for block in self.rep])
        factors = [scale.repeat(block.size) for scale, block in zip(scales, self.rep, strict=True)]
        # One product: of the gradients of separate ones TorchInductor 2.13 gets some wrong.
        return torch.cat(parts, dim=-1) * torch.cat(factors) + padded_bias(self.bias, self.rep, self.scale)


WINDOW = 500  # the latest examples that count


class Standardize(TensorModule):
    """Subtract the running mean of each channel of ``(B, channels)``, and divide by its running standard deviation.

    As batch normalisation does in evaluation, but in training too: a row is normalised by all rows before it and
    itself, so that training works on batches of one shape. The rows of a batch are taken one after the other. In
    evaluation the statistics are fixed, and rows do not affect each other. For invariants only.

    Args:
        channels: Number of columns.
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
        """Standardize invariants ``x (B, channels)``."""
        if x.dim() != 2 or x.shape[1] != len(self.mean):
            raise ValueError(f"Standardize expects (B, {len(self.mean)}), a row for each shape, got {tuple(x.shape)}")
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
