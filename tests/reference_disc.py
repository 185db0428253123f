"""One geodesic disc, slowly and plainly: the reference for the compiled discs."""

import heapq

import numpy as np


def slow_disc(mesh, connection, centre, radius):
    """Return {j: (radius, angle, transport)} of the vertices within the radius of a centre."""
    faces_at = {v: [] for v in range(len(mesh.pos))}
    to, angle = {}, {}  # to[a, b]: transport from a to b; angle[a, b]: direction of b at a
    for h, (a, b) in enumerate(zip(connection.edges.start.tolist(), connection.edges.end.tolist(), strict=True)):
        to[a, b], to[b, a] = connection.transport[h], -connection.transport[h]
        angle[a, b], angle[b, a] = connection.angle[h]
    for face in mesh.face.tolist():
        for k in range(3):
            faces_at[face[k]].append((face[(k + 1) % 3], face[(k + 2) % 3]))

    def length(a, b):
        return np.linalg.norm(mesh.pos[a] - mesh.pos[b])

    ring = {v for face in faces_at[centre] for v in face}
    best = {v: (length(centre, v), angle[centre, v], to[v, centre]) for v in ring} | {centre: (0.0, 0.0, 0.0)}
    heap = [(best[v][0], v) for v in ring]
    heapq.heapify(heap)
    while heap:
        reached, j = heapq.heappop(heap)
        if reached > best[j][0]:
            continue
        for v, other in [pair for a, b in faces_at[j] for pair in ((a, b), (b, a))]:
            if v in ring or v == centre:
                continue
            _, theta, tau = best[j]
            new, tau = reached + length(j, v), tau + to[v, j]
            if other in best and other != centre:
                base, far = length(j, other), best[other][0]
                source, apex = corner(reached, far, base).conjugate(), corner(length(j, v), length(other, v), base)
                crossing = source.real - (apex - source).real * source.imag / (apex - source).imag
                if source.imag < 0 < apex.imag and 0 <= crossing <= base:
                    new = abs(apex - source)
                    share = np.angle(-source / (apex - source)) / np.angle(-source / (base - source))
                    theta += share * signed(best[other][1] - theta)
                    tau += share * signed(best[other][2] + to[v, other] - tau)
            if new < best.get(v, (np.inf,))[0] * (1 - 1e-12) and (new <= radius or reached <= radius):
                best[v] = (new, theta, tau)
                heapq.heappush(heap, (new, v))
    return {v: values for v, values in best.items() if values[0] <= radius and v != centre}


def corner(near, far, base):
    """The apex over a base from 0 to ``base``, at these distances from its ends."""
    x = (near**2 - far**2 + base**2) / (2 * base)
    return complex(x, np.sqrt(max(0.0, near**2 - x**2)))


def signed(angle):
    return np.angle(np.exp(1j * angle))
