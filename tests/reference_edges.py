"""Attention and messages written the slow and obvious way: edge by edge, with explicit matrices."""

import surfaces
import torch
from reference_conv import kernel, pointwise
from torch import Tensor

from gaugenet.group import Elements
from gaugenet.kernel import kernel_basis, radial_profiles
from gaugenet.nn import GaugeAttention, MessageConv
from gaugenet.nn.convolution.learned_kernel import LearnedKernel
from gaugenet.nn.edge_frame import EdgeFrame, Reading
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

PAIRS = [
    ("2x0", "2x0 + 1x1"),
    ("1x0 + 2x1 + 1x2", "2x0 + 1x1 + 1x2"),
    ("O2: 2x0e + 1x0o + 2x1", "1x0e + 2x0o + 1x1"),
    ("O2: 2x0e", "1x1"),
    ("C4: 2x0 + 1x1 + 2x2", "1x1 + 1x2 + 1x0"),
    ("D4: regular", "1x0o + 1x1 + 1x2e"),
    ("D1: 2x0e + 1x0o", "1x0e + 2x0o"),
    ("trivial: 3x0", "2x0"),
]


def small(group):
    """A mesh of 30 vertices, one-sided where the group allows, in random frames."""
    mesh = surfaces.moebius(10, 3) if group.reflections else surfaces.uneven_sphere(30)
    data = FrameBundle(neighbours=6, group=str(group))(surfaces.data_of(mesh))
    return change_gauge(data, group.random(30, generator=torch.Generator().manual_seed(0)))


def edges(data):
    """Yield source, target, ratio r / R, angle, transport and weight of each edge."""
    flip = data.get("flip_0")
    flip = torch.zeros_like(data.transport_0, dtype=torch.bool) if flip is None else flip
    for e, (j, i) in enumerate(data.edge_index_0.T.tolist()):
        (radius, theta), at = data.log_0[e], Elements(data.transport_0[e], flip[e])
        yield j, i, radius / data.radius_0.squeeze(), theta, at, data.weight_0[e]


def read(reading: Reading, kind, x_i: Tensor, x_j: Tensor, ratio: Tensor, theta: Tensor, at: Elements) -> Tensor:
    """Return h_ij: rows of kernels to an irrep of one number, applied to features of both ends in the frame of i."""
    rep, invariant = reading.here.rep_in, reading.here.rep_in.group.trivial_irrep
    rows = [kernel_basis(irrep, kind, rep.group).matrices(theta)[:: irrep.commutant] for irrep in rep.irreps]
    rows = [row[0] for one in rows for row in one]  # one (size,) for each block of the hidden representation
    hidden = reading.here.rep_out
    own, other = reading.here(x_i), hidden.matrix(at) @ reading.there(x_j)
    h = x_i.new_zeros(reading.channels)
    for row, block in zip(rows, hidden.blocks, strict=True):
        h = h + row @ (own + other)[block.columns].reshape(block.size, block.multiplicity)
    directions = kernel_basis(invariant, kind, rep.group).matrices(theta)[:, 0, 0]
    if len(directions):
        h = h + torch.outer(directions, radial_profiles(ratio, reading.profiles)).flatten() @ reading.geometry
    return h


def messages(frame: EdgeFrame, *edge) -> list[Tensor]:
    """Return the messages of one edge: the value of a function at 1 and at F, made even and odd."""
    even, *odd = (read(one, kind, *edge) for one, kind in zip(frame.readings, frame.rep_out.irreps, strict=True))
    silu = torch.nn.functional.silu
    if not odd:
        return [silu(even)]
    one, mirrored = silu(even + odd[0]), silu(even - odd[0])
    return [(one + mirrored) / 2, (one - mirrored) / 2]


def reference_attention(layer: GaugeAttention, x: Tensor, data) -> Tensor:
    """Return y_i = sum_h sum_j alpha^h_ij kappa_h(r_ij, theta_ij) rho_in(g_ij) x_j + W x_i + bias."""
    outputs = [pointwise(layer.kernel, one) for one in x]
    logits: dict[int, list] = {}
    for j, i, ratio, theta, at, weight in edges(data):
        score = messages(layer.edge_frame, x[i], x[j], ratio, theta, at)[0] @ layer.score
        logits.setdefault(i, []).append((score, weight, ratio, theta, layer.rep_in.matrix(at) @ x[j]))
    for i, disc in logits.items():
        total = sum(weight * score.exp() for score, weight, *_ in disc)
        for score, weight, ratio, theta, carried in disc:
            for h in range(layer.heads):
                matrix = kernel(Head(layer, h), ratio, theta)
                outputs[i] = outputs[i] + weight * score[h].exp() / total[h] * (matrix @ carried)
    return torch.stack(outputs)


class Head:
    """The kernels of one head, as those of a convolution; gradients reach the layer."""

    def __init__(self, layer: GaugeAttention, h: int):
        self.rep_in, self.rep_out, self.profiles, self.max_frequency = layer.rep_in, layer.rep_out, layer.profiles, None
        mine = slice(h * layer.profiles, (h + 1) * layer.profiles)
        self.weight = {key: weight[:, mine] for key, weight in layer.kernel.weight.items()}


def reference_messages(layer: MessageConv, x: Tensor, data) -> Tensor:
    """Return y_i = sum_j w_ij kappa(r_ij, theta_ij) m_ij + W x_i + bias."""
    outputs = [pointwise(layer, one) for one in x]
    weights = LearnedKernel(layer.edge_frame.rep_out, layer.rep_out, layer.profiles)
    weights.weight = layer.kernels.weight
    for j, i, ratio, theta, at, weight in edges(data):
        message = torch.cat(messages(layer.edge_frame, x[i], x[j], ratio, theta, at))
        outputs[i] = outputs[i] + weight * kernel(weights, ratio, theta) @ message
    return torch.stack(outputs)


def both(layer, reference, data):
    """Output, input gradient and parameter gradients of layer and reference, each in one vector."""
    x = layer.rep_in.randn(len(data.area_0), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = x.requires_grad_()
    results = []
    for y in (layer(x, data), reference(layer, x, data)):
        cotangent = torch.cos(torch.arange(y.numel(), dtype=y.dtype)).reshape(y.shape)
        gradients = torch.autograd.grad((cotangent * y).sum(), [x, *layer.parameters()])
        results.append([y.detach(), gradients[0], torch.cat([g.flatten() for g in gradients[1:]])])
    return list(zip(*results, strict=True))
