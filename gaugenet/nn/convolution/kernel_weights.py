"""The learned part of kernels, for layers that form moments themselves."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaugenet.kernel import Wave
from gaugenet.nn.convolution import matrices
from gaugenet.representation import Representation


class KernelWeights(nn.Module):
    """Make features of moments: y_b = sum_a sum_s,rho W_s,rho P_a,s,rho, one dense product a vertex and block out.

    A moment is the sum over neighbours of a wave, a radial profile and a feature; the waves are those of all kernels
    from ``rep_in`` to ``rep_out`` (``kernel_basis``), so that y is what these kernels make of the neighbours.

    Args:
        rep_in, rep_out: representations of one group. profiles: numbers by which each wave is multiplied in turn.
    """

    def __init__(self, rep_in: Representation, rep_out: Representation, profiles: int) -> None:
        super().__init__()
        self.rep_in, self.rep_out = rep_in, rep_out
        self._bases = matrices.bases(rep_in, rep_out)
        self.weight = matrices.kernel_parameters(rep_in, rep_out, self._bases, profiles)
        self._rows = [[len(basis.waves) * profiles for basis in row] for row in self._bases]

    def waves(self, a: int) -> tuple[Wave, ...]:
        """Return the waves that moments of block a are formed with, for each block out in turn."""
        return tuple(wave for basis in self._bases[a] for wave in basis.waves)

    def forward(self, moments: list[Tensor]) -> Tensor:
        """Return ``(V, rep_out.dim)`` of the moments ``(V, waves * profiles, C)`` of all blocks in; C runs fastest."""
        parts = [moment.split(rows, dim=1) for moment, rows in zip(moments, self._rows, strict=True)]
        outputs = [moments[0].new_zeros(moments[0].shape[0], 0)]
        for b, out in enumerate(self.rep_out):
            y = moments[0].new_zeros(moments[0].shape[0], out.dim)
            for a in range(len(moments)):
                basis = self._bases[a][b]
                if len(basis):
                    matrix = matrices.of_moments(self.weight[f"{a}_{b}"], basis, ((s, 1) for s in range(len(basis))))
                    y = y + parts[a][b].flatten(1) @ matrix.to(y.dtype)
            outputs.append(y)
        return torch.cat(outputs, dim=1)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.rep_out}"
