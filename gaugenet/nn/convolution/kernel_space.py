"""The kernels between two representations, and the real matrices of a convolution and of its adjoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from gaugenet.kernel import KernelBasis, Wave, kernel_basis
from gaugenet.nn.convolution.plan import Plan
from gaugenet.nn.intertwiner import real_matrix
from gaugenet.representation import Representation

Weights = Mapping[str, Tensor]  # of the kernels, or of the intertwiner, from block a to block b, under "a_b"


class KernelSpace:
    """All equivariant kernels from one representation to another: a basis for each pair of blocks.

    Attributes:
        bases: ``bases[a][b]`` of the kernels from block a in to block b out.

    Args:
        rep_in: Representation of the input.
        rep_out: Representation of the output, of the same group.
        highest: Highest angular frequency; for None see ``kernel_basis``.
    """

    def __init__(self, rep_in: Representation, rep_out: Representation, highest: int | None = None) -> None:
        self.rep_in, self.rep_out, self.highest = rep_in, rep_out, highest
        self.bases = [[kernel_basis(i.irrep, o.irrep, rep_in.group, highest) for o in rep_out] for i in rep_in]

    @property
    def adjoint(self) -> KernelSpace:
        """The kernels the other way; they hold the transposes of these."""
        return KernelSpace(self.rep_out, self.rep_in, self.highest)

    def waves(self, a: int) -> tuple[Wave, ...]:
        """Return the waves that are read of block ``a`` in, for each block out in turn."""
        return tuple(wave for basis in self.bases[a] for wave in basis.waves)

    def rows(self, profiles: int) -> tuple[tuple[int, ...], ...]:
        """Return how many moments lead from block a in to block b out, with a number of ``profiles``."""
        return tuple(tuple(len(basis.waves) * profiles for basis in row) for row in self.bases)

    def plan(self, profiles: int) -> Plan:
        """Return the shapes of a convolution with a number of radial ``profiles``."""
        own = tuple(tuple(i.irrep == o.irrep for o in self.rep_out) for i in self.rep_in)
        into, out = (tuple((block.multiplicity, block.size) for block in rep) for rep in (self.rep_in, self.rep_out))
        return Plan(into, out, self.rows(profiles), self.adjoint.rows(profiles), own)

    def parameters(self, profiles: int) -> nn.ParameterDict:
        """Return random weights of the kernels; moments of variance 1 give outputs of a variance of about 1.

        Args:
            profiles: Number of radial profiles.

        Returns:
            ``(S, profiles, C_in, C_out)`` for the kernels from block a to block b, under "a_b".
        """
        weight = nn.ParameterDict()
        for b, out in enumerate(self.rep_out):
            fan_in = sum(block.multiplicity * row[b] for block, row in zip(self.rep_in, self.rows(profiles)))
            for a, block in enumerate(self.rep_in):
                if len(self.bases[a][b]):
                    shape = (len(self.bases[a][b]), profiles, block.multiplicity, out.multiplicity)
                    weight[f"{a}_{b}"] = nn.Parameter(torch.randn(shape) * fan_in**-0.5)
        return weight

    def of_moments(self, weight: Weights, a: int, b: int) -> Tensor:
        """Return the matrix by which moments of a block in enter a block out.

        Args:
            weight: Weights of the kernels.
            a: Index of the block in.
            b: Index of the block out.

        Returns:
            ``(waves * profiles * C_in, size_out * C_out)``.
        """
        basis = self.bases[a][b]
        return _of_moments(weight[f"{a}_{b}"], basis, ((s, 1) for s in range(len(basis))))

    def tables(self, weight: Weights, own: Weights) -> tuple[Tensor, Tensor]:
        """Return which entry of ``signed`` each entry of the matrices of a convolution and of its adjoint is.

        Every entry is a parameter, its negative or 0. Building the matrices by one gather instead of hundreds of small
        operators halves the time of a convolution on a small mesh. The tables are read off the matrices of numbered
        weights.

        Args:
            weight: Weights of the kernels.
            own: Weights of the intertwiner.

        Returns:
            Two tables, int32; columns of the matrices as in ``Plan.columns``.
        """
        numbered, start = [], 1
        for table in (weight, own):
            numbers = {}
            for key, value in table.items():
                row = torch.arange(start, start + value.numel(), dtype=torch.float64, device="cpu")
                numbers[key] = row.reshape(value.shape)
                start += value.numel()
            numbered.append(numbers)
        kernels, pointwise = numbered
        ahead = [self._matrix(kernels, pointwise, b) for b in range(len(self.rep_out.blocks))]
        back = [self._adjoint_matrix(kernels, pointwise, a) for a in range(len(self.rep_in.blocks))]
        rows = [torch.cat([torch.zeros(0, device="cpu"), *(one.flatten() for one in parts)]) for parts in (ahead, back)]
        zero = torch.tensor(2.0 * (start - 1), dtype=torch.float64, device="cpu")
        tables = [torch.where(row > 0, row - 1, torch.where(row < 0, start - 2 - row, zero)) for row in rows]
        return tables[0].to(torch.int32), tables[1].to(torch.int32)

    def _matrix(self, weight: Weights, own: Weights, b: int) -> Tensor:
        """Return the matrix ``(columns, dim_b)`` that makes block b out."""
        out = self.rep_out.blocks[b]
        parts = [torch.zeros(0, out.dim, device="cpu")]
        for a, block in enumerate(self.rep_in):
            if len(self.bases[a][b]):
                parts.append(self.of_moments(weight, a, b))
            if block.irrep == out.irrep:
                parts.append(real_matrix(own[f"{a}_{b}"], out))
        return torch.cat(parts)

    def _adjoint_matrix(self, weight: Weights, own: Weights, a: int) -> Tensor:
        """Return the matrix ``(columns, dim_a)`` that makes the gradient of block a in from those of all blocks out.

        The transpose of a kernel from block a to block b is a kernel from b to a.
        """
        block, back = self.rep_in.blocks[a], self.adjoint.bases
        parts = [torch.zeros(0, block.dim, device="cpu")]
        for b, out in enumerate(self.rep_out):
            if len(self.bases[a][b]):
                solutions = self.bases[a][b].transposed(back[b][a])
                parts.append(_of_moments(weight[f"{a}_{b}"].transpose(-1, -2), back[b][a], solutions))
            if block.irrep == out.irrep:
                parts.append(real_matrix(own[f"{a}_{b}"], out).T)
        return torch.cat(parts)


def signed(weight: Weights, own: Weights, like: Tensor) -> Tensor:
    """Return all parameters in a row, then their negatives, then 0.

    Args:
        weight: Weights of the kernels.
        own: Weights of the intertwiner.
        like: Tensor on the device and of the precision wanted where there are no parameters.

    Returns:
        ``(2 P + 1,)``.
    """
    parameters = [like.new_zeros(0), *(value.flatten() for table in (weight, own) for value in table.values())]
    row = torch.cat(parameters)
    return torch.cat([row, -row, row.new_zeros(1)])


def _of_moments(weight: Tensor, basis: KernelBasis, solutions: Iterable[tuple[int, int]]) -> Tensor:
    """Return what moments are multiplied with; ``solutions``: which solution, and sign, each slice of weight has."""
    entries = [[[0.0] * weight.shape[0] for _ in range(basis.size_out)] for _ in basis.waves]
    for slice_, (s, sign) in enumerate(solutions):
        for component, (place, own_sign) in enumerate(zip(basis.place[s], basis.sign[s], strict=True)):
            entries[place][component][slice_] = float(sign * own_sign)
    return torch.einsum("wds,srco->wrcdo", weight.new_tensor(entries), weight).flatten(3).flatten(0, 2)
