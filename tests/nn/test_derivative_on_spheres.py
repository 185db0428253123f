"""Differential operators on the unit sphere, against fields of every spin in closed form: errors and their orders.

With m = e1 + i e2 and a harmonic polynomial f of degree l the spin-raised fields D_+^n f are polynomials in x and m, by
D_+ x = m and D_+ m = 0; up to a factor they are the spin-weighted harmonics: D_+^n Y = sqrt((l+n)! / (l-n)!) nY. Then

    D_- D_+^(n+1) f = -(l-n)(l+n+1) D_+^n f,    nabla* nabla D_+^n f = (l(l+1) - n^2) D_+^n f,    [D_-, D_+] = 2 n K.
"""

import functools
import math

import pytest
import surfaces
import torch

from gaugenet.nn import Curl, Divergence, Gradient, Laplacian, Lower, Raise
from gaugenet.transforms.frame_bundle import FrameBundle


@functools.cache
def sphere(count, neighbours, exact):
    """A bundle in frames tangent to the sphere; ``exact``: with logarithms and transport along great circles."""
    data = FrameBundle(neighbours=neighbours)(surfaces.data_of(surfaces.uneven_sphere(count)))
    x = data.pos
    e1 = data.frame[:, 0] - (data.frame[:, 0] * x).sum(1, keepdim=True) * x
    e1 = e1 / e1.norm(dim=1, keepdim=True)
    data.frame = torch.stack([e1, torch.linalg.cross(x, e1), x], 1)
    if exact:
        radius, angle, transport = surfaces.sphere_log(x.numpy(), data.frame.numpy(), data.edge_index_0.numpy())
        data.log_0 = torch.stack([torch.from_numpy(radius), torch.from_numpy(angle)], 1)
        data.transport_0 = torch.from_numpy(transport)
    return data


def ladder(data, degree):
    """Spin-raised fields D_+^n f, n = 0 ... l, of f = z, xy or xyz, as features ``(V, 2)`` or, n = 0, ``(V, 1)``."""
    x, m = data.pos.unbind(1), torch.complex(data.frame[:, 0], data.frame[:, 1]).unbind(1)
    (x1, x2, x3), (m1, m2, m3) = x, m
    fields = {
        1: [x3, m3],
        2: [x1 * x2, m1 * x2 + x1 * m2, 2 * m1 * m2],
        3: [
            x1 * x2 * x3,
            m1 * x2 * x3 + x1 * m2 * x3 + x1 * x2 * m3,
            2 * (m1 * m2 * x3 + m1 * x2 * m3 + x1 * m2 * m3),
            6 * m1 * m2 * m3,
        ],
    }[degree]
    return [fields[0][:, None], *(torch.view_as_real(z) for z in fields[1:])]


def rms(values):
    return float(values.square().sum(1).mean().sqrt())


def lowered(n, u, data):
    """D_- to order n - 1; to order 0 as (Re, Im)."""
    return Lower(f"1x{n}")(u, data)


def raised(n, u, data):
    """D_+ from order n; from order 0 of one real number or of (Re, Im)."""
    if n == 0 and u.shape[1] == 2:
        return Raise("O2: 1x0e + 1x0o")(u, data).unflatten(1, (2, 2)).sum(1)
    return Raise(f"1x{n}")(u, data)


def errors(data, degree):
    """Relative root mean square errors of each operator, the worst over the spins of a ladder."""
    found = {"first": 0.0, "second": 0.0, "composed": 0.0, "commutator": 0.0}

    def compare(name, got, exact, scale):
        found[name] = max(found[name], rms(got - exact) / rms(scale))

    fields, lowest = ladder(data, degree), degree * (degree + 1)
    compare("first", Gradient("1x0")(fields[0], data), fields[1], fields[1])
    compare("composed", Laplacian("1x0", "hodge")(fields[0], data), lowest * fields[0], lowest * fields[0])
    compare("composed", Laplacian("1x1", "hodge")(fields[1], data), lowest * fields[1], lowest * fields[1])
    for n, u in enumerate(fields):
        above = fields[n + 1] if n < degree else torch.zeros_like(fields[n])
        compare("first", raised(n, u, data), above, fields[n + 1] if n < degree else u)
        compare("second", Laplacian(f"1x{n}")(u, data), (lowest - n * n) * u, lowest * u)
        if n:
            factor = -(degree - n + 1) * (degree + n)
            below = torch.cat([fields[0], 0 * fields[0]], 1) if n == 1 else fields[n - 1]
            compare("first", lowered(n, u, data), factor * below, factor * below)
            both = lowered(n + 1, raised(n, u, data), data) - raised(n - 1, lowered(n, u, data), data)
            compare("commutator", both, 2 * n * u, 2 * n * u)
    return found


