"""Areas of the faces and vertices of triangulations by geodesics."""

from __future__ import annotations

from torch import Tensor

from gaugenet.homogeneous.space import HomogeneousSpace


def face_areas(space: HomogeneousSpace, x: Tensor, face: Tensor) -> Tensor:
    """Return the areas ``(F,)`` of the geodesic triangles ``face (3, F)`` on points ``(V, dim)``.

    Raises:
        ValueError: for another shape, indices out of range, and triangles that are not counter-clockwise, seen from the
            tip of the normal: the triangulation is then inside out, folded over, or has corners on one geodesic.
    """
    if face.dim() != 2 or face.shape[0] != 3 or face.is_floating_point():
        raise ValueError(f"face must have shape (3, F) and be integer, got {tuple(face.shape)} {face.dtype}: transpose")
    if face.numel() and not 0 <= int(face.min()) <= int(face.max()) < len(x):
        raise ValueError(
            f"face must index {len(x)} points, got {int(face.min())} to {int(face.max())}: keep pos and face together"
        )
    area = space.triangle_area(*x[face])
    wrong = (area <= 0).nonzero()[:, 0]
    if len(wrong):
        raise ValueError(
            f"expected faces counter-clockwise seen from outside, got {len(wrong)} of {len(area)} others (e.g. face "
            f"{int(wrong[0])}): turn them with face[[0, 2, 1]], or triangulate anew"
        )
    return area


def vertex_areas(space: HomogeneousSpace, x: Tensor, face: Tensor) -> Tensor:
    """Return the areas ``(V,)`` of points: of every geodesic triangle at a point a third. Raises as ``face_areas``."""
    third = face_areas(space, x, face) / 3
    return third.new_zeros(len(x)).index_add_(0, face.flatten(), third.repeat(3))
