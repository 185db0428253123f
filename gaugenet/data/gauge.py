"""Changes of gauge: the same bundle written in other frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.representation import Representation


def change_gauge(data: Data, angle: Tensor, fields: Mapping[str, Representation | str] | None = None) -> Any:
    """Return a copy of a bundle in frames turned counter-clockwise by ``angle`` at each vertex.

    x_i -> rho(-a_i) x_i, theta_ij -> theta_ij - a_i, transport_ij -> transport_ij + a_j - a_i, on all levels: a coarser
    level uses the frames of its sample vertices. Geometry does not change, only its coordinates.

    Args:
        data: made by ``FrameBundle``, single or batched.
        angle: ``(V,)`` [rad], one a vertex of the mesh.
        fields: representations of the features to rewrite, such as ``{"x": "18x0 + 1x2"}``; by default ``x`` with the
            representation that ``InputFields`` recorded in ``x_rep``.

    Raises:
        ValueError: where there is no bundle, or ``angle`` has the wrong shape.
    """
    if getattr(data, "frame", None) is None:
        raise ValueError("change_gauge needs a bundle (no frame): apply gaugenet.FrameBundle first")
    if angle.shape != (data.frame.shape[0],):
        raise ValueError(f"angle must have shape ({data.frame.shape[0]},), one a vertex, got {tuple(angle.shape)}")
    out = data.clone()
    cos, sin = torch.cos(angle)[:, None], torch.sin(angle)[:, None]
    e1, e2, normal = data.frame.unbind(1)
    out.frame = torch.stack([cos * e1 + sin * e2, cos * e2 - sin * e1, normal], dim=1)
    finer = angle
    level = 0
    while f"edge_index_{level}" in data:
        here = angle if level == 0 else angle[data[f"sample_index_{level}"]]
        source, target = data[f"edge_index_{level}"]
        log = data[f"log_{level}"]
        out[f"log_{level}"] = torch.stack([log[:, 0], log[:, 1] - here[target]], dim=1)
        out[f"transport_{level}"] = data[f"transport_{level}"] + here[source] - here[target]
        if level > 0:
            fine, coarse = data[f"pool_index_{level}"]
            out[f"pool_transport_{level}"] = data[f"pool_transport_{level}"] + finer[fine] - here[coarse]
        finer = here
        level += 1
    for key, rep in (fields if fields is not None else _recorded(data)).items():
        out[key] = Representation(rep).act(data[key], -angle)
    return out


def _recorded(data: Data) -> dict[str, str]:
    rep = getattr(data, "x_rep", None)
    if rep is None:
        return {}
    return {"x": rep if isinstance(rep, str) else rep[0]}  # a batch lists the strings of its meshes
