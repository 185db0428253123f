"""Set aside or re-orient the faces of a defective mesh until the rest is an oriented manifold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from gaugenet.mesh.connectivity import Connectivity, bowties, connect, face_components, fans, first_of_each
from gaugenet.mesh.geometry import corner_angles, face_areas
from gaugenet.mesh.orientation_cover import orientation

# A face is degenerate if its smallest height is below this share of its longest edge: its smallest angle is then below
# 1e-10 rad and its cotangents exceed 1e10, so that products of two of them have no correct digit in float64. The share
# is relative to the face's own edge, not to the mesh, so that small but well-shaped faces stay.
_THINNEST = 1e-10
# Edges shorter than this share of the mesh are below the rounding error of its coordinates.
_SHORTEST = 1e-14
# Rounds in which bowties are repaired in order of merit; most meshes need two.
_ORDERED_ROUNDS = 20


@dataclass
class Repair:
    """Collect the results of cleaning.

    Attributes:
        kept: (F',), index in the input of each face that stays.
        face: (F', 3), vertex indices of these faces, re-oriented.
        nonorientable: (F',), whether a face belongs to a non-orientable component.
        flipped: Number of re-oriented faces.
        notes: One note on each kind of repair.
    """

    kept: np.ndarray
    face: np.ndarray
    nonorientable: np.ndarray
    flipped: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def nonorientable_components(self) -> int:
        """Number of components that have no consistent orientation."""
        if not self.nonorientable.any():
            return 0
        return len(np.unique(face_components(connect(self.face))[self.nonorientable]))


def repair_mesh(pos: np.ndarray, face: np.ndarray) -> Repair:
    """Repair faces; see ``clean_mesh``.

    Args:
        pos: (V, 3), vertex positions, finite.
        face: (F, 3), vertex indices, all in range.
    """
    repair = Repair(kept=np.arange(len(face)), face=face, nonorientable=np.zeros(0, dtype=bool))

    def set_aside(bad: np.ndarray, noun: str, where: str = "") -> None:
        if bad.any():
            repair.notes.append(f"{count(int(bad.sum()), noun)} set aside{where} (e.g. face {repair.kept[bad][0]})")
            repair.kept, repair.face = repair.kept[~bad], repair.face[~bad]

    set_aside(degenerate_face(pos, repair.face), "degenerate face")
    set_aside(duplicate_face(repair.face), "duplicate face")
    unit, mesh = _unit(pos, repair.face), connect(repair.face)
    if (mesh.faces_at_edge > 2).any():
        set_aside(~_two_faces_an_edge(repair.face, unit, mesh), "face", " at non-manifold edges")
        mesh = connect(repair.face)
    if bowties(repair.face, fans(mesh), len(pos)).any():
        set_aside(~_one_fan_a_vertex(repair.face, unit, mesh), "face", " at bowtie vertices")
        mesh = connect(repair.face)
    flip, repair.nonorientable = _flips(repair.face, unit, mesh)
    if flip.any():
        turned = repair.kept[flip]
        repair.notes.append(f"{count(len(turned), 'face')} re-oriented like the neighbours (e.g. face {turned[0]})")
        repair.face = np.where(flip[:, None], repair.face[:, [0, 2, 1]], repair.face)
        repair.flipped = len(turned)
    return repair


def count(number: int, noun: str) -> str:
    """Return a number with its noun, such as "3 faces" or "1 vertex".

    Args:
        number: The number.
        noun: The noun in the singular.
    """
    return f"{number} {noun if number == 1 else noun.removesuffix('ex') + ('ices' if noun.endswith('ex') else 's')}"


def _unit(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Scale the positions so that the used ones fit into the unit box; areas then neither overflow nor underflow."""
    if face.size == 0:
        return pos
    used = np.zeros(len(pos), dtype=bool)
    used[face] = True
    low, high = pos[used].min(axis=0), pos[used].max(axis=0)
    extent = (high / 2 - low / 2).max()
    with np.errstate(over="ignore"):  # of vertices without a face
        return (pos - (low / 2 + high / 2)) / (extent if extent > 0 else 1.0) / 2


def repeated_vertex(face: np.ndarray) -> np.ndarray:
    """Mark the faces (F,) with a repeated vertex.

    Args:
        face: (F, 3), vertex indices.
    """
    return (face == face[:, [2, 0, 1]]).any(axis=1)


def degenerate_face(pos: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Mark the faces (F,) with a repeated vertex or no reliable area.

    Args:
        pos: (V, 3), vertex positions.
        face: (F, 3), vertex indices.
    """
    unit = _unit(pos, face)
    longest = np.linalg.norm(unit[face] - unit[face[:, [2, 0, 1]]], axis=2).max(axis=1, initial=0)
    height = 2 * face_areas(unit, face) / np.maximum(longest, _SHORTEST)
    return repeated_vertex(face) | (longest <= _SHORTEST) | (height <= _THINNEST * longest)


def duplicate_face(face: np.ndarray) -> np.ndarray:
    """Mark the faces (F,) with the same vertices, in any order, as an earlier face.

    Args:
        face: (F, 3), vertex indices.
    """
    vertex = np.sort(face, axis=1)
    order = np.lexsort((vertex[:, 2], vertex[:, 0] * (int(face.max(initial=0)) + 1) + vertex[:, 1]))
    same = np.zeros(len(face), dtype=bool)
    same[order[1:]] = (vertex[order[1:]] == vertex[order[:-1]]).all(axis=1)
    return same


def _two_faces_an_edge(face: np.ndarray, pos: np.ndarray, mesh: Connectivity) -> np.ndarray:
    """Mark faces (F,) to keep, so that each edge has at most two faces, which traverse it in opposite directions.

    Faces are taken in order of merit; a face stays if it is the first at each of its edges in its direction. Requiring
    opposite directions keeps a solid that touches itself orientable; patches are oriented consistently before.
    """
    keep = np.ones(len(face), dtype=bool)
    flip, _ = _flips(face, pos, mesh)
    turned = np.where(flip[:, None], face[:, [0, 2, 1]], face)
    mesh = connect(turned)
    # Way 2e or 2e + 1 along edge e.
    way = (2 * mesh.side_edge + (turned < np.roll(turned, -1, axis=1)).ravel()).reshape(-1, 3)
    crowded = (mesh.faces_at_edge > 2)[mesh.side_edge].reshape(-1, 3)
    candidate = np.flatnonzero(crowded.any(axis=1))
    area, patch = face_areas(pos, face), face_components(mesh)
    patch_area = np.bincount(patch, area)[patch]
    # float32: faces that are equal by symmetry tie, and their order does not depend on a rotation of the mesh.
    merit = np.lexsort((-area[candidate].astype(np.float32), -patch_area[candidate].astype(np.float32)))
    taken: set[int] = set()
    for f in candidate[merit].tolist():
        ways = way[f][crowded[f]].tolist()
        keep[f] = taken.isdisjoint(ways)
        if keep[f]:
            taken.update(ways)
    return keep


def _one_fan_a_vertex(face: np.ndarray, pos: np.ndarray, mesh: Connectivity) -> np.ndarray:
    """Mark faces (F,) to keep, so that those at each vertex form one fan.

    Setting a face aside can split the fan of its other vertices, so that rounds are needed. A round treats only
    vertices that are better than all other bowties they share a face with. The fan that such a vertex keeps is not
    changed in that round, so that some faces always stay.
    """
    keep = np.ones(len(face), dtype=bool)
    component = face_components(mesh)
    merit = np.bincount(component, face_areas(pos, face))[component].astype(np.float32)
    angle = corner_angles(pos, face)
    suspect = np.ones(len(pos), dtype=bool)
    rng = np.random.default_rng(0)
    for number in itertools.count():
        near = np.flatnonzero(keep & suspect[face].any(axis=1))
        corner = face[near].ravel()
        fan = fans(connect(face[near]))
        at = bowties(face[near], fan, len(pos)) & suspect
        if not at.any():
            return keep
        fan_angle = np.bincount(fan, angle[near].ravel()).astype(np.float32)
        first = first_of_each(fan)
        first = first[at[corner[first]]]
        first = first[np.lexsort((first, -fan_angle[fan[first]], -merit[near][first // 3]))]
        vertex, best = np.unique(corner[first], return_index=True)
        best_fan = np.full(len(pos), -1)
        best_fan[vertex] = fan[first[best]]
        # Ties are broken at random, and after some rounds the whole order is random: an order that increases along a
        # row of vertices would need a round for each.
        drawn = rng.permutation(len(vertex))
        order = np.lexsort((drawn, -fan_angle[best_fan[vertex]], -merit[near][first[best] // 3]))
        if number >= _ORDERED_ROUNDS:
            order = drawn
        rank = np.full(len(pos), len(vertex))
        rank[vertex[order]] = np.arange(len(vertex))
        rival = np.full(len(pos), len(vertex))
        np.minimum.at(rival, corner, np.repeat(rank[face[near]].min(axis=1), 3))
        acts = at & (rival == rank)
        lost = near[np.flatnonzero(acts[corner] & (fan != best_fan[corner])) // 3]
        keep[lost] = False
        suspect = at & ~acts
        suspect[face[lost].ravel()] = True
    return keep


def _flips(face: np.ndarray, pos: np.ndarray, mesh: Connectivity) -> tuple[np.ndarray, np.ndarray]:
    """Mark the faces (F,) to reverse for a consistent orientation, and those of non-orientable components (F,)."""
    if not mesh.same_way.any():
        return np.zeros(len(face), dtype=bool), np.zeros(len(face), dtype=bool)
    flip, nonorientable = orientation(mesh)
    component = face_components(mesh)
    size = int(component.max()) + 1
    area = face_areas(pos, face)
    minority = np.bincount(component, np.where(flip, area, -area), minlength=size) > 0
    open_ = np.zeros(size, dtype=bool)
    open_[component[np.flatnonzero(mesh.faces_at_edge[mesh.side_edge] != 2) // 3]] = True
    a, b, c = (pos[face[:, k]] for k in range(3))
    volume = np.bincount(component, np.where(flip, -1, 1) * (np.cross(a, b) * c).sum(axis=1) / 6, minlength=size)
    uneven = np.bincount(component, flip, minlength=size) > 0
    solid = ~open_ & (np.abs(volume) > 1e-9 * np.bincount(component, area, minlength=size) ** 1.5)
    flip ^= (np.where(solid, volume < 0, minority) & uneven)[component] & ~nonorientable
    return flip, nonorientable
