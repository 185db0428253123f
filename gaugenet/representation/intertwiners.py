"""Equivariant linear maps between two representations: the solver behind kernels, layers and decompositions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaugenet.group import Elements, Group

Action = Callable[[Elements], Tensor]

_TOLERANCE = 1e-9  # for rank decisions; all matrix entries here are of order 1


def intertwiners(source: Action, target: Action, group: Group) -> Tensor:
    """Return a basis of the linear maps T with T rho(g) = sigma(g) T for all g of a group.

    The equations are imposed for generators g and, if rotations are continuous, for the derivative at the identity,
    T rho' = sigma' T. The basis is the reduced row echelon form of their null space, which makes it unique. Between
    irreps all its entries are 0, 1 or -1.

    Args:
        source: The representation rho, from elements ``(G,)`` to matrices ``(G, dim_source, dim_source)``.
        target: The representation sigma, from elements ``(G,)`` to matrices ``(G, dim_target, dim_target)``.
        group: Structure group.

    Returns:
        Maps ``(S, dim_target, dim_source)``, float64.
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
    """Return the derivative of an action by the angle at the identity, as Im f(i h) / h with negligible h."""
    step = 1e-20
    return action(Elements.rotations(torch.tensor(1j * step, dtype=torch.complex128))).imag / step


def _null_space(equations: Tensor) -> Tensor:
    """Return an orthonormal basis ``(S, n)`` of the x with ``equations (m, n)`` x = 0."""
    if not equations.numel():
        return torch.eye(equations.shape[1], dtype=equations.dtype)
    _, values, rows = torch.linalg.svd(equations, full_matrices=True)
    return rows[int((values > _TOLERANCE).sum()) :]


def _echelon(rows: Tensor) -> Tensor:
    """Return the reduced row echelon form of independent rows ``(S, n)``; entries near an integer are rounded to it."""
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
