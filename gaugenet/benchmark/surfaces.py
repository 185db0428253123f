"""Spheres and tori of many sizes, and the errors of frame bundles against their geodesics."""

from __future__ import annotations

import math

import numpy as np
import torch
import trimesh
from torch import Tensor

from gaugenet.io import MeshData

MAJOR, MINOR = 1.0, 0.4
STEPS = 16


def sphere(vertices: int) -> MeshData:
    """Return a unit icosphere.

    Args:
        vertices: Number of vertices; the size 10 * 4^k + 2 nearest in ratio is taken.
    """
    subdivisions = max(0, round(math.log(max(vertices - 2, 10) / 10, 4)))
    mesh = trimesh.creation.icosphere(subdivisions)
    return MeshData(pos=torch.from_numpy(np.array(mesh.vertices)), face=torch.from_numpy(np.array(mesh.faces.T)))


def torus(vertices: int) -> MeshData:
    """Return a torus with twice as many vertices around as across.

    Args:
        vertices: Approximate number of vertices.
    """
    across = max(4, round(math.sqrt(vertices / 2)))
    around = 2 * across
    u, v = (axis.ravel() for axis in np.meshgrid(np.arange(around), np.arange(across), indexing="ij"))
    phi, psi = 2 * np.pi * u / around, 2 * np.pi * v / across
    ring = MAJOR + MINOR * np.cos(psi)
    pos = np.stack([ring * np.cos(phi), ring * np.sin(phi), MINOR * np.sin(psi)], axis=1)
    corner = [(u + i) % around * across + (v + j) % across for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    face = np.concatenate([np.stack([corner[0], corner[k], corner[k + 1]]) for k in (1, 2)], axis=1)
    return MeshData(pos=torch.from_numpy(pos), face=torch.from_numpy(face))


def errors_on_sphere(data: MeshData) -> dict[str, float]:
    """Return mean errors of the log maps and transports of level 0 of a bundle on the unit sphere.

    On the sphere the log of p_j at p_i points along p_j - (p_i.p_j) p_i, and transport along the great circle is the
    rotation in space that maps p_j to p_i.

    Args:
        data: Mesh with a frame bundle.

    Returns:
        ``radial_error`` relative to the distance, ``angle_error`` and ``transport_error`` in degrees.
    """
    source, target = data.edge_index_0
    start, end = data.pos[target], data.pos[source]
    cosine = (start * end).sum(1).clamp(-1, 1)
    distance = torch.atan2(torch.linalg.cross(start, end).norm(dim=1), cosine)
    # Vertex normals of an icosphere are radial only up to discretisation: project frames on the true tangent planes.
    e1, e2 = tangent_frame(data.pos, data.frame[:, 0])
    toward = end - cosine[:, None] * start
    theta = torch.atan2((toward * e2[target]).sum(1), (toward * e1[target]).sum(1))
    moved = e1[source]
    moved = moved - ((start * moved).sum(1) / (1 + cosine))[:, None] * (start + end)
    transport = torch.atan2((moved * e2[target]).sum(1), (moved * e1[target]).sum(1))
    return {
        "radial_error": float(((data.log_0[:, 0] - distance).abs() / distance).mean()),
        "angle_error": degrees(data.log_0[:, 1] - theta),
        "transport_error": degrees(data.transport_0 - transport),
    }


def errors_on_torus(data: MeshData) -> dict[str, float]:
    """Return mean errors of the log maps and transports of level 0 of a bundle on the torus.

    The geodesic that starts along the log map should end at the neighbour. The miss along the geodesic is the radial
    error, the miss across it the angle error. A vector at the angle of the transport, transported along the geodesic,
    should end as e1 of the neighbour.

    Args:
        data: Mesh with a frame bundle.

    Returns:
        ``radial_error`` relative to the distance, ``angle_error`` and ``transport_error`` in degrees.
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
    end, along, transported = state
    missed = data.pos[source] - end
    across = torch.linalg.cross(_normal(end), along)
    turned = torch.atan2((transported * e2[source]).sum(1), (transported * e1[source]).sum(1))
    return {
        "radial_error": float(((missed * along).sum(1).abs() / radius).mean()),
        "angle_error": degrees((missed * across).sum(1) / radius),
        "transport_error": degrees(turned),
    }


def tangent_frame(normal: Tensor, axis: Tensor) -> tuple[Tensor, Tensor]:
    """Return the frames of planes: e1, an axis projected on the plane, and e2 = normal x e1.

    Args:
        normal: Unit normals ``(V, 3)``.
        axis: Axes ``(V, 3)``.

    Returns:
        Unit vectors e1 and e2 ``(V, 3)``.
    """
    e1 = axis - (axis * normal).sum(1, keepdim=True) * normal
    e1 = e1 / e1.norm(dim=1, keepdim=True)
    return e1, torch.linalg.cross(normal, e1)


def degrees(angle: Tensor) -> float:
    """Return the mean absolute value of angles in degrees, modulo full turns.

    Args:
        angle: Angles [rad].
    """
    return float(torch.rad2deg(torch.remainder(angle + math.pi, 2 * math.pi) - math.pi).abs().mean())


def _normal(pos: Tensor) -> Tensor:
    ring = pos * pos.new_tensor([1.0, 1.0, 0.0])
    return (pos - MAJOR * ring / ring.norm(dim=1, keepdim=True)) / MINOR


def _derivative(state: Tensor) -> Tensor:
    """Return the derivatives of a geodesic, its tangent and a parallel vector, which change only along the normal."""
    pos, along, transported = state
    flat = pos.new_tensor([1.0, 1.0, 0.0])
    ring, moving = pos * flat, along * flat
    size = ring.norm(dim=1, keepdim=True)
    centre = MAJOR * (moving / size - ring * (ring * moving).sum(1, keepdim=True) / size**3)
    turning = (along - centre) / MINOR  # the derivative of the normal
    normal = _normal(pos)
    change = [-(vector * turning).sum(1, keepdim=True) * normal for vector in (along, transported)]
    return torch.stack([along, *change])
