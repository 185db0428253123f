"""A level of a bundle, as layers see it."""

from __future__ import annotations

import copy
import re
from functools import reduce

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.group import Elements, Group
from gaugenet.nn.connection_laplacian import ConnectionLaplacian
from gaugenet.nn.convolution.jet import Jet
from gaugenet.nn.convolution.padding import largest_degree
from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.level_map import LevelMap
from gaugenet.nn.shapes import Shapes
from gaugenet.nn.spectrum import Spectrum

_BUNDLE_KEY = re.compile(r".+_\d+|batch")
_PARTS = (Stencil, Spectrum, ConnectionLaplacian, LevelMap)


class Level:
    """One level of a bundle, single or batched: layers ask it for geometry, which it assembles once and keeps.

    Every layer takes a ``Level``, or data that carry a bundle, which stand for its level 0. The levels of a bundle
    know each other, so that each part of the geometry is built once per forward pass:

        fine = Level(batch)
        x = conv(x, fine)
        x = pool(x, fine.coarser)

    Where a bundle, or a batch of bundles, is used again with other features, data that carry the level save layers
    this work in every pass but the first:

        data = copy.copy(bundle)
        data.x, data.level = features, Level(bundle)

    A level is valid only for the tensors it was built from. A change of gauge or a move to a device makes new tensors,
    and their geometry is recomputed. Do not write to the tensors of a bundle whose level is kept.

    Args:
        data: Bundle made by ``FrameBundle`` or ``HomogeneousBundle``, single or batched. A surface of your own needs
            the same keys: ``edge_index_0``, ``log_0``, ``transport_0``, ``weight_0``, ``radius_0`` and ``area_0`` for
            convolutions.
        number: Number of the level; 0 is the mesh itself.
    """

    def __init__(self, data: Data, number: int = 0) -> None:
        self.number = number
        self._data = data
        self._family: dict[int, Level] = {number: self}
        self._group: Group | None = None
        self._stencil: Stencil | None = None
        self._jets: dict[bool, Jet] = {}
        self._spectrum: Spectrum | None = None
        self._laplacian: ConnectionLaplacian | None = None
        self._map: LevelMap | None = None
        self._shapes: Shapes | None = None

    @staticmethod
    def of(at: Level | Data, number: int = 0) -> Level:
        """Return the level that a layer is given.

        Args:
            at: A level, returned as it is, or data with a bundle. If the data carry a level of this bundle, as
                ``data.level``, its geometry is used.
            number: Number of the level that data stand for.

        Returns:
            The level.

        Raises:
            TypeError: If ``at`` is only a part of a level, such as its stencil.
        """
        if isinstance(at, Level):
            return at
        if isinstance(at, _PARTS):
            raise TypeError(f"expected a Level, or data with a bundle, got a {type(at).__name__}: give Level(data)")
        kept = getattr(at, "level", None) or getattr(at, "geometry", None)
        if isinstance(kept, Level) and _tensors(kept._data) == _tensors(at):
            return kept.at(number)
        return Level(at, number)

    def at(self, number: int) -> Level:
        """Return another level of the same bundle.

        Args:
            number: Number of the level; 0 is the mesh itself.

        Returns:
            The level, the same object each time.
        """
        if number not in self._family:
            level = self._family[number] = Level(self._data, number)
            level._family = self._family
        return self._family[number]

    @property
    def coarser(self) -> Level:
        """The next coarser level."""
        return self.at(self.number + 1)

    @property
    def num_vertices(self) -> int:
        """Number of vertices V_l."""
        return self._tensor("area").shape[0]

    @property
    def device(self) -> torch.device:
        """Device of the bundle."""
        return self._tensor("area").device

    @property
    def group(self) -> Group:
        """Structure group of the bundle.

        Raises:
            ValueError: If the bundles of a batch have different groups.
        """
        if self._group is None:
            named = getattr(self._data, "group", None) or "SO2"
            if not isinstance(named, str):  # a batch has a list with the group of each mesh
                if len(set(named)) > 1:
                    found = ", ".join(sorted(set(named)))
                    raise ValueError(f"a batch needs bundles of one group, got {found}: batch them separately")
                named = named[0]
            self._group = Group(named)
        return self._group

    @property
    def frame(self) -> Tensor:
        """Frames ``(V_l, 3, 3)``: two tangents and the normal of each vertex as rows."""
        frame = getattr(self._data, "frame", None)
        if frame is None:
            raise ValueError("the data have no frames (no frame): apply the transform gaugenet.FrameBundle first")
        return frame if self.number == 0 else frame[self._tensor("sample_index")]

    @property
    def stencil(self) -> Stencil:
        """Neighbours and angular numbers, for convolutions."""
        if self._stencil is None:
            edge_index, radius = self._tensor("edge_index"), self._tensor("radius")
            shape = self._shape_of_vertices()
            self._stencil = Stencil(
                edge_index,
                self._tensor("log"),
                self._tensor("transport"),
                self._tensor("weight"),
                radius if shape is None else radius[shape[edge_index[1]]],
                self.num_vertices,
                self._recorded_degree(),
                self._optional("flip"),
                self.group,
            )
        return self._stencil

    def jet(self, scaled: bool = False) -> Jet:
        """Return the weights of first and second derivatives.

        Args:
            scaled: Whether derivatives are in units of the kernel's radius R, for learned layers; see ``Jet``.

        Returns:
            The jet, built once.
        """
        if scaled not in self._jets:
            self._jets[scaled] = Jet.fit(self.stencil, scaled)
        return self._jets[scaled]

    @property
    def spectrum(self) -> Spectrum:
        """Modes of the connection Laplacian, which ``ConnectionSpectrum`` added."""
        if self._spectrum is None:
            self._spectrum = Spectrum(self._modes, self.shapes, self.group)
        return self._spectrum

    @property
    def laplacian(self) -> ConnectionLaplacian:
        """The connection Laplacian."""
        if self._laplacian is None:
            stiffness, edge_index = self._tensor("stiffness", "Laplacian"), self._tensor("edge_index")
            transport = Elements.of(self._tensor("transport"), self._optional("flip"))
            width = self._recorded_degree()
            width = largest_degree(edge_index, self.num_vertices) if width is None else width
            self._laplacian = ConnectionLaplacian(edge_index, transport, stiffness, self.shapes, self.group, width)
        return self._laplacian

    @property
    def map(self) -> LevelMap:
        """The map between this level and the next finer one, for pooling."""
        if self._map is None:
            what = "map to the next finer level"
            self._map = LevelMap(
                self._tensor("pool_index", what),
                self._tensor("pool_transport", what),
                self._tensor("pool_weight", what),
                self.at(self.number - 1)._tensor("area"),
                self.num_vertices,
                self._optional("pool_flip"),
                self.group,
            )
        return self._map

    @property
    def shapes(self) -> Shapes:
        """The shapes of the batch: which vertices belong to each, and their shares of its area."""
        if self._shapes is None:
            area, shape = self._tensor("area"), self._shape_of_vertices()
            sizes = getattr(self._data, "level_sizes", None)
            if shape is None:
                self._shapes = Shapes(area)
            else:
                each = None if sizes is None else [one[self.number] for one in sizes]
                self._shapes = Shapes(area, shape, self._data.num_graphs, each)
        return self._shapes

    def part(self, rows: slice) -> Level:
        """Return this level as ``Pool`` and ``Unpool`` see it from some of the finer vertices.

        Pooling the parts of a field gives terms that add up to the pooled field; unpooling gives its parts.

        Args:
            rows: Range of the finer vertices, with start and stop.

        Returns:
            A level with the same vertices and a map to those finer vertices only.
        """
        part = copy.copy(self)
        part._map = self.map.part(rows)
        return part

    def _optional(self, name: str) -> Tensor | None:
        return getattr(self._data, f"{name}_{self.number}", None)

    def _tensor(self, name: str, what: str = "bundle") -> Tensor:
        found = self._optional(name)
        if found is None:
            raise ValueError(
                f"the data have no {what} at level {self.number} (no {name}_{self.number}): apply the transform "
                "gaugenet.FrameBundle first, with enough levels"
            )
        return found

    def _modes(self, irrep: str) -> tuple[Tensor, Tensor] | None:
        """Return eigenvalues and eigenfields of an irrep, if the data have them."""
        value, field = (self._optional(f"{name}_{irrep}") for name in ("eigenvalue", "eigenfield"))
        return None if value is None or field is None else (value, field)

    def _shape_of_vertices(self) -> Tensor | None:
        """Return which shape of the batch each vertex belongs to, None for single data."""
        batch = getattr(self._data, "batch", None)
        return batch if batch is None or self.number == 0 else batch[self._tensor("sample_index")]

    def _recorded_degree(self) -> int | None:
        """Return the largest number of neighbours, if the transform recorded it."""
        degrees = getattr(self._data, "max_degree", None)
        if degrees is None:
            return None
        each = degrees if isinstance(degrees[0], list) else [degrees]  # a batch has a list for each mesh
        return reduce(torch.sym_max, [one[self.number] for one in each])  # compiled, max would fix which is largest


def _tensors(data: Data) -> dict[str, int]:
    """Return the identities of the tensors that make up a bundle."""
    return {
        key: id(value)
        for key, value in data.to_dict().items()
        if isinstance(value, Tensor) and _BUNDLE_KEY.fullmatch(key)
    }
