"""Slow, obvious twins of what happens on the sphere: fields as functions of frames, summed up harmonic by harmonic."""

import math

import torch

from gaugenet.representation import Representation
from gaugenet.so3 import real_basis, rotation_from_euler, wigner_D
from gaugenet.sphere import band_limit_of, degrees, rows_of_degree, so3_representation


def frames_at(point):
    """Return the rotations Rz(phi) Ry(theta) that carry the north pole and its frame to points ``(V, 3)``."""
    theta, phi = torch.atan2(point[:, :2].norm(dim=1), point[:, 2]), torch.atan2(point[:, 1], point[:, 0])
    return rotation_from_euler(phi, theta, torch.zeros_like(phi))


def field_at(coefficients, rep, frame):
    """Return the field ``(..., V, dim)`` with coefficients ``(..., L^2, dim)`` in frames ``(V, 3, 3)``.

    z(g) = sum_l sum_m (a + i b)_lm N_l conj D^l_(m,-n)(g), a and b complex coefficients of real functions.
    """
    rep = Representation(rep)
    parts = []
    for block, part in zip(rep, rep.split(coefficients), strict=True):
        a, b = part.unflatten(-1, (block.size, -1)).unbind(-2) if block.size == 2 else (part, torch.zeros_like(part))
        z = 0.0
        for l in range(block.order, band_limit_of(coefficients)):
            U, rows = real_basis(l).T, rows_of_degree(l)
            plus = U @ a[..., rows, :].to(U.dtype) + 1j * (U @ b[..., rows, :].to(U.dtype))
            harmonic = math.sqrt((2 * l + 1) / (4 * math.pi)) * wigner_D(l, frame)[..., l - block.order].conj()
            z = z + harmonic @ plus
        parts += [z.real] if block.size == 1 else [z.real, z.imag]
    return torch.cat(parts, dim=-1)


def random_coefficients(rep, band_limit, *batch, seed=0):
    """Return normal coefficients ``(*batch, L^2, dim)``, 0 in degrees that orders do not have."""
    rep = Representation(rep)
    generator = torch.Generator().manual_seed(seed)
    found = torch.randn(*batch, band_limit**2, rep.dim, generator=generator, dtype=torch.float64)
    for block in rep:
        found[..., degrees(band_limit) < block.order, block.columns] = 0.0
    return found


def function_at(coefficients, band_limit, channels, rotation):
    """Return functions on SO(3) at rotations ``(..., 3, 3)``: f(g) = Re of the sum of the fields of all orders."""
    rep = so3_representation(band_limit, channels)
    fields = field_at(coefficients, rep, rotation.flatten(0, -3))
    return sum(part[..., :channels] for part in rep.split(fields)).unflatten(-2, rotation.shape[:-2])


def rotations_of(grid):
    """Return the rotations s(x) Rz(gamma) ``(V, 2 L, 3, 3)`` at which ``SO3Transform`` has functions."""
    gamma = torch.arange(grid.columns, dtype=torch.float64) * math.pi / grid.band_limit
    phi, theta = grid.longitude[None, :, None], grid.colatitude[:, None, None]
    return rotation_from_euler(phi, theta, gamma).flatten(0, 1)
