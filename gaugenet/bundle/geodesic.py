"""Geodesic discs: polar coordinates and parallel transport around many vertices, each computed locally."""

from __future__ import annotations

import heapq
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np

from gaugenet.bundle.connection import Connection
from gaugenet.bundle.edges import BundleEdges
from gaugenet.mesh.mesh import Mesh


@dataclass(frozen=True)
class Unfolding:
    """What the propagation reads of a mesh: faces around vertices, edge lengths, polar angles and transport.

    Attributes:
        corner: ``(3F,)`` half-edges grouped by the vertex they leave. begin: ``(V + 1,)`` where each group starts.
        end: ``(3F,)`` vertex a half-edge reaches. length: ``(3F,)`` its length [mesh unit].
        angle, transport: as in ``Connection``.
    """

    corner: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    length: np.ndarray
    angle: np.ndarray
    transport: np.ndarray

    @staticmethod
    def build(mesh: Mesh, connection: Connection) -> Unfolding:
        """Collect the arrays from a clean mesh and its connection."""
        start, end = connection.edges.start, connection.edges.end
        corner = np.argsort(start, kind="stable")
        begin = np.r_[0, np.cumsum(np.bincount(start, minlength=len(mesh.pos)))]
        length = np.linalg.norm(mesh.pos[end] - mesh.pos[start], axis=1)
        return Unfolding(corner, begin, end, length, connection.angle, connection.transport)


