"""The network that predicts a field: tangent vectors, cross fields, symmetric tensors, or any other representation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.comparison import Comparison
from gaugenet.models.vertex_net import VertexNet
from gaugenet.nn.ambient import Project
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.nonlinearity import GatedNonlinearity
from gaugenet.representation import Representation


class TangentFieldNet(VertexNet):
    """Predict a feature field at the vertices of a mesh, by default one tangent vector; equivariant.

    All features of a U-Net go back to the vertices, where a gated pointwise network sees them beside the input fields.
    Components are written in the frames of ``data``; ``vectors`` gives vectors of space.

    Args:
        rep_out: representation of the field, such as "1x1" (tangent vectors), "1x4" (cross fields) or "1x0 + 1x1"
            (vectors of space). settings: of ``SurfaceNet``.
    """

    def __init__(self, rep_out: str = "1x1", **settings: Any) -> None:
        super().__init__(invariant=False, **settings)
        first = self.unet.reps[0]
        self.rep_out = Representation(rep_out, first.group)
        self.config |= {"rep_out": str(self.rep_out)}
        mixed = first + self.rep_in
        gate = GatedNonlinearity(first * 2)
        self.mixed_norm: nn.Module = LayerNorm(mixed)
        self.head = nn.Sequential(Intertwiner(mixed, gate.rep_in), gate, Intertwiner(gate.rep_out, self.rep_out))
        if self.polynomial:
            self.mixed_norm, self.head = nn.Identity(), nn.Sequential(Intertwiner(mixed, self.rep_out))

    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the field ``(V, rep_out.dim)`` from features of the trunk and the input fields."""
        return self.head(self.mixed_norm(torch.cat([y, x], dim=1)))

    def compared(self, data: Data) -> Comparison:
        """Return the field beside ``data.field (V, rep_out.dim)``, written in the frames of the data."""
        target, shape = getattr(data, "field", None), (len(data.pos), self.rep_out.dim)
        if target is None:
            raise ValueError(f"the data has no field {shape} to learn: set data.field")
        if target.shape != shape:
            raise ValueError(
                f"data.field must have shape {shape}, {self.rep_out} at each vertex, got {tuple(target.shape)}"
            )
        return Comparison(self(data), target, "vertex")

    def vectors(self, data: Data) -> Tensor:
        """Return the field as vectors of space ``(V, C, 3)``, of a mesh or of what ``transform`` made of one.

        Raises:
            ValueError: for a field other than C tangent vectors, or C vectors of space.
        """
        project = self._projection()
        if getattr(data, "frame", None) is None:
            data = self.transform(data)
        return project.to(data.frame.device)(self.evaluated(data), data)

    def _projection(self) -> Project:
        rep, group = self.rep_out, self.rep_out.group
        for kind, size in (("tangent", 2), ("vector", 3)):
            project = Project(kind, max(rep.dim // size, 1), group)
            if project.rep_in == rep:
                return project
        one, other = (Project(kind, 1, group).rep_in for kind in ("tangent", "vector"))
        raise ValueError(f"{rep} is no field of vectors: use copies of {one} (tangent vectors) or {other} (of space)")
