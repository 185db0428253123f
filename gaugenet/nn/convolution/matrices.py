"""The real matrices of a convolution and of its adjoint, as places in the list of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from gaugenet.kernel import KernelBasis, kernel_basis
from gaugenet.nn.intertwiner import real_matrix
from gaugenet.representation import Representation

Weights = Mapping[str, Tensor]
Bases = Sequence[Sequence[KernelBasis]]  # bases[a][b] of the kernels from block a to block b


def bases(rep_in: Representation, rep_out: Representation, highest: int | None = None) -> Bases:
    """Return the kernels of all pairs of blocks; for ``highest`` see ``kernel_basis``."""
    return [[kernel_basis(i.irrep, o.irrep, rep_in.group, highest) for o in rep_out] for i in rep_in]


def kernel_parameters(rep_in: Representation, rep_out: Representation, bases: Bases, profiles: int) -> nn.ParameterDict:
    """Return random weights ``(S, profiles, C_in, C_out)`` of the kernels from block a to block b, under "a_b".

    Moments of variance 1 give outputs of a variance of about 1.
    """
    weight = nn.ParameterDict()
    for b, out in enumerate(rep_out):
        fan_in = sum(block.multiplicity * len(bases[a][b].waves) * profiles for a, block in enumerate(rep_in))
        for a, block in enumerate(rep_in):
            if len(bases[a][b]):
                shape = (len(bases[a][b]), profiles, block.multiplicity, out.multiplicity)
                weight[f"{a}_{b}"] = nn.Parameter(torch.randn(shape) * fan_in**-0.5)
    return weight


def places(
    rep_in: Representation, rep_out: Representation, bases: Bases, back: Bases, weight: Weights, own: Weights
) -> tuple[Tensor, Tensor]:
    """Return, as ``int32``, where the entries of all ``matrix`` and of all ``adjoint_matrix`` stand.

    They index ``signed``: every entry is a parameter, its negative or 0. Making the matrices by one gather instead of
    some hundred small operators halves the time of a convolution on a small mesh. The table is read off the matrices of
    numbered weights.
    """
    numbered, start = [], 1
    for table in (weight, own):
        numbers = {}
        for key, value in table.items():
            row = torch.arange(start, start + value.numel(), dtype=torch.float64, device="cpu")
            numbers[key] = row.reshape(value.shape)
            start += value.numel()
        numbered.append(numbers)
    weight, own = numbered
    ahead = [matrix(rep_in, rep_out, bases, weight, own, b) for b in range(len(rep_out.blocks))]
    adjoint = [adjoint_matrix(rep_in, rep_out, bases, back, weight, own, a) for a in range(len(rep_in.blocks))]
    rows = [torch.cat([torch.zeros(0, device="cpu"), *(one.flatten() for one in parts)]) for parts in (ahead, adjoint)]
    zero = torch.tensor(2.0 * (start - 1), dtype=torch.float64, device="cpu")
    tables = [torch.where(row > 0, row - 1, torch.where(row < 0, start - 2 - row, zero)) for row in rows]
    return tables[0].to(torch.int32), tables[1].to(torch.int32)


def signed(weight: Weights, own: Weights, like: Tensor) -> Tensor:
    """Return all parameters in a row, then their negatives, then 0."""
    parameters = [like.new_zeros(0), *(value.flatten() for table in (weight, own) for value in table.values())]
    row = torch.cat(parameters)
    return torch.cat([row, -row, row.new_zeros(1)])


def matrix(
    rep_in: Representation, rep_out: Representation, bases: Bases, weight: Weights, own: Weights, b: int
) -> Tensor:
    """Return the matrix that makes block b out, ``(columns, dim_b)``; for columns see ``Plan``."""
    out = rep_out.blocks[b]
    parts = [torch.zeros(0, out.dim, device="cpu")]
    for a, block in enumerate(rep_in):
        if len(bases[a][b]):
            solutions = ((s, 1) for s in range(len(bases[a][b])))
            parts.append(of_moments(weight[f"{a}_{b}"], bases[a][b], solutions))
        if block.irrep == out.irrep:
            parts.append(real_matrix(own[f"{a}_{b}"], out))
    return torch.cat(parts)


def adjoint_matrix(
    rep_in: Representation, rep_out: Representation, bases: Bases, back: Bases, weight: Weights, own: Weights, a: int
) -> Tensor:
    """Return the matrix that makes the gradient of block a in from gradients of all blocks out, ``(columns, dim_a)``.

    The transpose of a kernel from block a to block b is a kernel from b to a.

    Args:
        back: bases of those kernels, ``back[b][a]``.
    """
    block = rep_in.blocks[a]
    parts = [torch.zeros(0, block.dim, device="cpu")]
    for b, out in enumerate(rep_out):
        if len(bases[a][b]):
            solutions = bases[a][b].transposed(back[b][a])
            parts.append(of_moments(weight[f"{a}_{b}"].transpose(-1, -2), back[b][a], solutions))
        if block.irrep == out.irrep:
            parts.append(real_matrix(own[f"{a}_{b}"], out).T)
    return torch.cat(parts)


def of_moments(weight: Tensor, basis: KernelBasis, solutions: Iterable[tuple[int, int]]) -> Tensor:
    """Return what moments are multiplied with, ``(waves * profiles * C_in, size_out * C_out)``.

    Args:
        weight: ``(S, profiles, C_in, C_out)``. solutions: which solution, and sign, each slice of it belongs to.
    """
    entries = [[[0.0] * weight.shape[0] for _ in range(basis.size_out)] for _ in basis.waves]
    for slice_, (s, sign) in enumerate(solutions):
        for component, (place, own_sign) in enumerate(zip(basis.place[s], basis.sign[s], strict=True)):
            entries[place][component][slice_] = float(sign * own_sign)
    return torch.einsum("wds,srco->wrcdo", weight.new_tensor(entries), weight).flatten(3).flatten(0, 2)
