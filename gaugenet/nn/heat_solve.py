"""The solution of an implicit step of diffusion as one operator of PyTorch, with itself as backward pass."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gaugenet.nn.precision import without_autocast


class HeatSystem(NamedTuple):
    """The matrices M and L of an implicit step (M + t L) y = M x on a level.

    Attributes:
        neighbour: ``(V, K)`` padded lists. coupling: ``(V, d, K * d)`` s_ij rho(g_ij). degree: ``(V,)`` sums of s.
        mass: ``(V,)`` >= 0, and 0 where a vertex has neighbours and no area.
        number: ``(V,)`` the shape of each vertex, empty where there is one.
    """

    neighbour: Tensor
    coupling: Tensor
    degree: Tensor
    mass: Tensor
    number: Tensor


def heat_solve(x: Tensor, time: Tensor, system: HeatSystem, shapes: int, steps: int) -> Tensor:
    """Return y ``(V, d, C)`` with (M + t_c L) y_c = M x_c, by conjugate gradients with a diagonal preconditioner.

    All copies are solved for at once, each, on each shape, with coefficients of its own. The number of iterations is
    fixed, so that nothing is read back from a device; one that has converged stays where it is. They start from x: on
    constants L vanishes, and they stay to the last bit.

    As M + t L is symmetric the gradient is a solution with the same matrix, found in the same way: with w that of
    (M + t L) w = dy it is M w for x, and -<w, L y> for t. It cannot be differentiated again, nor with respect to the
    geometry.

    Args:
        x: ``(V, d, C)``. time: ``(C,)``, t >= 0, and t > 0 where a mass is 0.
        geometry: of the level and irrep. shapes: number of shapes. steps: of the iteration.
    """
    return _heat_solve(x, time, *system, shapes, steps)


def _laplacian(u: Tensor, neighbour: Tensor, coupling: Tensor, degree: Tensor) -> Tensor:
    gathered = u.index_select(0, neighbour.flatten()).view(u.shape[0], -1, u.shape[2])
    return torch.baddbmm(degree[:, None, None] * u, coupling, gathered, alpha=-1)


def _conjugate_gradients(y: Tensor, right: Tensor, time: Tensor, system: HeatSystem, shapes: int, steps: int) -> Tensor:
    """Return the solution of (M + t L) y = right, from the first guess y."""
    neighbour, coupling, degree, mass, number = system

    def apply(u: Tensor) -> Tensor:
        return mass[:, None, None] * u + time * _laplacian(u, neighbour, coupling, degree)

    def dot(u: Tensor, v: Tensor) -> Tensor:
        each = (u * v).sum(1)
        if shapes == 1:
            return each.sum(0, keepdim=True)
        return each.new_zeros(shapes, each.shape[1]).index_add_(0, number, each)

    def over(a: Tensor, b: Tensor) -> Tensor:
        quotient = torch.where(b > 0, a / torch.where(b > 0, b, 1.0), 0.0)
        return (quotient if shapes == 1 else quotient.index_select(0, number))[:, None]

    scale = 1.0 / (mass[:, None] + time * degree[:, None])[:, None]
    residual = right - apply(y)
    step = scaled = scale * residual
    size = dot(residual, scaled)
    for _ in range(steps):
        ahead = apply(step)
        length = over(size, dot(step, ahead))
        y = y + length * step
        residual = residual - length * ahead
        scaled = scale * residual
        before, size = size, dot(residual, scaled)
        step = scaled + over(size, before) * step
    return y


@torch.library.custom_op("gaugenet::heat_solve", mutates_args=())
def _heat_solve(
    x: Tensor,
    time: Tensor,
    neighbour: Tensor,
    coupling: Tensor,
    degree: Tensor,
    mass: Tensor,
    number: Tensor,
    shapes: int,
    steps: int,
) -> Tensor:
    system = HeatSystem(neighbour, coupling, degree, mass, number)
    with without_autocast(x):
        return _conjugate_gradients(x, mass[:, None, None] * x, time, system, shapes, steps)


@_heat_solve.register_fake
def _(x, time, neighbour, coupling, degree, mass, number, shapes, steps):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape)


@torch.library.custom_op("gaugenet::heat_solve_backward", mutates_args=())
def _heat_solve_backward(
    gradient: Tensor,
    y: Tensor,
    time: Tensor,
    neighbour: Tensor,
    coupling: Tensor,
    degree: Tensor,
    mass: Tensor,
    number: Tensor,
    shapes: int,
    steps: int,
) -> list[Tensor]:
    system = HeatSystem(neighbour, coupling, degree, mass, number)
    with without_autocast(y):  # a backward pass may run under it
        guess = gradient / (mass[:, None] + time * degree[:, None])[:, None]
        w = _conjugate_gradients(guess, gradient, time, system, shapes, steps)
        return [mass[:, None, None] * w, -(w * _laplacian(y, neighbour, coupling, degree)).sum((0, 1))]


@_heat_solve_backward.register_fake
def _(gradient, y, time, neighbour, coupling, degree, mass, number, shapes, steps):  # type: ignore[no-untyped-def]
    return [gradient.new_empty(y.shape), time.new_empty(time.shape)]


def _setup_context(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, time, *system, ctx.shapes, ctx.steps = inputs
    ctx.save_for_backward(output, time, *system)


def _backward(ctx, gradient):  # type: ignore[no-untyped-def]
    y, time, *system = ctx.saved_tensors
    x_gradient, time_gradient = _heat_solve_backward(gradient, y, time, *system, ctx.shapes, ctx.steps)
    return x_gradient, time_gradient, *[None] * (len(system) + 2)


_heat_solve.register_autograd(_backward, setup_context=_setup_context)
