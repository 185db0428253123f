"""Equirectangular images of the sphere, read at points and drawn from values at vertices."""

from __future__ import annotations

import math

import scipy
import torch
from torch import Tensor

from gaugenet.homogeneous import Sphere
from gaugenet.homogeneous.triangulation import face_areas

# How far outside a triangle a pixel may be, in barycentric coordinates, for rounding.
_ROUNDING = 1e-9
# Pixels times faces that are tried at a time.
_PORTION = 2**21


class Equirectangular:
    """Map images of the sphere (longitude across, latitude down) to vertices of a triangulation, and back.

    The centre of the pixel in row i and column j of H x W has the latitude pi (1/2 - (i + 1/2) / H), so that row 0 is
    at the north pole (0, 0, 1), and the longitude 2 pi (j + 1/2) / W - pi: column 0 begins at -180 degrees, and
    (1, 0, 0) is in the middle of the image. Seen from outside longitude grows to the right.

    Both maps are linear in the values, differentiable, and preserve constants: sparse sums that are found once.

    * ``sample`` interpolates between the four pixels around a vertex, bilinearly in longitude and latitude; across the
      seam, and across a pole with pixels half a turn away.
    * ``draw`` interpolates in the triangle around the centre of a pixel: barycentric coordinates of its central
      projection on the plane of the corners.

    Images hold invariants: components of vectors depend on frames, which pixels do not have. For smooth functions both
    have an error of second order in the size of pixels and triangles.

    Args:
        height: H of the images [pixels].
        width: W of the images [pixels].
        pos: ``(V, 3)`` unit vectors.
        face: ``(3, F)``, counter-clockwise seen from outside, that cover the sphere; only ``draw`` needs them.
        channels_last: Whether images are ``(H, W, C)`` instead of ``(C, H, W)``.

    Raises:
        ValueError: For an empty image, points that are not on the sphere, and faces that are unsound or leave pixels
            uncovered.
    """

    def __init__(
        self, height: int, width: int, pos: Tensor, face: Tensor | None = None, channels_last: bool = False
    ) -> None:
        if height < 1 or width < 1:
            raise ValueError(f"Equirectangular expects an image of at least 1 x 1 pixels, got {height} x {width}")
        self.height, self.width, self.channels_last = height, width, channels_last
        x = Sphere().points(pos.detach().double())
        self._vertices = len(x)
        self._read = _pixels_around(x, height, width)
        self._drawn = None if face is None else _corners_around(x.cpu(), face.detach().cpu().long(), height, width)

    def sample(self, image: Tensor) -> Tensor:
        """Return the values ``(V, C)`` of an image at the vertices, in its precision.

        Args:
            image: ``(C, H, W)``, or ``(H, W, C)`` with ``channels_last``.

        Raises:
            ValueError: For an image of another size.
        """
        shape = tuple(image.shape)
        size = shape[:2] if self.channels_last else shape[1:]
        if image.dim() != 3 or size != (self.height, self.width):
            layout = f"({self.height}, {self.width}, C)" if self.channels_last else f"(C, {self.height}, {self.width})"
            raise ValueError(f"expected an image {layout}, got {shape}: resize it, or set channels_last")
        flat = image.flatten(0, 1) if self.channels_last else image.flatten(1).T
        return _combined(flat, *self._read)

    def draw(self, values: Tensor) -> Tensor:
        """Return the image of values at the vertices, in their precision.

        Args:
            values: ``(V, C)``.

        Raises:
            ValueError: For another number of values, and where there are no faces.
        """
        if values.dim() != 2 or len(values) != self._vertices:
            raise ValueError(f"expected values ({self._vertices}, C), one row a vertex, got {tuple(values.shape)}")
        if self._drawn is None:
            raise ValueError(
                "draw needs the faces of the triangulation, got none: make Equirectangular with face (3, F)"
            )
        image = _combined(values, *self._drawn).unflatten(0, (self.height, self.width))
        return image if self.channels_last else image.permute(2, 0, 1)

    def __repr__(self) -> str:
        return f"Equirectangular({self.height} x {self.width}, {self._vertices} vertices)"


