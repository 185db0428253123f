"""Spherical convolutions: equivariant under SO(3), all linear equivariant maps, and the limit of gauge convolutions."""

import math

import numpy as np
import pytest
import torch
from reference_sphere import field_at, random_coefficients

from gaugenet import GaugeConv
from gaugenet.group import Elements
from gaugenet.kernel import kernel_basis, radial_profiles
from gaugenet.representation import Representation
from gaugenet.so3 import random_rotation, real_wigner_D, rotation_from_euler
from gaugenet.sphere import HarmonicTransform, SphereGrid, SphericalConv, degrees, rotated, so3_representation

KERNELS = {"free": {}, "smooth": {"count": 3}, "local": {"count": 2, "radius": 0.7}}
CASES = {  # the special cases that the literature has names for
    "zonal": ("3x0", "2x0"),
    "spin-weighted": ("2x0 + 2x1", "1x0 + 3x1 + 1x2"),
    "S2 to SO3": ("2x0", so3_representation(6, 2)),
    "SO3": (so3_representation(6, 2), so3_representation(6, 1)),
    "SO3 to S2": (so3_representation(6, 2), "3x0"),
}


def conv(case, kernel="free", band_limit=6, **settings):
    torch.manual_seed(0)
    return SphericalConv(*CASES[case], band_limit, kernel, **KERNELS[kernel], **settings).double()


@pytest.fixture
def rotation():
    return random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("case", CASES)
def test_equivariant_under_rotations(case, kernel, rotation):
    layer = conv(case, kernel)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
        x = random_coefficients(layer.rep_in, 6, 2)
        y = layer(x)
        assert (layer(rotated(x, rotation)) - rotated(y, rotation)).abs().max() < 1e-13 * y.abs().max()
        for block in layer.rep_out:
            assert not y[:, degrees(6) < block.order, block.columns].any()


def test_a_layer_that_mixes_orders_m_is_found_out(rotation):
    x = random_coefficients("1x0", 6)
    assert (rotated(x, rotation).roll(1, dims=0) - rotated(x.roll(1, dims=0), rotation)).abs().max() > 0.1


