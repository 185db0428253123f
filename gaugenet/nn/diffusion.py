"""Diffusion by the connection Laplacian, in its eigenbasis."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.diffusion_time import DiffusionTime
from gaugenet.nn.entry import enter
from gaugenet.nn.level import Level
from gaugenet.nn.precision import full_precision
from gaugenet.nn.spectrum import Modes, Spectrum
from gaugenet.representation import Representation


class Diffusion(nn.Module):
    """Let fields flow like heat for a learned time: x_c -> exp(-t_c Delta) x_c, Delta of the irrep's own connection.

        y_c = sum_k exp(-lambda_k t_c) phi_k <phi_k, x_c>,

    with the first K modes of the connection Laplacian, inner products weighted by area, and a time t_c > 0 a copy
    (Sharp et al. 2022, section 3.1, for functions). It reaches over the whole shape and is exactly equivariant. What
    the K modes do not span is lost; vertices without area get 0. Products of matrices alone, one a shape, in at least
    single precision.

    Times are learned in units of the area of the shape: ``DiffusionTime``.

    Args:
        rep: representation of input and output.
    """

    def __init__(self, rep: Representation | str) -> None:
        super().__init__()
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.time = DiffusionTime(self.rep)

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Diffuse ``x (V, rep.dim)``; ``at`` is the level's spectrum, or data with one (level 0 is used)."""
        return full_precision(self._diffused, x, enter(self, x, at).spectrum)

    def _diffused(self, x: Tensor, spectrum: Spectrum) -> Tensor:
        parts = [x[:, :0]]
        for block, z, time in zip(self.rep, self.rep.split(x), self.time(), strict=True):
            fields = spectrum.shapes.split(z.unflatten(1, (block.size, block.multiplicity)))
            modes, time = spectrum.modes(block.irrep, x.dtype), time.to(x.dtype)
            parts.append(torch.cat([_flow(u, one, time) for u, one in zip(fields, modes, strict=True)]).flatten(1))
        return torch.cat(parts, dim=1)

    def extra_repr(self) -> str:
        return str(self.rep)


def _flow(u: Tensor, modes: Modes, time: Tensor) -> Tensor:
    """Return exp(-time Delta) u on one shape, ``(V, size, C)``."""
    coefficient = modes.field.T @ (modes.share * u.flatten(0, 1))
    decay = torch.exp(-modes.value[:, None] * time)
    return (modes.field @ (decay * coefficient)).unflatten(0, u.shape[:2])
