"""Weights of first and second derivatives on the neighbourhoods of a level."""

from __future__ import annotations

import torch
from torch import Tensor

from gaugenet.group import Irrep
from gaugenet.kernel import Wave
from gaugenet.nn.convolution.stencil import Stencil

_THIN = 1e-6  # neighbours whose spread across is below a thousandth of that along lie on a line
_RIDGE, _STEADY_RIDGE, _DOUBLINGS = 2e-3, 2e-2, 4
_STRONGEST = 4.0  # R over the spread of neighbours across: 2 on round discs


class Jet(Stencil):
    """A stencil whose moments are derivatives: where a stencil has w_ij exp(i k theta_ij), this has weights c_k(ij).

    At each vertex i a second-order jet is fitted to a field in geodesic polar coordinates,

        rho(g_ij) u(j) - u(i) ~ g . r_ij + 1/2 r_ij^T H r_ij,    r_ij = log_ij as a vector in the frame of i,

    by least squares with the quadrature weights. Coordinates are normal ones and transport goes along geodesics, so
    that g is the covariant derivative, H the second one, symmetrised. Both are sums over neighbours, the vertex itself
    among them; moments with the frequencies

        0: H_11 + H_22,    1, -1: g_1 + i g_2, g_1 - i g_2,    2, -2: H_11 - H_22 + 2i H_12 and its conjugate

    take the place of those of waves. They turn like waves, so that kernels, adjoints and layers are those of stencils.

    Coordinates are first turned to the principal axes of each neighbourhood and scaled to unit spread along both: thin
    neighbourhoods are fitted like round ones. A derivative across a line of neighbours is 0. Then what g can explain is
    taken out of the quadratic terms, so that linear fields are exact wherever two directions are seen. The 3x3 system
    of H is inverted in the norm H_11^2 + 2 H_12^2 + H_22^2, which no rotation changes, but for what neighbours leave
    open: an eigenvalue s becomes (1 - (e / (s + e))^16)^2 / s with e = 0.002 (1 + trace). That is 1 / s to 1e-8 for
    s > 2.5 e, as on discs of 20 neighbours, at boundaries too, and 0 for s = 0, as with 4 neighbours or fewer.

    In normal coordinates first derivatives are off by O(h^2), second ones by O(h) for edges of length h; they inherit
    the errors of the transport over h and h^2 (docs/layers.md).

    Args:
        parts: Stencils of the frequencies 0, 1 and 2, each with c_k(ij) as its weights and its directions over k.
    """

    def __init__(self, parts: tuple[Stencil, ...]) -> None:
        one = parts[0]
        geometry = one.edge_index, one.log, one.transport, one.weight, one.radius
        super().__init__(*geometry, one.num_vertices, one.width, one.flip, one.group)
        self.parts = parts

    @staticmethod
    def fit(stencil: Stencil, scaled: bool = False) -> Jet:
        """Fit the jet of a stencil.

        Args:
            stencil: Stencil with the edges and weights of the fit.
            scaled: Whether derivatives are in units of the radius R of the kernel: R g and R^2 H, without dimension;
                otherwise [1 / mesh unit] and [1 / mesh unit squared]. Scaled ones are for learned layers, which must
                not get values in the thousands from few or badly placed neighbours: e is ten times as large, and
                derivatives are damped where neighbours spread too little.

        Returns:
            The jet.
        """
        return Jet(_parts(stencil, scaled))

    @property
    def adjoint(self) -> Stencil:
        """The jet of gradients, with every edge reversed."""
        if self._adjoint is None:
            self._adjoint = Jet(tuple(part.adjoint for part in self.parts))
        return self._adjoint

    def edge_operator(
        self, irrep: Irrep, waves: tuple[Wave, ...], profiles: int, dtype: torch.dtype, weighted: bool = True
    ) -> Tensor:
        """Compute the derivatives of features of an irrep as matrices, edge by edge."""
        each = [self.log.new_zeros((len(self.log), irrep.size, 0, profiles), dtype=dtype)]
        for wave in waves:
            one = self.parts[abs(wave.frequency)].edge_operator(irrep, (wave,), profiles, dtype, weighted)
            each.append(one.unflatten(1, (irrep.size, 1, profiles)))
        return torch.cat(each, dim=2).flatten(1)

    def moments(self, z: Tensor, irrep: Irrep, waves: tuple[Wave, ...]) -> Tensor:
        """Return the derivatives of C copies of an irrep that waves stand for.

        One gather and one batched product, which can be differentiated any number of times.

        Args:
            z: Features, ``(V, size * C)``, of at least single precision.
            irrep: Their irrep.
            waves: Waves whose frequencies say which derivatives.

        Returns:
            ``(V, waves, C)``.
        """
        operator = self.operator(irrep, waves, 1, z.dtype, padded=True)
        gathered = z.index_select(0, self.index.flatten())
        return torch.bmm(operator.mT, gathered.view(*operator.shape[:2], z.shape[1] // irrep.size))


def _parts(stencil: Stencil, scaled: bool) -> tuple[Stencil, ...]:
    """Return a stencil for each frequency, with an edge from every vertex to itself."""
    index, log, count = stencil.edge_index, stencil.log, stencil.num_vertices
    radius = stencil.radius.double().clamp_min(torch.finfo(torch.float64).tiny ** 0.5).expand(log.shape[0])
    numbers, axis = jet_weights(index[1], log.double(), radius, stencil.weight.double(), count, scaled)
    if not scaled:
        numbers = numbers / torch.stack([radius.square(), radius, radius, radius.square(), radius.square()], dim=1)
    numbers = torch.cat([numbers, numbers.new_zeros(count, 5).index_add_(0, index[1], -numbers)])
    itself = torch.arange(count, device=index.device)
    index = torch.cat([index, itself.expand(2, -1)], dim=1)
    order = torch.argsort(index[1], stable=True)
    index, numbers = index[:, order], numbers[order]
    transport = torch.cat([stencil.transport, stencil.transport.new_zeros(count)])[order]
    flip = stencil.flip
    flip = None if flip is None else torch.cat([flip, flip.new_zeros(count)])[order]
    width = None if stencil.width is None else stencil.width + 1
    trace, first, second = numbers.split([1, 2, 2], dim=1)
    turn = axis.index_select(0, index[1])
    parts = []
    for frequency, values in enumerate((trace, first, second)):
        size, angle = values[:, 0], turn
        if frequency:
            size, angle = values.norm(dim=1), turn + torch.atan2(values[:, 1], values[:, 0]) / frequency
        log = torch.stack([torch.zeros_like(angle), angle], dim=1)
        edges = (index, log, transport, size, size.new_ones(()))
        parts.append(Stencil(*edges, count, width, flip, stencil.group))
    return tuple(parts)


def jet_weights(
    target: Tensor, log: Tensor, radius: Tensor, weight: Tensor, count: int, steady: bool
) -> tuple[Tensor, Tensor]:
    """Return weights ``(E, 5)`` of R^2 (H_11 + H_22), R g_1, R g_2, R^2 (H_11 - H_22), 2 R^2 H_12, and axes ``(V,)``.

    Components are along an axis of each vertex's own, at the angle [rad] in its frame. See ``Jet``.

    Args:
        target: ``(E,)`` vertices i.
        log: ``(E, 2)`` radius [mesh unit] and angle [rad] of j in the frame of i.
        radius: ``(E,)`` radius R of the kernel [mesh unit].
        weight: ``(E,)`` quadrature weights.
        count: Number of vertices V.
        steady: Whether to damp derivatives that are ill determined, see ``Jet.fit``.

    Returns:
        The weights and the axes.
    """
    tiny = torch.finfo(torch.float64).tiny

    def total(values: Tensor) -> Tensor:
        return values.new_zeros(count, *values.shape[1:]).index_add_(0, target, values)

    share = weight / total(weight).clamp_min(tiny).index_select(0, target)
    ratio, angle = log[:, 0] / radius, log[:, 1]
    double = torch.stack([torch.cos(2 * angle), torch.sin(2 * angle)], dim=1)
    double = total((share * ratio.square())[:, None] * double)
    axis = 0.5 * torch.atan2(double[:, 1], double[:, 0])
    angle = angle - axis.index_select(0, target)
    r = ratio[:, None] * torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    spread = total(share[:, None] * r.square())
    seen = spread > (_THIN * spread.amax(1, keepdim=True)).clamp_min(tiny)
    shrink = torch.where(seen, spread.clamp_min(tiny).rsqrt(), 0.0)
    here = shrink.index_select(0, target)
    r = r * here  # from here on of unit spread
    x, y = r.unbind(1)
    q = torch.stack([0.5 * x * x, 0.5**0.5 * x * y, 0.5 * y * y], dim=1)  # against H_11, sqrt(2) H_12, H_22
    mixed = total(share[:, None, None] * r[:, :, None] * q[:, None, :]).index_select(0, target)
    q = q - (r[:, :, None] * mixed).sum(1)
    matrix = total(share[:, None, None] * q[:, :, None] * q[:, None, :])
    inverse = _inverse(matrix, _STEADY_RIDGE if steady else _RIDGE).index_select(0, target)
    h = share[:, None] * (inverse * q[:, None, :]).sum(2)
    g = share[:, None] * r - (mixed * h[:, None, :]).sum(2)
    if steady:
        here = here * (_STRONGEST / here.amax(1, keepdim=True).clamp_min(tiny)).clamp_max(1.0)
    (a, b), (h_11, h_12, h_22) = here.unbind(1), h.unbind(1)
    h_11, h_12, h_22 = h_11 * a * a, h_12 * a * b * 0.5**0.5, h_22 * b * b
    return torch.stack([h_11 + h_22, g[:, 0] * a, g[:, 1] * b, h_11 - h_22, 2 * h_12], dim=1), axis


def _inverse(matrix: Tensor, ridge: float) -> Tensor:
    """Invert ``(V, 3, 3)`` but for eigenvalues far below the ridge; every step squares what is left over, 1 - F M."""
    trace = matrix.diagonal(dim1=1, dim2=2).sum(1)
    one = torch.eye(3, dtype=matrix.dtype, device=matrix.device)
    inverse = torch.linalg.inv_ex(matrix + (ridge * (1 + trace))[:, None, None] * one).inverse
    for _ in range(_DOUBLINGS):
        inverse = 2 * inverse - inverse @ matrix @ inverse
    return inverse @ matrix @ inverse