def geodesic_discs(
    unfolding: Unfolding, source: np.ndarray, radius: float, wanted: np.ndarray, threads: int | None = None
) -> BundleEdges:
    """Return polar coordinates and transport of all wanted vertices within ``radius`` of each source.

    Discrete geodesic polar coordinates (Melvær & Reimers 2012): Dijkstra's order, each new vertex unfolded across the
    edge opposite to it; transport goes along, interpolated between the two corners of that edge as the angle is.

    Args:
        source: ``(S,)`` centres i. radius: [mesh unit]. wanted: ``(V,)`` bool, which vertices j are reported.
        threads: how many threads share the sources; all cores when None.

    Returns:
        Edges j -> i; the centre itself is not among its neighbours.
    """
    threads = threads or os.cpu_count() or 1
    chunks = [chunk for chunk in np.array_split(source, min(threads, max(1, len(source) // 64))) if len(chunk)]
    arrays = (unfolding.corner, unfolding.begin, unfolding.end, unfolding.length, unfolding.angle, unfolding.transport)
    with ThreadPoolExecutor(max(1, len(chunks))) as pool:
        results = list(pool.map(lambda chunk: _discs(chunk, radius, wanted, *arrays), chunks))
    if not results:
        return BundleEdges(np.empty((2, 0), np.int64), np.empty((0, 2)), np.empty(0))
    j, i, r, theta, tau = (np.concatenate(part) for part in zip(*results, strict=True))
    return BundleEdges.build(j, i, np.stack([r, theta], axis=1), tau)


@numba.njit(cache=True, nogil=True)
def _wrap(angle):
    return angle - 2 * np.pi * np.ceil((angle - np.pi) / (2 * np.pi))


@numba.njit(cache=True, nogil=True)
def _unfold(near, far, base, side_near, side_far):
    """Distance of a triangle's apex from a source seen through its base.

    The base lies on the x axis, its ends at distance ``near`` and ``far`` from a source below; the apex is above.
    Returns (distance, share of the angle from the near to the far end). Distance -1 where the straight line misses
    the base, so that the path bends around one of its ends.
    """
    source_x = (near * near - far * far + base * base) / (2 * base)
    source_y2 = near * near - source_x * source_x
    apex_x = (side_near * side_near - side_far * side_far + base * base) / (2 * base)
    apex_y2 = side_near * side_near - apex_x * apex_x
    if source_y2 <= 0.0 or apex_y2 <= 0.0:
        return -1.0, 0.0
    source_y, apex_y = -np.sqrt(source_y2), np.sqrt(apex_y2)
    crossing = source_x - (apex_x - source_x) * source_y / (apex_y - source_y)
    if crossing < 0.0 or crossing > base:
        return -1.0, 0.0
    to_near = np.arctan2(-source_x, -source_y)
    to_far = np.arctan2(base - source_x, -source_y)
    to_apex = np.arctan2(apex_x - source_x, apex_y - source_y)
    distance = np.hypot(apex_x - source_x, apex_y - source_y)
    return distance, (to_apex - to_near) / (to_far - to_near)


@numba.njit(cache=True, nogil=True)
def _discs(sources, radius, wanted, corner, begin, end, length, angle, transport):
    size = len(begin) - 1
    distance = np.full(size, np.inf)
    theta, tau = np.zeros(size), np.zeros(size)
    fixed = np.zeros(size, dtype=np.bool_)  # the centre and its 1-ring are exact from the start
    capacity = 64 * len(sources) + 64
    out_j, out_i = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    out = np.empty((3, capacity))
    count = 0
    for centre in sources:
        heap = [(0.0, centre)]
        distance[centre] = 0.0
        fixed[centre] = True
        touched = [centre]
        for slot in range(begin[centre], begin[centre + 1]):
            h = corner[slot]
            before = h - 1 if h % 3 else h + 2
            for side in range(2):  # the edge this corner starts with, and the one it ends with
                if side == 0:
                    v, r, direction, turn = end[h], length[h], angle[h, 0], -transport[h]
                else:
                    v = end[h + 1 if h % 3 < 2 else h - 2]
                    r, direction, turn = length[before], angle[before, 1], transport[before]
                if fixed[v]:
                    continue
                distance[v], theta[v], tau[v] = r, direction, turn
                fixed[v] = True
                touched.append(v)
                heapq.heappush(heap, (r, v))
        while len(heap) > 0:
            reached, j = heapq.heappop(heap)
            if reached > distance[j] or j == centre:
                continue
            for slot in range(begin[j], begin[j + 1]):
                h = corner[slot]  # face (j, a, b)
                after = h + 1 if h % 3 < 2 else h - 2
                before = h - 1 if h % 3 else h + 2
                for side in range(2):
                    if side == 0:  # a through the edge (j, b)
                        v, other = end[h], end[after]
                        base, side_near, side_far = length[before], length[h], length[after]
                        to_near, to_far = -transport[h], transport[after]
                    else:  # b through the edge (j, a)
                        v, other = end[after], end[h]
                        base, side_near, side_far = length[h], length[before], length[after]
                        to_near, to_far = transport[before], -transport[after]
                    if fixed[v]:
                        continue
                    new, share = -1.0, 0.0
                    if distance[other] < np.inf and other != centre:
                        new, share = _unfold(reached, distance[other], base, side_near, side_far)
                    if new < 0.0:
                        new, share = reached + side_near, 0.0
                    # The ring beyond the disc is unfolded too, as the base of triangles that reach back into the disc.
                    if new < distance[v] * (1.0 - 1e-12) and (new <= radius or reached <= radius):
                        if distance[v] == np.inf:
                            touched.append(v)
                        distance[v] = new
                        theta[v] = theta[j] + share * _wrap(theta[other] - theta[j]) if share > 0.0 else theta[j]
                        near = tau[j] + to_near
                        tau[v] = near + share * _wrap(tau[other] + to_far - near) if share > 0.0 else near
                        heapq.heappush(heap, (new, v))
        for v in touched:
            if wanted[v] and v != centre and distance[v] <= radius:
                if count == len(out_j):
                    out_j = np.concatenate((out_j, np.empty_like(out_j)))
                    out_i = np.concatenate((out_i, np.empty_like(out_i)))
                    out = np.concatenate((out, np.empty_like(out)), axis=1)
                out_j[count], out_i[count] = v, centre
                out[0, count], out[1, count], out[2, count] = distance[v], theta[v], tau[v]
                count += 1
            distance[v] = np.inf
            fixed[v] = False
    return out_j[:count], out_i[:count], out[0, :count].copy(), out[1, :count].copy(), out[2, :count].copy()
