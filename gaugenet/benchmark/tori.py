"""Tori, and what geodesics on them are, integrated from their equation."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from gaugenet.benchmark.spheres import degrees, tangent_frame
from gaugenet.io.mesh_data import MeshData

MAJOR, MINOR = 1.0, 0.4
STEPS = 16


def torus(vertices: int) -> MeshData:
    """Return a torus of about so many vertices, twice as many around as across."""
    across = max(4, round(math.sqrt(vertices / 2)))
    around = 2 * across
    u, v = (axis.ravel() for axis in np.meshgrid(np.arange(around), np.arange(across), indexing="ij"))
    phi, psi = 2 * np.pi * u / around, 2 * np.pi * v / across
    ring = MAJOR + MINOR * np.cos(psi)
    pos = np.stack([ring * np.cos(phi), ring * np.sin(phi), MINOR * np.sin(psi)], axis=1)
    corner = [(u + i) % around * across + (v + j) % across for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    face = np.concatenate([np.stack([corner[0], corner[k], corner[k + 1]]) for k in (1, 2)], axis=1)
    return MeshData(pos=torch.from_numpy(pos), face=torch.from_numpy(face))


def errors_on_torus(data: MeshData) -> dict[str, float]:
    """Return mean errors of the log maps and transports of level 0 of a bundle on the torus.

    The geodesic that starts as the log map says should end at the neighbour; what it misses it by along the geodesic is
    the ``radial_error``, relative to the distance, across it the ``angle_error`` in degrees. A vector at the angle of
    the transport, carried along, should end as e1 of the neighbour: ``transport_error`` in degrees.
    """
    source, target = data.edge_index_0
    e1, e2 = tangent_frame(_normal(data.pos), data.frame[:, 0])

    def at_angle(angle: Tensor) -> Tensor:
        return torch.cos(angle)[:, None] * e1[target] + torch.sin(angle)[:, None] * e2[target]

    radius = data.log_0[:, 0]
    state = torch.stack([data.pos[target], at_angle(data.log_0[:, 1]), at_angle(data.transport_0)])
    step = (radius / STEPS)[:, None]
    for _ in range(STEPS):  # Runge-Kutta of order 4
        k1 = _derivative(state)
        k2 = _derivative(state + 0.5 * step * k1)
        k3 = _derivative(state + 0.5 * step * k2)
        k4 = _derivative(state + step * k3)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    end, along, carried = state
    missed = data.pos[source] - end
    across = torch.linalg.cross(_normal(end), along)
    turned = torch.atan2((carried * e2[source]).sum(1), (carried * e1[source]).sum(1))
    return {
        "radial_error": float(((missed * along).sum(1).abs() / radius).mean()),
        "angle_error": degrees((missed * across).sum(1) / radius),
        "transport_error": degrees(turned),
    }


def _normal(pos: Tensor) -> Tensor:
    ring = pos * pos.new_tensor([1.0, 1.0, 0.0])
    return (pos - MAJOR * ring / ring.norm(dim=1, keepdim=True)) / MINOR


def _derivative(state: Tensor) -> Tensor:
    """Return the derivatives of a geodesic, its tangent and a parallel vector, which change along the normal alone."""
    pos, along, carried = state
    flat = pos.new_tensor([1.0, 1.0, 0.0])
    ring, moving = pos * flat, along * flat
    size = ring.norm(dim=1, keepdim=True)
    centre = MAJOR * (moving / size - ring * (ring * moving).sum(1, keepdim=True) / size**3)
    turning = (along - centre) / MINOR  # derivative of the normal
    normal = _normal(pos)
    change = [-(vector * turning).sum(1, keepdim=True) * normal for vector in (along, carried)]
    return torch.stack([along, *change])
