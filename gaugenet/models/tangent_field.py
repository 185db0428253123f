"""The network that predicts a field: tangent vectors, cross fields, symmetric tensors, or any other representation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor
from torch_geometric.data import Data
from typing_extensions import Unpack

from gaugenet.models.comparison import Comparison
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.network import OLDER, Network
from gaugenet.models.trunk import Trunk
from gaugenet.nn.ambient import Project
from gaugenet.representation import Representation


class TangentFieldNet(Network[Tensor]):
    """Predict a feature field at the vertices of a mesh, by default one tangent vector; equivariant.

    Components are written in the frames of the data; ``vectors`` returns vectors of space.

    Args:
        rep_out: Representation of the field, such as "1x1" (tangent vectors), "1x4" (cross fields) or "1x0 + 1x1"
            (vectors of space).
        trunk: What turns input fields into features, such as ``HarmonicTrunk()``; by default a ``GaugeTrunk``.
        settings: Arguments of ``GaugeTrunk``, by name, where ``trunk`` is not given.
    """

    older: ClassVar[Mapping[str, str]] = {
        "mixed_norm": "readout.head.0",
        "head.0": "readout.head.1",
        "head.2": "readout.head.3",
        **OLDER,
    }

    def __init__(self, rep_out: str = "1x1", *, trunk: Trunk | None = None, **settings: Unpack[GaugeSettings]) -> None:
        super().__init__(self.chosen(trunk, settings))
        self.rep_out = Representation(rep_out, self.trunk.group)
        self.config |= {"rep_out": str(self.rep_out)}
        self.readout = self.trunk.field(self.rep_out)

    def compared(self, data: Data) -> Comparison:
        """Return the field of ``data`` with its target ``field (V, rep_out.dim)``, in the frames of the data."""
        target, shape = getattr(data, "field", None), (len(data.pos), self.rep_out.dim)
        if target is None:
            raise ValueError(f"the data has no field {shape} to learn: set data.field")
        if target.shape != shape:
            raise ValueError(
                f"data.field must have shape {shape}, {self.rep_out} at each vertex, got {tuple(target.shape)}"
            )
        return self.trunk.counted(Comparison(self(data), target, "vertex"))

    def vectors(self, data: Data) -> Tensor:
        """Return the field as vectors of space ``(V, C, 3)``.

        Args:
            data: A shape, or what ``transform`` made of one.

        Raises:
            ValueError: For a field other than C tangent vectors, or C vectors of space.
        """
        project = self._projection()
        data = self.trunk.ready(data)
        return project.to(data.frame.device)(self.evaluated(data), data)

    def _projection(self) -> Project:
        rep, group = self.rep_out, self.rep_out.group
        for kind, size in (("tangent", 2), ("vector", 3)):
            project = Project(kind, max(rep.dim // size, 1), group)
            if project.rep_in == rep:
                return project
        one, other = (Project(kind, 1, group).rep_in for kind in ("tangent", "vector"))
        raise ValueError(f"{rep} is no field of vectors: use copies of {one} (tangent vectors) or {other} (of space)")