@pytest.mark.parametrize("orders", [(0, 0), (0, 2), (1, 0), (1, 1), (2, 1)])
def test_there_is_no_other_linear_equivariant_map(orders):
    """Solve D_out(g) A = A D_in(g) for all maps A by brute force: as many solutions as free weights."""
    size, (n, q) = 4, orders
    rotations = random_rotation(3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    known = {k: degrees(size) >= k for k in (n, q)}
    copies = {k: 1 if k == 0 else 2 for k in (n, q)}

    def matrix(k, rotation):
        whole = torch.block_diag(*(real_wigner_D(l, rotation) for l in range(size)))
        return torch.kron(whole[known[k]][:, known[k]], torch.eye(copies[k], dtype=torch.float64))

    rows = []
    for rotation in rotations:
        into, out = matrix(n, rotation), matrix(q, rotation)
        eye_in, eye_out = (torch.eye(len(one), dtype=torch.float64) for one in (into, out))
        rows.append(torch.kron(out, eye_in) - torch.kron(eye_out, into.T.contiguous()))
    singular = torch.linalg.svdvals(torch.cat(rows))
    solutions = int((singular < 1e-9).sum())
    layer = SphericalConv(f"1x{n}", f"1x{q}", size, bias=False)
    free = sum(layer.weight["0_0"][:, l].numel() for l in range(max(n, q), size))  # below there are no harmonics
    assert solutions == free == copies[n] * copies[q] * (size - max(n, q))
    assert singular[singular > 1e-9].min() > 1e-3
    # and the layer reaches all of them: its matrices span that many dimensions
    images = []
    for k in range(layer.weight["0_0"].numel()):
        with torch.no_grad():
            layer.weight["0_0"].copy_(torch.eye(layer.weight["0_0"].numel())[k].view(layer.weight["0_0"].shape))
            images.append(layer.matrices().flatten())
    assert torch.linalg.matrix_rank(torch.stack(images)) == solutions


def kernel_at_the_pole(apply, rep_in, rep_out, size, r, theta):
    """The kernel kappa(x) (..., out, in) of a linear map of coefficients: what the pole gets of the field at x.

    (map f)(pole) = integral of kappa(x) f(x), with f(x) in the frame of the pole, carried there along the geodesic.
    Harmonics are orthonormal: kappa is the sum of their images at the pole times their values at x.
    """
    rep_in = Representation(rep_in)
    harmonic = torch.eye(size**2 * rep_in.dim, dtype=torch.float64).unflatten(1, (size**2, rep_in.dim))
    image = field_at(apply(harmonic), rep_out, torch.eye(3, dtype=torch.float64)[None])[:, 0]
    frame = rotation_from_euler(theta, r, -theta)
    value = field_at(harmonic, rep_in, frame.flatten(0, -3)).unflatten(1, frame.shape[:-2])
    return torch.einsum("ko,k...i->...oi", image, value)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("orders", [(0, 0), (0, 2), (1, 0), (1, 1), (2, 1), (2, 3)])
def test_kernels_of_free_maps_obey_the_gauge_kernel_constraint(orders, broken):
    """The converse: any matrix a degree has a kernel about the pole of ``kernel_basis``; maps that mix m have none."""
    size, (n, q) = 5, orders
    torch.manual_seed(0)
    layer = SphericalConv(f"1x{n}", f"1x{q}", size, bias=False).double()
    basis = kernel_basis(layer.rep_in.irreps[0], layer.rep_out.irreps[0], layer.rep_in.group)
    r = torch.linspace(0.2, 3.0, 6, dtype=torch.float64)[:, None]
    theta = torch.arange(16, dtype=torch.float64) * math.pi / 8

    @torch.no_grad()
    def kernel(turn=0.0):
        apply = (lambda x: layer(x.roll(1, dims=-2))) if broken else layer
        return kernel_at_the_pole(apply, layer.rep_in, layer.rep_out, size, *torch.broadcast_tensors(r, theta + turn))

    def misfit(kappa, turn=0.7):
        """By how much kappa(g x) fails to be rho_out(g) kappa(x) rho_in(g)^-1."""
        at = Elements.rotations(torch.tensor(turn, dtype=torch.float64))
        out, into = (rep.irreps[0].matrix(at) for rep in (layer.rep_out, layer.rep_in))
        return float((kernel(turn) - out @ kappa @ into.T).abs().max() / kappa.abs().max())

    kappa = kernel()
    # On a circle the solutions of the constraint are orthogonal, and as long as its angles are many.
    solutions = basis.matrices(theta)
    length = solutions.square().sum((0, 2, 3))
    part = torch.einsum("rtoi,tsoi->rs", kappa, solutions) / length
    rest = kappa - torch.einsum("rs,tsoi->rtoi", part, solutions)
    if broken:
        assert misfit(kappa) > 0.1 and rest.abs().max() > 0.1 * kappa.abs().max()
        return
    assert misfit(kappa) < 1e-12 and rest.abs().max() < 1e-12 * kappa.abs().max()
    assert (part.abs().amax(0) > 1e-3).all(), "free maps have all of them"


@pytest.mark.parametrize("n", range(4))
@pytest.mark.parametrize("q", range(4))
def test_local_kernels_are_averages_over_discs(n, q, rotation):
    """Multipliers against the integral of kernel times transported field over a disc, with the weights of GaugeConv."""
    size, count, radius = 5, 3, 0.9
    torch.manual_seed(1)
    layer = SphericalConv(f"1x{n}", f"1x{q}", size, "local", count, radius, bias=False).double()
    gauge = GaugeConv(f"1x{n}", f"1x{q}", count, bias=False)
    assert layer.weight["0_0"].shape == gauge.kernel.weight["0_0"].shape
    x = random_coefficients(layer.rep_in, size)
    wanted = field_at(layer(x).detach(), layer.rep_out, rotation[None])[0]

    ends = np.array([0.0, *[math.sqrt((k + 0.5) / count) for k in range(count)], 1.0]) * radius
    node, weight = np.polynomial.legendre.leggauss(12)
    half = np.diff(ends) / 2
    r = torch.from_numpy(((ends[:-1] + half)[:, None] + half[:, None] * node).ravel())
    share = torch.from_numpy((half[:, None] * weight).ravel()) * r.sin() / (1 - math.cos(radius))
    r, theta = torch.meshgrid(r, torch.arange(24, dtype=torch.float64) * math.pi / 12, indexing="ij")
    frame = rotation @ rotation_from_euler(theta, r, -theta).flatten(0, 1)  # the frame, carried along the geodesic
    moved = field_at(x, layer.rep_in, frame)
    kernel = kernel_basis(layer.rep_in.blocks[0].irrep, layer.rep_out.blocks[0].irrep, layer.rep_in.group)
    kernels = kernel.matrices(theta.flatten())
    profiles = radial_profiles(r.flatten() / radius, count)
    shares = share.repeat_interleave(24) / 24
    weights = layer.weight["0_0"][..., 0, 0].detach()
    found = torch.einsum("v,vp,vsoi,vi,sp->o", shares, profiles, kernels, moved, weights)
    assert (found - wanted).abs().max() < 1e-13 * max(1.0, float(wanted.abs().max()))


def test_zonal_multipliers_by_hand():
    # Averaged over a cap, Y_l is multiplied by (P_(l-1)(c) - P_(l+1)(c)) / ((2 l + 1)(1 - c)).
    layer = SphericalConv("1x0", "1x0", 3, "local", count=1, radius=1.0, bias=False).double()
    with torch.no_grad():
        layer.weight["0_0"].fill_(1.0)
    c = math.cos(1.0)
    P = [1.0, c, (3 * c**2 - 1) / 2, (5 * c**3 - 3 * c) / 2]
    wanted = [1.0, *((P[l - 1] - P[l + 1]) / ((2 * l + 1) * (1 - c)) for l in (1, 2))]
    assert torch.allclose(layer.matrices().flatten(), torch.tensor(wanted, dtype=torch.float64), atol=1e-14)


@pytest.mark.parametrize("kernel", KERNELS)
def test_outputs_are_as_large_as_inputs(kernel):
    torch.manual_seed(0)
    rep = "16x0 + 16x1 + 8x2"
    layer = SphericalConv(rep, rep, 16, kernel, **KERNELS[kernel])
    x = random_coefficients(rep, 16).float()
    assert 0.5 < layer(x).detach().square().mean() / x.square().mean() < 2.0


def test_bias_is_a_constant_field():
    layer = SphericalConv("1x0 + 1x1", "1x1 + 2x0", 4)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([2.0, -3.0]))
    y = HarmonicTransform(layer.rep_out, SphereGrid(4)).inverse(layer(torch.zeros(16, 3)))
    assert torch.allclose(y, torch.tensor([0.0, 0.0, 2.0, -3.0]).expand(64, 4), atol=1e-6)


