"""Correlations of Cohen et al. (2018), integrals over S^2 and SO(3), are ``SphericalConv`` of kernels in harmonics."""

import math

import torch
from reference_sphere import function_at, random_coefficients, rotations_of

from gaugenet.kernel import kernel_basis
from gaugenet.so3 import real_harmonics
from gaugenet.sphere import SO3Transform, SphereGrid, SphericalConv, rows_of_degree, so3_representation

BAND_LIMIT = 4
ALL = so3_representation(BAND_LIMIT, 1)
GRID = SphereGrid(BAND_LIMIT)


def norm(degree):
    """N_l, the length of a harmonic at the pole."""
    return math.sqrt((2 * degree + 1) / (4 * math.pi))


def columns_of(degree):
    """The matrix T (dim, 2 l + 1) with f(g) = sum_l N_l tr((x_l T)^T D^l(g)), D real, and S, for which S T = 1.

    Coefficients x_l (2 l + 1, dim) of a function on SO(3) have a column for the order 0 and two, a and b, for each n:
    column 0 of D, and columns n and -n over sqrt(2), the latter with the sign of exp(-i n gamma).
    """
    place = torch.zeros(ALL.dim, 2 * degree + 1, dtype=torch.float64)
    length = torch.full((ALL.dim, 1), math.sqrt(0.5), dtype=torch.float64)
    place[0, degree], length[0] = 1.0, 1.0
    for n in range(1, degree + 1):
        place[2 * n - 1, degree + n], place[2 * n, degree - n] = 1.0, -1.0
    return place * length, (place / length).T


def with_matrices(rep_in, rep_out, wanted):
    """A layer with these W_l (L, in, out): each solution of the kernel constraint has its share of them."""
    layer = SphericalConv(rep_in, rep_out, BAND_LIMIT, bias=False).double()
    with torch.no_grad():
        for b, out in enumerate(layer.rep_out):
            for a, into in enumerate(layer.rep_in):
                basis = kernel_basis(into.irrep, out.irrep, layer.rep_in.group)
                pattern = basis.matrices(torch.zeros((), dtype=torch.float64))
                plain = torch.tensor([frequency == abs(out.order - into.order) for frequency in basis.frequencies])
                sign = torch.where(plain, 1.0, (-1.0) ** into.order)  # of solutions that read the conjugate
                share = torch.einsum("soi,lio->sl", pattern, wanted[:, into.columns, out.columns])
                share = share * (sign / pattern.square().sum((1, 2)))[:, None]
                layer.weight[f"{a}_{b}"].copy_(share[..., None, None])
    assert (layer.matrices() - wanted).abs().max() < 1e-14 * wanted.abs().max(), "it is one of the maps of the layer"
    return layer


def by_degree(kernel, matrix):
    """Stack the matrices W_l that a kernel's coefficients of each degree make."""
    return torch.stack([matrix(l, kernel[rows_of_degree(l)]) for l in range(BAND_LIMIT)])


def test_correlation_on_the_sphere():
    """[k * f](R) = integral of k(R^-1 x) f(x) over S^2; of k(R x) it is another function."""
    kernel, field = (random_coefficients("1x0", BAND_LIMIT, seed=seed) for seed in (1, 2))
    layer = with_matrices("1x0", ALL, by_degree(kernel, lambda l, k: k.T @ columns_of(l)[1] / norm(l)))
    found = SO3Transform(1, GRID).inverse(layer(field)).detach()

    fine, rotation = SphereGrid(6), rotations_of(GRID)

    def integral(moved):
        values = real_harmonics(BAND_LIMIT, moved) @ kernel * (real_harmonics(BAND_LIMIT, fine.points) @ field)
        return (values * fine.weight[:, None]).sum(-2)

    size = found.abs().max()
    assert (integral(fine.points @ rotation) - found).abs().max() < 1e-13 * size  # R^-1 x, as rows
    assert (integral(fine.points @ rotation.mT) - found).abs().max() > 0.1 * size


def test_correlation_on_the_rotations():
    """[k * f](R) = integral of k(R^-1 Q) f(Q) over SO(3), whose volume is 8 pi^2; of k(R Q) it is another function."""
    kernel, field = (random_coefficients(ALL, BAND_LIMIT, seed=seed) for seed in (1, 2))

    def matrix(l, k):
        frequencies, back = columns_of(l)
        return 8 * math.pi**2 / (2 * l + 1) * norm(l) * frequencies @ (k @ frequencies).T @ back

    layer = with_matrices(ALL, ALL, by_degree(kernel, matrix))
    found = SO3Transform(1, GRID).inverse(layer(field)).detach()

    every = rotations_of(GRID)
    values = function_at(field, BAND_LIMIT, 1, every) * GRID.weight[:, None, None] * (math.pi / BAND_LIMIT)

    def integral(moved):
        return (function_at(kernel, BAND_LIMIT, 1, moved) * values).sum()

    size = found.abs().max()
    for place in ((0, 0), (9, 2), (30, 1), (57, 6)):
        assert (integral(every[place].T @ every) - found[place]).abs().max() < 1e-13 * size
        assert (integral(every[place] @ every) - found[place]).abs().max() > 0.01 * size
