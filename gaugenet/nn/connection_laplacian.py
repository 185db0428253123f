"""The connection Laplacian of a level as an operator on features, and the implicit step of diffusion by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gaugenet.group import Elements, Group, Irrep
from gaugenet.nn.convolution.padding import Padding
from gaugenet.nn.precision import without_autocast
from gaugenet.nn.shapes import Shapes


class HeatSystem(NamedTuple):
    """The matrices M and L of an implicit step (M + t L) y = M x on a level.

    Attributes:
        neighbour: ``(V, K)`` padded lists of neighbours.
        coupling: ``(V, d, K * d)`` blocks s_ij rho(g_ij).
        degree: ``(V,)`` sums of s.
        mass: ``(V,)`` >= 0, and 0 where a vertex has neighbours and no area.
        number: ``(V,)`` the shape of each vertex, empty for a single shape.
    """

    neighbour: Tensor
    coupling: Tensor
    degree: Tensor
    mass: Tensor
    number: Tensor


class ConnectionLaplacian:
    """The Laplacian L u(i) = sum_j s_ij (u(i) - rho(g_ij) u(j)) of every irrep, symmetric in the plain inner product.

    s_ij = s_ji are the stiffness weights of the bundle, g the transport; M^-1 L with M = diag(area) is the operator of
    the surface. Everything is relative to the area of the shape that a vertex belongs to: areas are shares of it, and
    L has no dimension.

    Args:
        edge_index: ``(2, E)`` sources j and targets i, sorted by target.
        transport: ``(E,)`` transport of the edges, from j to i.
        stiffness: ``(E,)`` weights s_ij.
        shapes: Shapes that the vertices belong to.
        group: Structure group of the transport.
        width: Largest number K of edges of a vertex.
    """

    def __init__(
        self, edge_index: Tensor, transport: Elements, stiffness: Tensor, shapes: Shapes, group: Group, width: int
    ) -> None:
        source, target = edge_index
        self.shapes, self.group = shapes, group
        self._transport, self._stiffness = transport, stiffness
        self._padding = Padding(target, shapes.num_vertices, width)
        self._neighbour = self._padding(source)
        self._degree = stiffness.new_zeros(shapes.num_vertices).index_add_(0, target, stiffness)
        self._cache: dict[tuple[int, str, int, torch.dtype], HeatSystem] = {}

    def system(self, irrep: Irrep, dtype: torch.dtype) -> HeatSystem:
        """Return the Laplacian of an irrep, areas and shapes as ``heat_solve`` takes them.

        Args:
            irrep: The irrep.
            dtype: Precision of the numbers.

        Returns:
            The system, built once.
        """
        key = (irrep.order, irrep.parity, irrep.size, dtype)
        if key not in self._cache:
            rho = irrep.matrix(self._transport) * self._stiffness[:, None, None]
            coupling = self._padding(rho.to(dtype)).transpose(1, 2).flatten(2)
            # A vertex with neither area nor neighbours keeps its features, whatever its mass.
            mass = torch.where(self.shapes.share + self._degree > 0, self.shapes.share, 1.0)
            number = self._neighbour.new_empty(0) if self.shapes.number is None else self.shapes.number
            lists = (self._neighbour, coupling, self._degree.to(dtype), mass.to(dtype), number)
            self._cache[key] = HeatSystem(*lists)
        return self._cache[key]


def heat_solve(x: Tensor, time: Tensor, system: HeatSystem, shapes: int, steps: int) -> Tensor:
    """Solve (M + t_c L) y_c = M x_c by conjugate gradients with a diagonal preconditioner, as one operator of PyTorch.

    All copies are solved for at once; each has coefficients of its own on each shape. The number of iterations is
    fixed, so that nothing is read back from a device; a converged iteration stays where it is. It starts from x: on
    constants L vanishes, and they stay to the last bit.

    As M + t L is symmetric, the gradient is a solution with the same matrix, found in the same way: with w that of
    (M + t L) w = dy it is M w for x, and -<w, L y> for t. It cannot be differentiated again, nor with respect to the
    geometry.

    Args:
        x: Features, ``(V, d, C)``.
        time: ``(C,)`` t >= 0, and t > 0 if a mass is 0.
        system: Matrices of the level and irrep.
        shapes: Number of shapes.
        steps: Number of iterations.

    Returns:
        y, ``(V, d, C)``.
    """
    return _heat_solve(x, time, list(system), shapes, steps)


def _laplacian(u: Tensor, system: HeatSystem) -> Tensor:
    gathered = u.index_select(0, system.neighbour.flatten()).view(u.shape[0], -1, u.shape[2])
    return torch.baddbmm(system.degree[:, None, None] * u, system.coupling, gathered, alpha=-1)


def _conjugate_gradients(y: Tensor, right: Tensor, time: Tensor, system: HeatSystem, shapes: int, steps: int) -> Tensor:
    """Return the solution of (M + t L) y = right, from the first guess y."""
    degree, mass, number = system.degree, system.mass, system.number

    def apply(u: Tensor) -> Tensor:
        return mass[:, None, None] * u + time * _laplacian(u, system)

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
def _heat_solve(x: Tensor, time: Tensor, system: Sequence[Tensor], shapes: int, steps: int) -> Tensor:
    matrices = HeatSystem(*system)
    with without_autocast(x):
        return _conjugate_gradients(x, matrices.mass[:, None, None] * x, time, matrices, shapes, steps)


@_heat_solve.register_fake
def _(x, time, system, shapes, steps):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape)


@torch.library.custom_op("gaugenet::heat_solve_backward", mutates_args=())
def _heat_solve_backward(
    gradient: Tensor, y: Tensor, time: Tensor, system: Sequence[Tensor], shapes: int, steps: int
) -> list[Tensor]:
    matrices = HeatSystem(*system)
    with without_autocast(y):  # a backward pass may run under it
        guess = gradient / (matrices.mass[:, None] + time * matrices.degree[:, None])[:, None]
        w = _conjugate_gradients(guess, gradient, time, matrices, shapes, steps)
        return [matrices.mass[:, None, None] * w, -(w * _laplacian(y, matrices)).sum((0, 1))]


@_heat_solve_backward.register_fake
def _(gradient, y, time, system, shapes, steps):  # type: ignore[no-untyped-def]
    return [gradient.new_empty(y.shape), time.new_empty(time.shape)]


def _setup_context(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    _, time, system, ctx.shapes, ctx.steps = inputs
    ctx.save_for_backward(output, time, *system)


def _backward(ctx, gradient):  # type: ignore[no-untyped-def]
    y, time, *system = ctx.saved_tensors
    x_gradient, time_gradient = _heat_solve_backward(gradient, y, time, system, ctx.shapes, ctx.steps)
    return x_gradient, time_gradient, [None] * len(system), None, None


_heat_solve.register_autograd(_backward, setup_context=_setup_context)