def test_state_dict_holds_parameters_alone_and_gradients_flow():
    layer = conv("spin-weighted", "local")
    assert set(layer.state_dict()) == set(dict(layer.named_parameters()))
    layer(random_coefficients(layer.rep_in, 6)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in layer.parameters())


def test_refusals():
    for arguments, message in {
        ("1x0", "1x4", 4): "band limit 4, got 1x4",
        ("C4: 1x0", "1x0", 4): "a representation of SO2 with",
        ("1x0", "1x0", 4, "sharp"): 'got "sharp"',
        ("1x0", "1x0", 4, "free", 3): r'got "free" with \[\'count\'\]',
        ("1x0", "1x0", 4, "local", 3): r'got "local" with \[\'count\'\]',
        ("1x0", "1x0", 4, "smooth", 1): "count >= 2, got 1",
        ("1x0", "1x0", 4, "local", 0, 1.0): "count >= 1 and a radius",
        ("1x0", "1x0", 4, "local", 2, 4.0): r"radius in \(0, pi\]",
        ("1x0", "1x0", 4.0): r"SphericalConv expects an integer band limit >= 1, got 4\.0",
    }.items():
        with pytest.raises(ValueError, match=message):
            SphericalConv(*arguments)
    with pytest.raises(ValueError, match=r"coefficients \(..., 16, 1\) of 1x0 with band limit 4, got \(9, 1\)"):
        SphericalConv("1x0", "1x0", 4)(torch.zeros(9, 1))
