"""Clean meshes: each defect is repaired with a warning that describes it, or refused with an error."""

from __future__ import annotations

import warnings

import numpy as np

from gaugenet.mesh.connectivity import bowties, connect, fans
from gaugenet.mesh.mesh import Mesh, MeshWarning
from gaugenet.mesh.repair import count, degenerate_face, duplicate_face, repair_mesh, repeated_vertex

# Smallest extent of a mesh and largest distance from the origin: areas and their reciprocals fit into float32.
_EXTENT = (1e-12, 1e12)


def clean_mesh(pos: np.ndarray, face: np.ndarray, one_sided: bool = False) -> Mesh:
    """Return the largest clean part of a triangle mesh, with one ``MeshWarning`` that lists the repairs.

    * Degenerate faces (with a repeated vertex, or thinner than 1e-10 of their longest edge) and duplicates of earlier
      faces are set aside.
    * At an edge with more than two faces, those of the largest patches (connected across edges with two faces) stay,
      and among them the largest faces.
    * If the faces at a vertex form several fans, the fan of the largest component stays, then that of the largest
      angle.
    * Faces are re-oriented to agree with their neighbours: closed components to enclose positive volume, open ones as
      most of their area is. Consistent orientations are never changed.
    * Vertices are never dropped or renumbered; those without a face are isolated. Several components are no defect.

    Args:
        pos: (V, 3), vertex positions [mesh unit].
        face: (F, 3), integer vertex indices.
        one_sided: Whether to accept non-orientable surfaces, such as the Klein bottle; see ``Mesh.orientable``.

    Returns:
        The clean mesh.

    Raises:
        ValueError: If the shape or dtype is wrong, positions are not finite or of absurd extent, there is no usable
            face, an index is out of range, or the surface is not orientable, which an oriented frame bundle requires,
            and ``one_sided`` is False.
    """
    pos, face = _checked(pos, face)
    if len(face) == 0:
        raise ValueError("mesh has 0 faces; expected at least one triangle: mesh a point cloud, or leave face out")
    _refuse(~np.isfinite(pos).all(axis=1), "vertex", "with NaN or infinite position", "repair the file")
    outside = np.any((face < 0) | (face >= len(pos)), axis=1)
    _refuse(outside, "face", f"with a vertex index outside 0..{len(pos) - 1}", "repair the file")
    far = np.abs(pos).max(axis=1) > _EXTENT[1]
    _refuse(far, "vertex", f"farther than {_EXTENT[1]:g} from the origin", "move or rescale the mesh")
    extent = float(np.ptp(pos[np.bincount(face.ravel(), minlength=len(pos)) > 0], axis=0).max())
    if 0 < extent < _EXTENT[0]:
        raise ValueError(f"mesh has extent {extent:.3g}, expected at least {_EXTENT[0]:g}; rescale the mesh")
    repair = repair_mesh(pos, face)
    if len(repair.kept) == 0:
        raise ValueError(f"mesh has no usable face: all {len(face)} are degenerate (e.g. face 0); repair the file")
    if repair.nonorientable.any() and not one_sided:
        where = repair.nonorientable
        raise ValueError(
            f"mesh is not orientable: {repair.nonorientable_components} component(s) of {int(where.sum())} faces "
            f"(e.g. face {repair.kept[where][0]}) are one-sided like a Moebius strip; use a structure group "
            'with reflections, FrameBundle(group="O2"), or cut the surface open first'
        )
    notes = repair.notes
    isolated = np.flatnonzero(np.bincount(repair.face.ravel(), minlength=len(pos)) == 0)
    if len(isolated):
        number = count(len(isolated), "vertex")
        notes.append(f"{number} without a face, so without neighbours (e.g. vertex {isolated[0]})")
    if notes:
        warnings.warn("mesh cleaned: " + "; ".join(notes), MeshWarning, stacklevel=2)
    return Mesh(pos=pos, face=repair.face, kept=repair.kept, orientable=not repair.nonorientable.any())


def find_defects(pos: np.ndarray, face: np.ndarray) -> dict[str, int]:
    """Count the defects of a mesh by kind, zeros included, without changing or refusing it.

    Edges and vertices are counted in the mesh as given, without faces that have repeated vertices and duplicates. All
    copies of a duplicated face but one count. ``flipped_face`` counts the faces that ``clean_mesh`` would reverse.

    Args:
        pos: (V, 3), vertex positions.
        face: (F, 3), integer vertex indices.

    Returns:
        The number of defects of each kind.

    Raises:
        ValueError: If the shape or dtype is wrong.
    """
    pos, face = _checked(pos, face)
    finite = np.isfinite(pos).all(axis=1)
    inside = ((face >= 0) & (face < len(pos))).all(axis=1)
    used = face[inside]
    proper = used[~repeated_vertex(used)]
    proper = proper[~duplicate_face(proper)]
    mesh = connect(proper)
    finite_face = finite[used].all(axis=1)
    sound = used[finite_face]
    repair = repair_mesh(pos, sound)
    return {
        "nonfinite_vertex": int((~finite).sum()),
        "index_out_of_range": int((~inside).sum()),
        "degenerate_face": int(degenerate_face(pos, sound).sum() + repeated_vertex(used[~finite_face]).sum()),
        "duplicate_face": int(duplicate_face(used[~repeated_vertex(used)]).sum()),
        "nonmanifold_edge": int((mesh.faces_at_edge > 2).sum()),
        "bowtie_vertex": int(bowties(proper, fans(mesh), len(pos)).sum()),
        "flipped_face": repair.flipped,
        "nonorientable_component": repair.nonorientable_components,
        "isolated_vertex": int((np.bincount(used.ravel(), minlength=len(pos)) == 0).sum()),
    }


def _checked(pos: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pos, face = np.asarray(pos), np.asarray(face)
    if pos.ndim != 2 or pos.shape[1] != 3 or pos.dtype.kind not in "fiu":
        raise ValueError(f"pos must be a real array of shape (V, 3), got {pos.dtype} {pos.shape}")
    if face.ndim != 2 or face.shape[1] != 3 or (face.dtype.kind not in "iu" and face.size):
        hint = "; transpose it" if face.ndim == 2 and face.shape[0] == 3 else "; triangulate the mesh"
        raise ValueError(f"face must be an integer array of shape (F, 3), got {face.dtype} {face.shape}{hint}")
    return pos.astype(np.float64), face.astype(np.int64)


def _refuse(bad: np.ndarray, noun: str, what: str, remedy: str) -> None:
    if bad.any():
        example = f"{noun} {int(np.argmax(bad))}"
        raise ValueError(f"mesh has {count(int(bad.sum()), noun)} {what} (e.g. {example}); {remedy}")
