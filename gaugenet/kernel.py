"""The kernel space: which angular profiles an SO(2)-equivariant kernel may have, and the radial profiles."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Harmonic:
    """One complex degree of freedom of a kernel from order n to order m.

    It multiplies the moment P = sum_j w_ij b(r_ij) exp(i k theta_ij) u(j), u the order-n feature carried to i, which
    turns with order n + k; where that is -m the kernel uses conj P.

    Attributes:
        frequency: k. conjugate: whether P or conj P has order m.
    """

    frequency: int
    conjugate: bool


def harmonics(order_in: int, order_out: int) -> tuple[Harmonic, ...]:
    """Return the solutions of the kernel constraint kappa(R v) = rho_out(R) kappa(v) rho_in(R)^-1 for SO(2).

    k = m - n, and k = -(m + n) conjugated; the two coincide where an order is 0. Counting real parameters a radial
    profile gives 1, 2, 2, 4 for the pairs 0-0, 0-m, n-0, n-m (de Haan et al. 2021, table 1).
    """
    first = Harmonic(order_out - order_in, False)
    if order_in == 0 or order_out == 0:
        return (first,)
    return first, Harmonic(-(order_out + order_in), True)


def kernel_basis(order_in: int, order_out: int, theta: Tensor) -> Tensor:
    """Return a basis of the kernels kappa(theta) as real matrices ``(..., basis, size_out, size_in)``.

    Args:
        theta: ``(...)`` angles [rad].
    """
    size_in, size_out = min(order_in, 1) + 1, min(order_out, 1) + 1
    basis = []
    for harmonic in harmonics(order_in, order_out):
        cos, sin = torch.cos(harmonic.frequency * theta), torch.sin(harmonic.frequency * theta)
        product = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
        if harmonic.conjugate:
            product = product * product.new_tensor([[1.0], [-1.0]])
        quarter = torch.stack([-product[..., 1, :], product[..., 0, :]], -2)  # i P
        if order_out == 0:
            basis.append(product[..., :1, :size_in])
            if order_in > 0:
                basis.append(product[..., 1:, :size_in])
        else:
            basis += [product[..., :size_out, :size_in], quarter[..., :size_out, :size_in]]
    return torch.stack(basis, dim=-3)


def radial_profiles(ratio: Tensor, count: int) -> Tensor:
    """Return the radial profiles b_0 .. b_{count-1} at ``ratio (...)`` = r / R as ``(..., count)``.

    Hats in the square of the ratio, centred on the middles of ``count`` rings of equal area; constant inside the first
    centre and outside the last. They sum to 1, so that a constant field stays constant under equal weights.
    """
    place = (count * ratio.square() - 0.5).clamp(0.0, count - 1.0)
    centre = torch.arange(count, dtype=ratio.dtype, device=ratio.device)
    return (1.0 - (place[..., None] - centre).abs()).clamp_min(0.0)
