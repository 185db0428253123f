"""What transforms that add a bundle share: from a surface to the tensors of its bundle."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.bundle.bundle import Bundle, BundleSettings, Stage, build_bundle, quadrature_weights
from gaugenet.io.mesh_data import MeshData
from gaugenet.surface.surface import Surface

_ADDED = re.compile(
    r"((edge_index|log|transport|flip|weight|stiffness|area|radius|sample_index|pool_(index|transport|flip|weight))_\d+)"
    r"|(eigenvalue|eigenfield)_\d+[eo]?_\d+|singularity|rest|space"
)


class BundleTransform(BaseTransform):
    """Add the bundle of a surface to data.

    Args:
        settings: Sizes of neighbourhoods and levels.
        reflections: Whether frames may be reflected, and transport may reflect: adds ``flip_l`` and ``pool_flip_l``.
    """

    __call__: Callable[..., MeshData]

    def __init__(self, settings: BundleSettings, reflections: bool = False) -> None:
        self.settings, self.reflections = settings, reflections

    @abstractmethod
    def surface(self, data: Data) -> Surface:
        """Return the surface of data.

        Args:
            data: With ``pos (V, 3)``.

        Raises:
            ValueError: For data without such a surface.
        """

    def forward(self, data: Data) -> MeshData:
        """Add the bundle to data in place of any other one, on the device of ``pos``; its group is SO2, or O2.

        Args:
            data: With ``pos (V, 3)``; it is changed. Calling the transform changes a shallow copy.
        """
        if data.pos is None:
            raise ValueError(
                f"{type(self).__name__} needs pos (V, 3), got none: read a mesh with gaugenet.read_mesh, or embed "
                "points of a space with space.embed"
            )
        out = data if isinstance(data, MeshData) else MeshData(**data.to_dict())
        bundle = build_bundle(self.surface(out), self.settings)
        for key in [key for key in out.to_dict() if _ADDED.fullmatch(key)]:
            del out[key]
        out.group = "O2" if self.reflections else "SO2"
        for key, value in _arrays(bundle, self.reflections).items():
            out[key] = torch.from_numpy(np.ascontiguousarray(value)).to(out.pos.device)
        stages = [bundle.edges, *(level.edges for level in bundle.levels)]
        out.max_degree = [int(np.bincount(edges.index[1], minlength=1).max(initial=1)) for edges in stages]
        out.level_sizes = [len(out.pos), *(len(level.area) for level in bundle.levels)]
        return out


def _arrays(bundle: Bundle, reflections: bool) -> dict[str, np.ndarray]:
    """Return the arrays of a bundle by their keys in data."""
    added = {"frame": bundle.frame}
    stages: list[Bundle | Stage] = [bundle, *bundle.levels]
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
