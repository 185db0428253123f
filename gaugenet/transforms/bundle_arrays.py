"""A bundle as arrays by the names under which data carries them."""

from __future__ import annotations

import re

import numpy as np
import torch
from torch_geometric.data import Data

from gaugenet.bundle.frame_bundle import Bundle, quadrature_weights
from gaugenet.bundle.levels import Level
from gaugenet.io.mesh_data import MeshData

ADDED = re.compile(
    r"((edge_index|log|transport|flip|weight|stiffness|area|radius|sample_index|pool_(index|transport|flip|weight))_\d+)"
    r"|(eigenvalue|eigenfield)_\d+[eo]?_\d+|singularity|rest|space"
)


def with_bundle(data: Data, bundle: Bundle, reflections: bool = False) -> MeshData:
    """Return the data with a bundle in place of any that it has, where ``pos`` is; its group SO2, or O2."""
    out = data if isinstance(data, MeshData) else MeshData(**data.to_dict())
    for key in [key for key in out.to_dict() if ADDED.fullmatch(key)]:
        del out[key]
    out.group = "O2" if reflections else "SO2"
    for key, value in bundle_arrays(bundle, reflections).items():
        out[key] = torch.from_numpy(np.ascontiguousarray(value)).to(data.pos.device)
    stages = [bundle.edges, *(level.edges for level in bundle.levels)]
    out.max_degree = [int(np.bincount(edges.index[1], minlength=1).max(initial=1)) for edges in stages]
    out.level_sizes = [len(out.pos), *(len(level.area) for level in bundle.levels)]
    return out


def bundle_arrays(bundle: Bundle, reflections: bool) -> dict[str, np.ndarray]:
    """Return what a bundle adds to its data; whether transport reflects where the group has reflections."""
    added = {"frame": bundle.frame}
    stages: list[Bundle | Level] = [bundle, *bundle.levels]
    for number, stage in enumerate(stages):
        edges, area = stage.edges, stage.area
        added |= {
            f"edge_index_{number}": edges.index,
            f"log_{number}": edges.log,
            f"transport_{number}": edges.transport,
            f"weight_{number}": quadrature_weights(edges, area),
            f"area_{number}": area,
            f"stiffness_{number}": stage.stiffness,
            f"radius_{number}": np.array([stage.radius]),
        }
        if reflections:
            added[f"flip_{number}"] = np.zeros(len(edges.log), dtype=bool) if edges.flip is None else edges.flip
    for number, level in enumerate(bundle.levels, start=1):
        pooling = level.pooling
        added |= {
            f"sample_index_{number}": level.sample,
            f"pool_index_{number}": pooling.index,
            f"pool_transport_{number}": pooling.transport,
            f"pool_weight_{number}": pooling.weight,
        }
        if reflections:
            none = np.zeros(len(pooling.weight), dtype=bool)
            added[f"pool_flip_{number}"] = none if pooling.flip is None else pooling.flip
    return added