def pixel_centres(height: int, width: int) -> Tensor:
    """Return the centres ``(H W, 3)`` of the pixels of an image, row by row, as unit vectors in float64.

    Args:
        height: H [pixels].
        width: W [pixels].
    """
    latitude = math.pi * (0.5 - (torch.arange(height, dtype=torch.float64) + 0.5) / height)
    longitude = 2 * math.pi * (torch.arange(width, dtype=torch.float64) + 0.5) / width - math.pi
    up, around = torch.meshgrid(latitude, longitude, indexing="ij")
    return torch.stack([up.cos() * around.cos(), up.cos() * around.sin(), up.sin()], dim=-1).flatten(0, 1)


def _combined(values: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Return sums ``(N, C)`` of rows of ``(M, C)``, for ``index`` and ``weight (K, N)``."""
    if not values.is_floating_point():
        raise ValueError(f"expected floating point values, got {values.dtype}: convert them (image.float() / 255)")
    gathered = values[index.to(values.device)]
    return (gathered * weight.to(values)[..., None]).sum(0)


def _pixels_around(x: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the four pixels around each point and their weights, ``(4, V)``."""
    latitude = torch.atan2(x[:, 2], torch.linalg.vector_norm(x[:, :2], dim=1))
    row = height * (0.5 - latitude / math.pi) - 0.5
    column = width * (torch.atan2(x[:, 1], x[:, 0]) / (2 * math.pi) + 0.5) - 0.5
    upper = row.floor()
    index, weight = [], []
    for line, share in ((upper, 1 - (row - upper)), (upper + 1, row - upper)):
        beyond = (line < 0) | (line >= height)  # across a pole the same line goes on, half a turn away
        at = torch.where(beyond, column + 0.5 * width, column)
        left = at.floor()
        for pixel, part in ((left, 1 - (at - left)), (left + 1, at - left)):
            index.append((line.clamp(0, height - 1) * width + pixel.remainder(width)).long())
            weight.append(share * part)
    return torch.stack(index), torch.stack(weight)


def _corners_around(x: Tensor, face: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the corners of the triangle around the centre of each pixel and their weights, ``(3, H W)``.

    Triangles are tried by the distance of their centres, four times as many in each round.
    """
    face_areas(Sphere(), x, face)
    centre = pixel_centres(height, width)
    tree = scipy.spatial.cKDTree((x[face].sum(0) / x[face].sum(0).norm(dim=1, keepdim=True)).numpy())
    a, b, c = x[face]
    normals = torch.stack([torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)], dim=1)
    found, weight = torch.zeros(len(centre), dtype=torch.int64), torch.zeros(len(centre), 3, dtype=torch.float64)
    left, many = torch.arange(len(centre)), 1
    while len(left) and many < 4 * face.shape[1]:
        many = min(many, face.shape[1])
        still = []
        for part in left.split(max(1, _PORTION // many)):
            near = torch.from_numpy(tree.query(centre[part].numpy(), k=[*range(1, many + 1)])[1])
            share = torch.einsum("pkcx,px->pkc", normals[near], centre[part])
            total = share.sum(-1, keepdim=True)  # negative for triangles on the other side
            share = torch.where(total > 0, share / total, -torch.inf)
            best = share.amin(-1).max(1)
            inside = best.values >= -_ROUNDING
            at = part[inside]
            found[at] = near[inside, best.indices[inside]]
            weight[at] = share[inside, best.indices[inside]]
            still.append(part[~inside])
        left, many = torch.cat(still), 4 * many
    if len(left):
        raise ValueError(
            f"expected faces that cover the sphere, got {len(left)} pixels of {len(centre)} in none (e.g. pixel "
            f"{int(left[0])}): take a closed triangulation"
        )
    return face[:, found], weight.T
