"""Functional maps: correspondences as matrices between eigenfunctions."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.nn.level import Level

# Pairs of points whose distances are computed at once.
_PAIRS = 2**24


class Functions(NamedTuple):
    """Eigenfunctions of the Laplacian of a surface, scaled to unit area.

    Attributes:
        function: ``(V, K)`` orthonormal for the areas. value: ``(K,)`` eigenvalues. area: ``(V,)``, summing to 1.
    """

    function: Tensor
    value: Tensor
    area: Tensor

    @staticmethod
    def from_data(data: Data, level: int = 0) -> Functions:
        """Read what ``ConnectionSpectrum(orders=(0,))`` added to a single mesh.

        Raises:
            ValueError: where it has not been applied, and for a batch.
        """
        if getattr(data, "batch", None) is not None:
            raise ValueError("Functions.from_data needs a single mesh, got a batch: read its meshes one by one")
        name = f"{Level.of(data).group.trivial_irrep}_{level}"
        if getattr(data, f"eigenfield_{name}", None) is None:
            raise ValueError(
                f"the data has no eigenfunctions (eigenfield_{name}): apply ConnectionSpectrum(orders=(0,))"
            )
        total = data[f"area_{level}"].sum()
        function, value = data[f"eigenfield_{name}"][:, 0], data[f"eigenvalue_{name}"][0]
        return Functions(function * total.sqrt(), value * total, data[f"area_{level}"] / total)

    def coefficients(self, x: Tensor) -> Tensor:
        """Return the coefficients ``(K, D)`` of functions ``(V, D)``."""
        return self.function.T @ (self.area[:, None] * x.to(self.function.dtype))

    def first(self, count: int) -> Functions:
        """Return the first ``count`` eigenfunctions."""
        return Functions(self.function[:, :count], self.value[:count], self.area)


def functional_map(
    source: Tensor, target: Tensor, source_values: Tensor, target_values: Tensor, weight: float = 1e-3
) -> Tensor:
    """Return the matrix C ``(k_t, k_s)`` that takes functions on the source to functions on the target.

    C minimises |C A - B|^2 + weight |A|^2 sum_ij M_ij C_ij^2 over the coefficients A and B of descriptors (Ovsjanikov
    et al. 2012), where M prefers maps that commute with the resolvents of the Laplacians (Ren et al. 2019, with
    exponent 1/2). Differentiable.

    Args:
        source: A ``(k_s, D)``. target: B ``(k_t, D)``, of the same descriptors.
        source_values, target_values: eigenvalues ``(k,)``, of surfaces of unit area.
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
    """Return for each row of ``target (V_t, D)`` the nearest row ``(V_t,)`` of ``source (V_s, D)``."""
    chunk = max(1, _PAIRS // max(len(source), 1))
    return torch.cat([torch.cdist(part, source).argmin(1) for part in target.split(chunk)])


def refined_point_map(
    source: Tensor, target: Tensor, area: Tensor, matrix: Tensor, largest: int, step: int = 2
) -> Tensor:
    """Return the point map ``(V_t,)`` of a functional map, refined by ZoomOut (Melzi et al. 2019).

    Points and maps are found from each other in turn, with more and more eigenfunctions.

    Args:
        source, target: eigenfunctions ``(V, K)``, orthonormal for the areas. area: ``(V_t,)`` of the target.
        matrix: C ``(k, k)`` to begin with. largest: at most as many eigenfunctions, up to K. step: added each time.
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
