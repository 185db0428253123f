"""Learned times of diffusion."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.representation import Representation

# Time at parameter 0, in units of the area of a shape: the heat of a point has then spread to about 1 % of it,
# 4 pi t of the plane.
_UNIT = 1e-3
# Times that the copies of a block start with are spread over these, over _UNIT.
_SPREAD = (0.1, 10.0)


class DiffusionTime(nn.Module):
    """Positive times, one a copy of a representation, t = 1e-3 exp(parameter) A with A the area of the shape.

    They start spread evenly in their logarithm over 1e-4 A to 1e-2 A, in every block; a single copy at 1e-4 A.
    """

    def __init__(self, rep: Representation) -> None:
        super().__init__()
        low, high = torch.tensor(_SPREAD).log().tolist()
        starts = [torch.linspace(low, high, block.multiplicity) for block in rep]
        self.log_time = nn.Parameter(torch.cat([torch.zeros(0), *starts]))
        self._copies = [block.multiplicity for block in rep]

    def forward(self) -> tuple[Tensor, ...]:
        """Return the times ``(C,)`` of each block, over A."""
        return (_UNIT * self.log_time.exp()).split(self._copies) if self._copies else ()
