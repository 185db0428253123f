"""Correspondences of shapes: the network that describes points, and functional maps between two shapes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from typing_extensions import Unpack

from gaugenet.models.comparison import Comparison, compare_labels
from gaugenet.models.gauge_trunk import GaugeSettings
from gaugenet.models.network import Network, evaluating
from gaugenet.models.trunk import Trunk
from gaugenet.nn.structure_group import group_of
from gaugenet.representation import Representation

# Pairs of points whose distances are computed at once.
_PAIRS = 2**24


class CorrespondenceNet(Network[Tensor]):
    """Match vertices with the points of a template, by unit vectors that describe the vertices; invariant.

    Each point of the template has a learned vector; its inner products with the descriptors are the scores ``(V,
    points)`` (direct classification). Any two shapes are matched by their descriptors, nearest to nearest or through a
    functional map (``functional_map``).

    Args:
        points: Number of points of the template.
        descriptors: Length D of the vectors.
        trunk: What turns input fields into features, such as ``HarmonicTrunk()``; by default a ``GaugeTrunk``.
        settings: Arguments of ``GaugeTrunk``, by name, where ``trunk`` is not given.

    Raises:
        ValueError: If an argument is out of range, or the trunk is polynomial.
    """

    def __init__(
        self, points: int, descriptors: int = 64, *, trunk: Trunk | None = None, **settings: Unpack[GaugeSettings]
    ) -> None:
        for name, value in (("points", points), ("descriptors", descriptors)):
            if value < 1:
                raise ValueError(f"CorrespondenceNet expects {name} >= 1, got {value}")
        super().__init__(self.chosen(trunk, settings))
        self._refuse_polynomial()
        self.rep_out = Representation.invariants(points, self.trunk.group)
        self.config |= {"points": points, "descriptors": descriptors}
        self.readout = self.trunk.invariants(descriptors)
        self.point = nn.Parameter(torch.randn(points, descriptors))
        self.log_sharpness = nn.Parameter(torch.tensor([3.0]))

    def outputs(self, values: Tensor, data: Data) -> Tensor:
        """Return the scores ``(V, points)``.

        Args:
            values: ``(V, D)`` descriptors of any length.
            data: What the network ran on.
        """
        unit = nn.functional.normalize(values, dim=1)
        return self.log_sharpness.exp() * (unit @ nn.functional.normalize(self.point, dim=1).T)

    def compared(self, data: Data) -> Comparison:
        """Return the scores of ``data`` with its ``vertex_label (V,)``, the points of the template."""
        return self.trunk.counted(compare_labels(self(data), data, "vertex"))

    def describe(self, data: Data) -> Tensor:
        """Return the descriptors ``(V, D)``, unit vectors.

        Args:
            data: A shape, or what ``transform`` made of one.
        """
        data = self.trunk.ready(data)
        with evaluating(self):
            return nn.functional.normalize(self.readout(self.trunk(data)), dim=1)


class Functions(NamedTuple):
    """Eigenfunctions of the Laplacian of a surface, scaled to unit area.

    Attributes:
        function: ``(V, K)`` eigenfunctions, orthonormal for the areas.
        value: ``(K,)`` eigenvalues.
        area: ``(V,)`` areas; their sum is 1.
    """

    function: Tensor
    value: Tensor
    area: Tensor

    @staticmethod
    def from_data(data: Data, level: int = 0) -> Functions:
        """Read what ``ConnectionSpectrum(orders=(0,))`` added to a single mesh.

        Args:
            data: The mesh.
            level: Level of its bundle.

        Raises:
            ValueError: If it has not been applied, and for a batch.
        """
        if getattr(data, "batch", None) is not None:
            raise ValueError("Functions.from_data needs a single mesh, got a batch: read its meshes one by one")
        name = f"{group_of(data).trivial_irrep}_{level}"
        if getattr(data, f"eigenfield_{name}", None) is None:
            raise ValueError(
                f"the data has no eigenfunctions (eigenfield_{name}): apply ConnectionSpectrum(orders=(0,))"
            )
        total = data[f"area_{level}"].sum()
        function, value = data[f"eigenfield_{name}"][:, 0], data[f"eigenvalue_{name}"][0]
        return Functions(function * total.sqrt(), value * total, data[f"area_{level}"] / total)

    def coefficients(self, x: Tensor) -> Tensor:
        """Return the coefficients ``(K, D)`` of functions.

        Args:
            x: ``(V, D)`` values of the functions.
        """
        return self.function.T @ (self.area[:, None] * x.to(self.function.dtype))

    def first(self, count: int) -> Functions:
        """Return the first eigenfunctions.

        Args:
            count: How many.
        """
        return Functions(self.function[:, :count], self.value[:count], self.area)


def functional_map(
    source: Tensor, target: Tensor, source_values: Tensor, target_values: Tensor, weight: float = 1e-3
) -> Tensor:
    """Return the matrix C ``(k_t, k_s)`` that maps functions on the source to functions on the target.

    C minimises |C A - B|^2 + weight |A|^2 sum_ij M_ij C_ij^2 over the coefficients A and B of descriptors (Ovsjanikov
    et al. 2012), where M prefers maps that commute with the resolvents of the Laplacians (Ren et al. 2019, with
    exponent 1/2). Differentiable.

    Args:
        source: A ``(k_s, D)``, coefficients of descriptors of the source.
        target: B ``(k_t, D)``, of the same descriptors of the target.
        source_values: ``(k_s,)`` eigenvalues, for unit area.
        target_values: ``(k_t,)`` eigenvalues, for unit area.
        weight: Weight of the penalty.

    Raises:
        ValueError: If the numbers of descriptors differ.
    """
    if source.shape[1] != target.shape[1]:
        got = f"{source.shape[1]} and {target.shape[1]}"
        raise ValueError(f"functional_map needs the same descriptors on both sides, got {got}")
    gram = source @ source.T
    mask = _resolvent_mask(source_values, target_values)
    penalty = weight * gram.diagonal().sum() * mask + torch.finfo(gram.dtype).eps * gram.diagonal().sum()
    rows = gram + torch.diag_embed(penalty)  # (k_t, k_s, k_s)
    return torch.linalg.solve(rows, (target @ source.T)[..., None])[..., 0]


def point_map(source: Tensor, target: Tensor) -> Tensor:
    """Return for each target the nearest source ``(V_t,)``.

    Args:
        source: ``(V_s, D)`` descriptors.
        target: ``(V_t, D)`` descriptors.
    """
    chunk = max(1, _PAIRS // max(len(source), 1))
    return torch.cat([torch.cdist(part, source).argmin(1) for part in target.split(chunk)])


def refined_point_map(
    source: Tensor, target: Tensor, area: Tensor, matrix: Tensor, largest: int, step: int = 2
) -> Tensor:
    """Return the point map ``(V_t,)`` of a functional map, refined by ZoomOut (Melzi et al. 2019).

    Points and maps are computed from each other in turn, with more and more eigenfunctions.

    Args:
        source: ``(V_s, K)`` eigenfunctions of the source, orthonormal for the areas.
        target: ``(V_t, K)`` eigenfunctions of the target.
        area: ``(V_t,)`` areas of the target.
        matrix: ``(k, k)`` functional map to begin with.
        largest: Largest number of eigenfunctions, up to K.
        step: Number of eigenfunctions that are added each time.

    Raises:
        ValueError: If ``largest`` or ``step`` is below 1.
    """
    if largest < 1 or step < 1:
        raise ValueError(f"refined_point_map expects largest and step >= 1, got {largest} and {step}")
    count = min(largest, source.shape[1], target.shape[1])
    size = min(len(matrix), count)
    while True:
        points = point_map(source[:, :size] @ matrix[:size, :size].T, target[:, :size])
        if size == count:
            return points
        size = min(size + step, count)
        matrix = target[:, :size].T @ (area[:, None] * source[points][:, :size])


def _resolvent_mask(source_values: Tensor, target_values: Tensor) -> Tensor:
    """Return M ``(k_t, k_s)``: squared differences of the resolvents 1 / (i - lambda^(1/2)) of scaled eigenvalues."""
    scale = torch.maximum(source_values.max(), target_values.max()).clamp_min(torch.finfo(source_values.dtype).tiny)
    s, t = ((values.clamp_min(0) / scale).sqrt() for values in (source_values, target_values))
    real_s, real_t = s / (s.square() + 1), t / (t.square() + 1)
    imaginary_s, imaginary_t = 1 / (s.square() + 1), 1 / (t.square() + 1)
    return (real_t[:, None] - real_s).square() + (imaginary_t[:, None] - imaginary_s).square()
