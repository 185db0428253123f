"""Diffusion by the connection Laplacian, in one implicit step."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.nn.diffusion_time import DiffusionTime
from gaugenet.nn.entry import enter
from gaugenet.nn.heat_solve import heat_solve
from gaugenet.nn.level import Level
from gaugenet.representation import Representation


class ImplicitDiffusion(nn.Module):
    """Let fields flow like heat for a learned time, by one implicit Euler step: x_c -> (M + t_c L)^-1 M x_c.

    M = diag(area), L the connection Laplacian of the irrep. A mode of eigenvalue lambda shrinks by 1 / (1 + lambda t),
    where ``Diffusion`` has exp(-lambda t); nothing is truncated, and no eigenfields are needed (Sharp et al. 2022,
    section 3.1, for functions). Exactly equivariant. Vertices without neighbours keep their features; those with
    neighbours and without area get the mean of what these get, weighted as in L.

    The equation is solved by ``heat_solve``, in single precision at least. On 1-rings of a sphere of 2,562 vertices,
    from noise, 32 steps leave an error of 6e-6 of the largest value at t = 1e-3 A and of 3e-2 at t = 1e-2 A, where 64
    leave 1e-4; from smooth fields a tenth of that. On discs of 30 half the steps do.

    Times are learned in units of the area A of the shape: ``DiffusionTime``.

    Args:
        rep: representation of input and output. steps: iterations of the solver.
    """

    def __init__(self, rep: Representation | str, steps: int = 32) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"ImplicitDiffusion expects steps >= 1, got {steps}")
        self.rep = self.rep_in = self.rep_out = Representation(rep)
        self.time, self.steps = DiffusionTime(self.rep), steps

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Diffuse ``x (V, rep.dim)``; ``at`` is the level's Laplacian, or data with a bundle (level 0 is used)."""
        laplacian = enter(self, x, at).laplacian
        dtype = torch.promote_types(x.dtype, torch.float32)
        parts = [x[:, :0]]
        for block, z, time in zip(self.rep, self.rep.split(x.to(dtype)), self.time(), strict=True):
            u = z.unflatten(1, (block.size, block.multiplicity))
            system = laplacian.system(block.irrep, dtype)
            y = heat_solve(u, time.to(dtype), system, laplacian.shapes.count, self.steps)
            parts.append(y.flatten(1).to(x.dtype))
        return torch.cat(parts, dim=1)

    def extra_repr(self) -> str:
        return f"{self.rep}, steps={self.steps}"
