"""The gauge-equivariant convolution written the slow and obvious way: edge by edge, with kernel matrices."""

import torch
from torch import Tensor

from gaugenet.group import Elements
from gaugenet.kernel import kernel_basis, radial_profiles
from gaugenet.nn import GaugeConv
from gaugenet.nn.convolution.learned_kernel import LearnedKernel


def reference_conv(
    conv: GaugeConv,
    x: Tensor,
    edge_index: Tensor,
    log: Tensor,
    transport: Tensor,
    weight: Tensor,
    radius: Tensor,
    flip: Tensor | None = None,
) -> Tensor:
    """Return y_i = sum_j w_ij kappa(r_ij, theta_ij) rho_in(g_ij) x_j + W x_i + bias."""
    flip = torch.zeros_like(transport, dtype=torch.bool) if flip is None else flip
    outputs = [pointwise(conv.kernel, x[i]) for i in range(len(x))]
    for e, (j, i) in enumerate(edge_index.T.tolist()):
        carried = conv.rep_in.matrix(Elements(transport[e], flip[e])) @ x[j]
        outputs[i] = outputs[i] + weight[e] * kernel(conv.kernel, log[e, 0] / radius.squeeze(), log[e, 1]) @ carried
    return torch.stack(outputs)


def kernel(conv: LearnedKernel, ratio: Tensor, theta: Tensor) -> Tensor:
    """Return kappa at one point of the tangent plane as a matrix (rep_out.dim, rep_in.dim)."""
    profiles = radial_profiles(ratio, conv.profiles)
    rows = []
    for b, out in enumerate(conv.rep_out):
        row = []
        for a, block in enumerate(conv.rep_in):
            basis = kernel_basis(block.irrep, out.irrep, conv.rep_in.group, conv.max_frequency).matrices(theta)
            if not basis.numel():
                row.append(theta.new_zeros(out.dim, block.dim))
                continue
            # One real coefficient for each solution, radial profile, copy in and copy out.
            entries = torch.einsum("kst,r,krco->sotc", basis, profiles, conv.weight[f"{a}_{b}"])
            row.append(entries.reshape(out.dim, block.dim))
        rows.append(torch.cat(row, dim=1))
    return torch.cat(rows, dim=0)


def pointwise(conv: LearnedKernel, x: Tensor) -> Tensor:
    """Return W x + bias at one vertex: equal irreps mix by a + b i, the matrix ((a, -b), (b, a)), or by a alone."""
    linear = conv.intertwiner
    outputs, invariant = [], 0
    for b, out in enumerate(conv.rep_out):
        y = x.new_zeros(out.size, out.multiplicity)
        for a, block in enumerate(conv.rep_in):
            if block.irrep != out.irrep:
                continue
            z, weight = x[block.columns].reshape(block.size, block.multiplicity), linear.weight[f"{a}_{b}"]
            if out.irrep.commutant == 1:
                y = y + z @ weight
            else:
                y = y + torch.stack([z[0] @ weight[0] - z[1] @ weight[1], z[0] @ weight[1] + z[1] @ weight[0]])
        if out.invariant and linear.bias is not None:
            y = y + linear.bias[invariant : invariant + out.multiplicity]
            invariant += out.multiplicity
        outputs.append(y.reshape(-1))
    return torch.cat(outputs)
