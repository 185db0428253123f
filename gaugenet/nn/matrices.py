"""The real matrices of a convolution and of its adjoint, as places in the list of its parameters."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gaugenet.kernel import harmonics
from gaugenet.nn.intertwiner import real_matrix
from gaugenet.representation import Representation

Weights = Mapping[str, Tensor]


def places(
    rep_in: Representation, rep_out: Representation, profiles: int, weight: Weights, own: Weights
) -> tuple[Tensor, Tensor]:
    """Return, as ``int32``, where the entries of all ``matrix`` and of all ``adjoint_matrix`` stand.

    They index ``signed``: every entry is a parameter or its negative. Making the matrices by one gather instead of some
    hundred small operators halves the time of a convolution on a small mesh. The table is read off the matrices of
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
    ahead = [matrix(rep_in, rep_out, weight, own, b) for b in range(len(rep_out.blocks))]
    back = [adjoint_matrix(rep_in, rep_out, profiles, weight, own, a) for a in range(len(rep_in.blocks))]
    rows = [torch.cat([torch.zeros(0, device="cpu"), *(part.flatten() for part in parts)]) for parts in (ahead, back)]
    tables = [torch.where(row > 0, row - 1, start - 2 - row).to(torch.int32) for row in rows]
    return tables[0], tables[1]


def signed(weight: Weights, own: Weights, like: Tensor) -> Tensor:
    """Return all parameters in a row, then their negatives."""
    parameters = [like.new_zeros(0), *(value.flatten() for table in (weight, own) for value in table.values())]
    row = torch.cat(parameters)
    return torch.cat([row, -row])


def matrix(rep_in: Representation, rep_out: Representation, weight: Weights, own: Weights, b: int) -> Tensor:
    """Return the matrix that makes block b out, ``(columns, dim_b)``; for columns see ``Plan``."""
    out = rep_out.blocks[b]
    parts = [torch.zeros(0, out.dim, device="cpu")]
    for a, block in enumerate(rep_in):
        parts.append(real_matrix(weight[f"{a}_{b}"], out))
        if block.order == out.order:
            parts.append(real_matrix(own[f"{a}_{b}"], out))
    return torch.cat(parts)


def adjoint_matrix(
    rep_in: Representation, rep_out: Representation, profiles: int, weight: Weights, own: Weights, a: int
) -> Tensor:
    """Return the matrix that makes the gradient of block a in from gradients of all blocks out, ``(columns, dim_a)``.

    From y = A P follows A^H for the moments of gradients; from y = B conj P, B^T.
    """
    block = rep_in.blocks[a]
    parts = [torch.zeros(0, block.dim, device="cpu")]
    for b, out in enumerate(rep_out):
        solutions = harmonics(block.order, out.order)
        shape = (-1, len(solutions), profiles, block.multiplicity, out.multiplicity)
        turned = weight[f"{a}_{b}"].reshape(shape).transpose(-1, -2)
        if block.order > 0 and out.order > 0:
            plain, conjugate = turned.unbind(1)
            turned = torch.stack([torch.stack([plain[0], -plain[1]]), conjugate], dim=1)
        parts.append(real_matrix(turned.reshape(block.size, -1, block.multiplicity), block))
        if block.order == out.order:
            parts.append(real_matrix(own[f"{a}_{b}"], out).T)
    return torch.cat(parts)
