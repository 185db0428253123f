"""Derivatives the slow way: a least-squares fit at each vertex, one after another, by LAPACK."""

import numpy as np

from gaugenet.group import Elements


def reference_jet(stencil, x, irrep):
    """Return g ``(V, 2, size)`` and H ``(V, 3, size)`` as H_11, H_12, H_22, of features ``x (V, size)`` of an irrep."""
    index, log, weight = stencil.edge_index, stencil.log, stencil.weight
    at = Elements.of(stencil.transport, stencil.flip)
    carried = (irrep.matrix(at) @ x[index[0], :, None])[:, :, 0].numpy()
    target, x = index[1].numpy(), x.numpy()
    r = log[:, :1].numpy() * np.stack([np.cos(log[:, 1].numpy()), np.sin(log[:, 1].numpy())], axis=1)
    jets = np.zeros((len(x), 5, x.shape[1]))
    for i in range(len(x)):
        here = target == i
        u, v = r[here].T
        columns = np.stack([u, v, 0.5 * u * u, u * v, 0.5 * v * v], axis=1)
        root = np.sqrt(weight[here].numpy())[:, None]
        scale = np.abs(columns).max(axis=0)  # for conditioning alone
        fit = np.linalg.lstsq(root * columns / scale, root * (carried[here] - x[i]), rcond=None)[0]
        jets[i] = fit / scale[:, None]
    return jets[:, :2], jets[:, 2:]
