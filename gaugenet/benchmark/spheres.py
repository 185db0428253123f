"""Spheres of many sizes, and what geometry is on them in closed form."""

from __future__ import annotations

import math

import numpy as np
import torch
import trimesh

from gaugenet.io.mesh_data import MeshData


def sphere(vertices: int) -> MeshData:
    """Return the unit icosphere whose number of vertices, 10 * 4^k + 2, is nearest to ``vertices`` in ratio."""
    subdivisions = max(0, round(math.log(max(vertices - 2, 10) / 10, 4)))
    mesh = trimesh.creation.icosphere(subdivisions)
    return MeshData(pos=torch.from_numpy(np.array(mesh.vertices)), face=torch.from_numpy(np.array(mesh.faces.T)))


def errors_on_sphere(data: MeshData) -> dict[str, float]:
    """Return mean errors of the log maps and transports of level 0 of a bundle on the unit sphere.

    ``radial_error`` relative to the distance, ``angle_error`` and ``transport_error`` in degrees. On the sphere the log
    of p_j at p_i points along p_j - (p_i.p_j) p_i, and transport along the great circle is the rotation in space that
    takes p_j to p_i.
    """
    source, target = data.edge_index_0
    start, end = data.pos[target], data.pos[source]
    cosine = (start * end).sum(1).clamp(-1, 1)
    distance = torch.atan2(torch.linalg.cross(start, end).norm(dim=1), cosine)
    # The vertex normals of an icosphere are radial up to discretisation; frames are projected on the true planes.
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


def tangent_frame(normal: torch.Tensor, axis: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return unit vectors e1, ``axis`` projected on the planes across ``normal``, and e2 = normal x e1."""
    e1 = axis - (axis * normal).sum(1, keepdim=True) * normal
    e1 = e1 / e1.norm(dim=1, keepdim=True)
    return e1, torch.linalg.cross(normal, e1)


def degrees(angle: torch.Tensor) -> float:
    """Return the mean size of angles [rad] in degrees, full turns aside."""
    return float(torch.rad2deg(torch.remainder(angle + math.pi, 2 * math.pi) - math.pi).abs().mean())
