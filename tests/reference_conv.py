"""The gauge-equivariant convolution written the slow and obvious way: edge by edge, with kernel matrices."""

import torch
from torch import Tensor

from gaugenet.kernel import kernel_basis, radial_profiles
from gaugenet.nn import GaugeConv


def reference_conv(
    conv: GaugeConv,
    x: Tensor,
    edge_index: Tensor,
    log: Tensor,
    transport: Tensor,
    weight: Tensor,
    radius: Tensor,
) -> Tensor:
    """Return y_i = sum_j w_ij kappa(r_ij, theta_ij) rho_in(transport_ij) x_j + W x_i + bias."""
    outputs = [pointwise(conv, x[i]) for i in range(len(x))]
    for e, (j, i) in enumerate(edge_index.T.tolist()):
        carried = conv.rep_in.matrix(transport[e]) @ x[j]
        outputs[i] = outputs[i] + weight[e] * kernel(conv, log[e, 0] / radius.squeeze(), log[e, 1]) @ carried
    return torch.stack(outputs)


def kernel(conv: GaugeConv, ratio: Tensor, theta: Tensor) -> Tensor:
    """Return kappa at one point of the tangent plane as a matrix (rep_out.dim, rep_in.dim)."""
    profiles = radial_profiles(ratio, conv.profiles)
    rows = []
    for b, out in enumerate(conv.rep_out):
        row = []
        for a, block in enumerate(conv.rep_in):
            basis = kernel_basis(block.order, out.order, theta)  # (basis, size_out, size_in)
            # One real coefficient for each solution, radial profile, copy in and copy out.
            if out.order == 0:
                coefficient = conv.weight[f"{a}_{b}"].reshape(len(basis), conv.profiles, block.multiplicity, -1)
            else:  # complex numbers, whose parts belong to a solution P and to i P
                parts = conv.weight[f"{a}_{b}"].reshape(2, len(basis) // 2, conv.profiles, block.multiplicity, -1)
                coefficient = parts.transpose(0, 1).flatten(0, 1)
            entries = torch.einsum("kst,r,krco->sotc", basis, profiles, coefficient)
            row.append(entries.reshape(out.dim, block.dim))
        rows.append(torch.cat(row, dim=1))
    return torch.cat(rows, dim=0)


def pointwise(conv: GaugeConv, x: Tensor) -> Tensor:
    """Return W x + bias at one vertex: equal orders mix by a + b i, the matrix ((a, -b), (b, a))."""
    linear = conv.intertwiner
    outputs, invariant = [], 0
    for b, out in enumerate(conv.rep_out):
        y = x.new_zeros(out.size, out.multiplicity)
        for a, block in enumerate(conv.rep_in):
            if block.order != out.order:
                continue
            z, weight = x[block.columns].reshape(block.size, block.multiplicity), linear.weight[f"{a}_{b}"]
            if out.order == 0:
                y = y + z @ weight
            else:
                y = y + torch.stack([z[0] @ weight[0] - z[1] @ weight[1], z[0] @ weight[1] + z[1] @ weight[0]])
        if out.order == 0 and linear.bias is not None:
            y = y + linear.bias[invariant : invariant + out.multiplicity]
            invariant += out.multiplicity
        outputs.append(y.reshape(-1))
    return torch.cat(outputs)