def orders(coarse, fine, refinement):
    return {name: math.log(coarse[name] / fine[name]) / math.log(refinement) for name in coarse}


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_the_closed_forms_are_spin_weighted_harmonics(degree):
    """Their norms: the integral of |D_+^(n+1) f|^2 is (l-n)(l+n+1) times that of |D_+^n f|^2."""
    data = sphere(1000, 24, True)
    norms = [float((data.area_0[:, None] * u.square()).sum()) for u in ladder(data, degree)]
    for n in range(degree):
        assert norms[n + 1] / norms[n] == pytest.approx((degree - n) * (degree + n + 1), rel=0.01)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_on_discs_of_the_sphere_derivatives_converge(degree):
    """Known logarithms and transport, 24 neighbours: first derivatives of order 2, second ones of order 1.

    Twice applied first derivatives are of order 2, too; on coarse meshes they have not quite come to it.
    """
    coarse, fine = (errors(sphere(count, 24, True), degree) for count in (250, 1000))
    found = orders(coarse, fine, 2)
    assert found["first"] > 1.8
    assert found["second"] > 1.0
    assert found["composed"] > 1.6
    assert found["commutator"] > 1.5


def test_backwards_spin_does_not_converge():
    """What the orders above would find: transport the wrong way."""
    found = []
    for count in (250, 1000):
        data = sphere(count, 24, True).clone()
        data.transport_0 = -data.transport_0
        found.append(errors(data, 2))
    assert all(order < 0.5 for order in orders(*found, 2).values())


def test_on_the_1_ring_derivatives_of_functions_converge():
    """Gradients with order 2; Laplacians with order 1, but not where 4 neighbours or fewer leave the Hessian open."""
    found = []
    for count in (250, 1000):
        data = sphere(count, None, False)
        f, v = ladder(data, 1)
        second = (Laplacian("1x0")(f, data) - 2 * f) / rms(2 * f)
        many = torch.bincount(data.edge_index_0[1]) >= 5
        found.append([rms(Gradient("1x0")(f, data) - v) / rms(v), rms(second[many]), rms(second[~many])])
    (first, second, few), (finer_first, finer_second, finer_few) = found
    assert math.log2(first / finer_first) > 1.5
    assert math.log2(second / finer_second) > 0.8
    assert finer_few > 5 * finer_second
    assert finer_few > few


@pytest.mark.slow
def test_on_meshes_everything_converges_on_growing_discs():
    """Directions and transport of a mesh are off by a random part of h^2, which second derivatives divide by h^2.

    Discs with twice the neighbours where edges are half as long average it out: all orders are at least 0.7.
    """
    coarse, fine = (errors(sphere(count, neighbours, False), 2) for count, neighbours in ((500, 16), (2000, 32)))
    assert min(orders(coarse, fine, 2).values()) > 0.7


def test_the_hodge_laplacian_of_vectors_has_the_curvature_more():
    """Weitzenböck: of any field, here one that is no eigenfunction, their difference is K = 1 times it."""
    apart = []
    for count in (250, 1000):
        data = sphere(count, 24, True)
        w = data.pos[:, :1] * ladder(data, 1)[1]
        difference = Laplacian("1x1", "hodge")(w, data) - Laplacian("1x1")(w, data)
        apart.append(rms(difference - w) / rms(w))
    assert apart[1] < 0.25
    assert math.log2(apart[0] / apart[1]) > 1.5


def test_gradients_have_no_curl_and_curls_no_divergence():
    found = []
    for count in (1000, 4000):
        data = sphere(count, 24, True)
        f, _, _ = ladder(data, 2)
        gradient, rotated = Gradient("1x0")(f, data), Raise("O2: 1x0o")(f, data)
        assert torch.allclose(rotated, torch.stack([-gradient[:, 1], gradient[:, 0]], 1), atol=1e-12)
        found.append([rms(Curl("1x1")(gradient, data)), rms(Divergence("1x1")(rotated, data))])
    for coarse, fine in zip(*found, strict=True):
        assert math.log2(coarse / fine) > 1.0
        assert fine < 0.003


@pytest.mark.parametrize("exact", [True, False])
def test_integration_by_parts(exact):
    """<grad f, v> + <f, div v> vanishes in the limit; v is neither a gradient nor a curl."""
    found = []
    for count in (250, 1000):
        data = sphere(count, 24, exact)
        f, area = ladder(data, 2)[0], data.area_0[:, None]
        v = data.pos[:, 1:2] * torch.view_as_real(torch.complex(data.frame[:, 0, 0], data.frame[:, 1, 0]))
        one, other = area * Gradient("1x0")(f, data) * v, area * f * Divergence("1x1")(v, data)
        found.append(abs(float(one.sum() + other.sum())) / float(one.abs().sum()))
    assert found[1] < 0.01
    assert found[1] < 0.5 * found[0]
