"""Log maps and transport by the vector heat method: slow, global, independent; a second opinion on the discs."""

from __future__ import annotations

import numpy as np

from gaugenet.bundle.connection import Connection
from gaugenet.bundle.edges import BundleEdges
from gaugenet.mesh.mesh import Mesh


def vector_heat_discs(mesh: Mesh, connection: Connection, edges: BundleEdges) -> BundleEdges:
    """Recompute radius, angle and transport of given edges by the vector heat method (Sharp et al. 2019).

    Solves globally once for each centre (its most accurate variant, "AffineLocal"): seconds to minutes a mesh, for
    checking and for small meshes. Vertices no face uses must have no edges.

    Args:
        mesh: clean mesh. edges: which pairs to compute, each within one component: the solver gives NaN elsewhere.

    Raises:
        ImportError: where potpourri3d is not installed.
        ValueError: where the solver's answer is not finite.
    """
    try:
        import potpourri3d
    except ImportError:
        raise ImportError(
            'method="vector_heat" needs potpourri3d, which is not installed: pip install "gaugenet[vector-heat]"'
        ) from None
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
        # The solver carries i's first axis to j; ours takes components at j to components at i.
        arrived = np.arctan2(moved[:, 1], moved[:, 0]) + offset[members]
        transport[here] = offset[rank[i]] - arrived
    if not (np.isfinite(log).all() and np.isfinite(transport).all()):
        raise ValueError(
            "the vector heat method gave values that are not finite on this mesh (several components?): use "
            'method="geodesic", or split the mesh into components'
        )
    return BundleEdges.build(source, target, log, transport)
