"""Geodesic discs: polar coordinates and parallel transport around many vertices, and a second method to check them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from gaugenet.mesh.mesh import Mesh
from gaugenet.surface.connection import Connection
from gaugenet.surface.edges import BundleEdges, wrap
from gaugenet.surface.front import drop_first, push, twice
from gaugenet.surface.unfolding import Unfolding, in_sight, share_of_angle, source_below


def geodesic_discs(
    unfolding: Unfolding, source: np.ndarray, radius: float, wanted: np.ndarray, threads: int | None = None
) -> BundleEdges:
    """Return polar coordinates and transport of all wanted vertices within a radius of each source.

    Discrete geodesic polar coordinates (Melvær & Reimers 2012): Dijkstra's order, each new vertex unfolded across the
    edge opposite to it. Transport is interpolated between the two corners of that edge, as the angle is.

    Args:
        unfolding: Of the mesh, with its connection.
        source: ``(S,)`` centres i.
        radius: Largest distance [mesh unit].
        wanted: ``(V,)`` bool, which vertices j are returned.
        threads: Number of threads that share the sources; all cores when None. The result does not depend on it.

    Returns:
        Edges j -> i; the centre itself is not among its neighbours.
    """
    threads = threads or os.cpu_count() or 1
    chosen = np.zeros(len(wanted), dtype=bool)
    chosen[source] = True
    visit = unfolding.curve[chosen[unfolding.curve]]
    # More chunks than threads, so that all are busy to the end.
    chunks = np.array_split(visit, max(1, min(4 * threads, len(visit) // 16)))
    size = np.zeros(len(wanted), dtype=np.int64)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda chunk: _discs(chunk, radius, wanted, size, unfolding), chunks))
        first = np.cumsum(size) - size
        total = int(size.sum())
        index, log, transport = np.empty((2, total), np.int64), np.empty((total, 2)), np.empty(total)

        def collect(chunk: np.ndarray, part: tuple[np.ndarray, np.ndarray]) -> None:
            _collect(chunk, size, first, part[0], part[1], index, log, transport)

        list(pool.map(collect, chunks, parts))
    return BundleEdges(index, log, transport)


@numba.njit(cache=True, nogil=True)
def _collect(centres, size, first, vertex, polar, index, log, transport):
    """Copy the discs of some centres to their rows among all edges."""
    k = 0
    for i in centres:
        for row in range(first[i], first[i] + size[i]):
            index[0, row], index[1, row] = vertex[k], i
            log[row, 0], log[row, 1] = polar[k, 0], wrap(polar[k, 1])
            transport[row] = wrap(polar[k, 2])
            k += 1


_MOST_VISITS = 4


@numba.njit(cache=True, nogil=True)
def _discs(centres, radius, wanted, found, mesh):
    """Return the vertices of each centre's disc, ascending, and their distance, angle and transport.

    Counts them in ``found`` at the centre.
    """
    begin, rim, length, corner, transport = mesh.begin, mesh.rim, mesh.length, mesh.corner, mesh.transport
    size = len(begin) - 1
    # Distance, angle at the centre, transport to the centre: read together, so stored together.
    state = np.zeros((size, 3))
    state[:, 0] = np.inf
    fixed = np.zeros(size, dtype=np.bool_)  # the centre and its 1-ring are exact from the start
    visits = np.zeros(size, dtype=np.int8)
    key, item = np.empty(1024), np.empty(1024, np.int64)
    touched, reported = np.empty(1024, np.int32), np.empty(1024, np.int32)
    capacity = 64 * len(centres) + 64
    vertex, polar = np.empty(capacity, np.int32), np.empty((capacity, 3))
    total = 0
    for centre in centres:
        state[centre, 0] = 0.0
        fixed[centre] = True
        touched[0], num_touched, waiting = centre, 1, 0
        for slot in range(begin[centre], begin[centre + 1]):
            for side in range(2):  # the edge this corner starts with, and the one it ends with
                v = rim[slot, side]
                if fixed[v]:
                    continue
                if max(num_touched, waiting) == len(key):
                    key, item, touched, reported = twice(key), twice(item), twice(touched), twice(reported)
                r = length[slot, side]
                state[v, 0], state[v, 1], state[v, 2] = r, mesh.direction[slot, side], transport[slot, side]
                fixed[v] = True
                touched[num_touched] = v
                num_touched += 1
                push(key, item, waiting, r, v)
                waiting += 1
        while waiting > 0:
            reached, j = key[0], item[0]
            drop_first(key, item, waiting)
            waiting -= 1
            if reached > state[j, 0]:
                continue
            # On slivers a vertex could come nearer again and again; elsewhere it rarely does more than twice.
            visits[j] += 1
            fixed[j] = fixed[j] or visits[j] == _MOST_VISITS
            # The ring beyond the disc is unfolded too, as the base of triangles that reach back into the disc.
            limit = np.inf if reached <= radius else radius
            for slot in range(begin[j], begin[j + 1]):
                cosine, sine = corner[slot, 0], corner[slot, 1]
                for side in range(2):  # a through the edge jb, then b through the edge ja
                    v, other = rim[slot, side], rim[slot, 1 - side]
                    near, base = length[slot, side], length[slot, 1 - side]
                    x, y = near * cosine, near * sine
                    source_x, depth = source_below(reached, state[other, 0], base)
                    shortest = np.sqrt((x - source_x) ** 2 + (y + depth) ** 2)
                    # No path is shorter than the straight one, whether it is in sight or not; NaN goes on.
                    if shortest > min(state[v, 0], limit) * (1.0 + 1e-9) or fixed[v]:
                        continue
                    straight = in_sight(source_x, depth, base, x, y)
                    new = shortest if straight else reached + near
                    if new > limit or new >= state[v, 0] * (1.0 - 1e-12):
                        continue
                    if max(num_touched, waiting) == len(key):
                        key, item, touched, reported = twice(key), twice(item), twice(touched), twice(reported)
                    if state[v, 0] == np.inf:
                        touched[num_touched] = v
                        num_touched += 1
                    theta, tau = state[j, 1], state[j, 2] + transport[slot, side]
                    if straight:
                        share = share_of_angle(source_x, depth, base, x, y)
                        across = transport[slot, 2] if side == 0 else -transport[slot, 2]
                        theta += share * wrap(state[other, 1] - theta)
                        tau += share * wrap(state[other, 2] + across - tau)
                    state[v, 0], state[v, 1], state[v, 2] = new, theta, tau
                    push(key, item, waiting, new, v)
                    waiting += 1
        count = 0
        for k in range(num_touched):
            v = touched[k]
            fixed[v], visits[v] = False, 0
            if wanted[v] and v != centre and state[v, 0] <= radius:
                reported[count] = v
                count += 1
            else:
                state[v, 0] = np.inf
        while total + count > len(vertex):
            vertex, polar = twice(vertex), twice(polar)
        reported[:count].sort()
        for v in reported[:count]:
            vertex[total], polar[total] = v, state[v]
            total += 1
            state[v, 0] = np.inf
        found[centre] = count
    return vertex[:total], polar[:total]


def vector_heat_discs(mesh: Mesh, connection: Connection, edges: BundleEdges) -> BundleEdges:
    """Recompute radius, angle and transport of given edges by the vector heat method (Sharp et al. 2019).

    Solves globally once for each centre (its most accurate variant, "AffineLocal"): seconds to minutes a mesh, for
    checking and for small meshes. Vertices that no face uses must have no edges.

    Args:
        mesh: Clean mesh.
        connection: Its connection.
        edges: Pairs to compute, each within one component: the solver gives NaN elsewhere.

    Raises:
        ValueError: If the solver's answer is not finite.
        ImportError: If potpourri3d is not installed.
    """
    try:
        import potpourri3d
    except ImportError as error:
        raise ImportError(
            'method "vector_heat" needs potpourri3d, which is not installed: pip install "gaugenet[vector-heat]"'
        ) from error
    used = np.unique(mesh.face)
    rank = np.full(len(mesh.pos), -1)
    rank[used] = np.arange(len(used))
    solver = potpourri3d.MeshVectorHeatSolver(mesh.pos[used], rank[mesh.face])
    basis_x = np.asarray(solver.get_tangent_frames()[0])
    frame = connection.frame[used]
    # Angle of the solver's first axis in our frame.
    offset = np.arctan2((basis_x * frame[:, 1]).sum(1), (basis_x * frame[:, 0]).sum(1))
    source, target = edges.index
    log, transport = np.empty_like(edges.log), np.empty_like(edges.transport)
    begin = np.searchsorted(target, np.arange(len(mesh.pos) + 1))
    for i in np.flatnonzero(np.diff(begin)):
        here, members = slice(begin[i], begin[i + 1]), rank[source[begin[i] : begin[i + 1]]]
        plane = np.asarray(solver.compute_log_map(int(rank[i]), strategy="AffineLocal"))[members]
        moved = np.asarray(solver.transport_tangent_vector(int(rank[i]), [1.0, 0.0]))[members]
        log[here, 0] = np.linalg.norm(plane, axis=1)
        log[here, 1] = np.arctan2(plane[:, 1], plane[:, 0]) + offset[rank[i]]
        # The solver transports i's first axis to j; ours takes components at j to components at i.
        arrived = np.arctan2(moved[:, 1], moved[:, 0]) + offset[members]
        transport[here] = offset[rank[i]] - arrived
    if not (np.isfinite(log).all() and np.isfinite(transport).all()):
        raise ValueError(
            "the vector heat method gave values that are not finite on this mesh (several components?): use "
            'method="geodesic", or split the mesh into components'
        )
    return BundleEdges.build(source, target, log, transport)
