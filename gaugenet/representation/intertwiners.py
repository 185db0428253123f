"""The equivariant linear maps between two representations: one solver for kernels, layers and decompositions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaugenet.group import Elements, Group

Action = Callable[[Elements], Tensor]

_TOLERANCE = 1e-9  # of rank decisions; entries of all matrices here are of the order of 1


def intertwiners(source: Action, target: Action, group: Group) -> Tensor:
    """Return a basis ``(S, dim_target, dim_source)`` of the maps T with T rho(g) = sigma(g) T for all g of a group.

    The null space of these equations for generators g, and of their derivative T rho' = sigma' T at the identity where
    rotations are continuous; float64. The basis is the reduced row echelon form of the solutions, row by row, which
    makes it unique; between irreps, as they are written here, all its entries are 0, 1 or -1.

    Args:
        source, target: rho and sigma, elements ``(G,)`` to matrices ``(G, dim, dim)``.
    """
    pairs = list(zip(source(group.generators()), target(group.generators()), strict=True))
    if group.rotations is None:
        pairs.append((_derivative(source), _derivative(target)))
    identity = Elements.rotations(torch.zeros(1, dtype=torch.float64))
    dim_source, dim_target = source(identity).shape[-1], target(identity).shape[-1]
    equations = [torch.zeros(0, dim_target * dim_source, dtype=torch.float64)]
    one_source, one_target = (torch.eye(dim, dtype=torch.float64) for dim in (dim_source, dim_target))
    for rho, sigma in pairs:
        equations.append(torch.kron(one_target, rho.T.contiguous()) - torch.kron(sigma.contiguous(), one_source))
    return _echelon(_null_space(torch.cat(equations))).unflatten(1, (dim_target, dim_source))


def _derivative(action: Action) -> Tensor:
    """Return the derivative of an action by the angle at the identity: f(i h) / i h for h so small that it is exact."""
    step = 1e-20
    return action(Elements.rotations(torch.tensor(1j * step, dtype=torch.complex128))).imag / step


def _null_space(equations: Tensor) -> Tensor:
    """Return an orthonormal basis ``(S, n)`` of the x with ``equations (m, n)`` x = 0."""
    if not equations.numel():
        return torch.eye(equations.shape[1], dtype=equations.dtype)
    _, values, rows = torch.linalg.svd(equations, full_matrices=True)
    return rows[int((values > _TOLERANCE).sum()) :]


def _echelon(rows: Tensor) -> Tensor:
    """Return the reduced row echelon form of independent rows ``(S, n)``; what is an integer is so exactly."""
    rows, done = rows.clone(), 0
    for column in range(rows.shape[1]):
        if done == len(rows):
            break
        best = done + int(rows[done:, column].abs().argmax())
        if rows[best, column].abs() < _TOLERANCE:
            continue
        rows[[done, best]] = rows[[best, done]]
        rows[done] /= rows[done, column].clone()
        others = torch.arange(len(rows)) != done
        rows[others] -= rows[others, column, None] * rows[done]
        done += 1
    whole = rows.round()
    return torch.where((rows - whole).abs() < _TOLERANCE, whole, rows) + 0.0  # no -0
