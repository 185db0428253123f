"""Rotations of space: matrices, Euler angles and unit quaternions.

Rotations are active, right-handed and act on column vectors; composing two is the product of their matrices.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rotation_from_euler(alpha: Tensor, beta: Tensor, gamma: Tensor) -> Tensor:
    """Return the rotations Rz(alpha) Ry(beta) Rz(gamma).

    The third column is the point at polar angle beta and azimuth alpha (Varshalovich et al. 1988, section 1.4).

    Args:
        alpha: ``(...)`` [rad]; the shapes of all angles broadcast.
        beta: ``(...)`` [rad].
        gamma: ``(...)`` [rad].

    Returns:
        Matrices ``(..., 3, 3)``.

    Raises:
        ValueError: If the angles are not real.
    """
    for name, angle in (("alpha", alpha), ("beta", beta), ("gamma", gamma)):
        check_real(angle, f"angles {name}")
    alpha, beta, gamma = torch.broadcast_tensors(alpha, beta, gamma)
    a, b, c = alpha.cos(), beta.cos(), gamma.cos()
    A, B, C = alpha.sin(), beta.sin(), gamma.sin()
    rows = [[a * b * c - A * C, -a * b * C - A * c, a * B], [A * b * c + a * C, a * c - A * b * C, A * B]]
    return torch.stack([torch.stack(row, -1) for row in (*rows, [-B * c, B * C, b])], -2)


def euler_from_rotation(rotation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return Euler angles with R = Rz(alpha) Ry(beta) Rz(gamma).

    Where sin(beta) is 0 up to rounding, only alpha + gamma (beta = 0) or alpha - gamma (beta = pi) is determined, and
    alpha is set to 0. The three angles reproduce R to rounding everywhere. They are differentiable except at these two
    beta, where alpha and beta have gradient 0.

    Args:
        rotation: Matrices ``(..., 3, 3)``.

    Returns:
        alpha, beta and gamma ``(...)`` [rad]; beta in [0, pi], the others in [-pi, pi].

    Raises:
        ValueError: If the shape is wrong or the matrices are not real.
    """
    check_real(rotation, "rotation matrices", 3, 3)
    x, y, z = rotation[..., :, 2].unbind(-1)
    pole = torch.maximum(x.abs(), y.abs()) <= 4 * torch.finfo(rotation.dtype).eps
    alpha = torch.atan2(y.masked_fill(pole, 0.0), x.masked_fill(pole, 1.0))
    cos, sin = alpha.cos(), alpha.sin()
    beta = torch.atan2((cos * x + sin * y).masked_fill(pole, 0.0), z)
    # The middle row of Rz(-alpha) R = Ry(beta) Rz(gamma) is (sin gamma, cos gamma, 0). Taken from the last row of R
    # instead, gamma would have an error at small beta that the error of alpha does not cancel.
    row = cos[..., None] * rotation[..., 1, :2] - sin[..., None] * rotation[..., 0, :2]
    return alpha, beta, torch.atan2(row[..., 0], row[..., 1])


def rotation_from_quaternion(quaternion: Tensor) -> Tensor:
    """Return the rotations v -> q v q^-1 of quaternions.

    Args:
        quaternion: ``(..., 4)``, w, x, y, z of any length except 0, which gives NaN; q and -q are the same rotation.

    Returns:
        Matrices ``(..., 3, 3)``.

    Raises:
        ValueError: If the shape is wrong or the quaternions are not real.
    """
    check_real(quaternion, "quaternions", 4)
    w, x, y, z = (quaternion / quaternion.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def quaternion_from_rotation(rotation: Tensor) -> Tensor:
    """Return the unit quaternions of rotations.

    For a half turn (w = 0) the largest component is positive. Differentiable except there, where the sign jumps.

    Args:
        rotation: Matrices ``(..., 3, 3)``.

    Returns:
        Quaternions ``(..., 4)``, w, x, y, z with w >= 0.

    Raises:
        ValueError: If the shape is wrong or the matrices are not real.
    """
    check_real(rotation, "rotation matrices", 3, 3)
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotation.unbind(-2))
    # This is the matrix 4 q q^T. Its row with the largest diagonal entry, at least 1, gives q without loss of digits.
    rows = [
        [1 + a + e + i, h - f, c - g, d - b],
        [h - f, 1 + a - e - i, b + d, c + g],
        [c - g, b + d, 1 - a + e - i, f + h],
        [d - b, c + g, f + h, 1 - a - e + i],
    ]
    outer = torch.stack([torch.stack(row, -1) for row in rows], -2)
    best = outer.diagonal(dim1=-2, dim2=-1).argmax(-1)[..., None, None].expand(*outer.shape[:-2], 1, 4)
    row = outer.gather(-2, best).squeeze(-2)
    row = torch.where(row[..., :1] < 0, -row, row)
    return row / row.norm(dim=-1, keepdim=True)


def random_rotation(
    count: int,
    generator: torch.Generator | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return independent random rotations, distributed by the Haar measure (quaternions uniform on S^3).

    Args:
        count: Number of rotations.
        generator: Source of randomness.
        dtype: Precision of the result.
        device: Device of the result.

    Returns:
        Matrices ``(count, 3, 3)``.

    Raises:
        ValueError: If ``count`` is negative.
    """
    if count < 0:
        raise ValueError(f"expected a count >= 0, got {count}: it is the number of rotations to draw")
    return rotation_from_quaternion(torch.randn(count, 4, generator=generator, dtype=dtype, device=device))


def check_real(value: Tensor, name: str, *shape: int) -> None:
    """Check that a tensor is real and has the expected last dimensions.

    Args:
        value: Tensor to check.
        name: What the tensor holds, for the message.
        *shape: Expected last dimensions.

    Raises:
        ValueError: If they differ, or the tensor is not floating point.
    """
    if not value.is_floating_point():
        raise ValueError(f"expected real {name}, got {value.dtype}: convert them with .double()")
    if shape and tuple(value.shape[-len(shape) :]) != shape:
        wanted = ", ".join(map(str, shape))
        raise ValueError(
            f"expected {name} (..., {wanted}), got {tuple(value.shape)}: reshape them, leading dimensions are free"
        )
