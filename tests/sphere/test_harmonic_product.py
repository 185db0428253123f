"""Clebsch-Gordan products of fields on the sphere."""

import pytest
import torch
from reference_sphere import random_coefficients

from gaugenet.so3 import random_rotation, real_clebsch_gordan
from gaugenet.sphere import HarmonicProduct, HarmonicTransform, SphereGrid, degrees, rotated, rows_of_degree

REP_IN, REP_OUT = "2x0 + 1x1 + 1x3", "1x0 + 2x2"
WAYS = [{}, {"tree": True}, {"all_channels": True, "channels": 3}, {"tree": True, "all_channels": True, "channels": 2}]


def product(**settings):
    torch.manual_seed(0)
    return HarmonicProduct(REP_IN, REP_OUT, 6, **settings).double()


@pytest.mark.parametrize("way", WAYS)
def test_equivariant_under_rotations(way):
    layer, x = product(**way), random_coefficients(REP_IN, 6, 2)
    rotation = random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]
    with torch.no_grad():
        y = layer(x)
        assert (layer(rotated(x, rotation)) - rotated(y, rotation)).abs().max() < 1e-13 * y.abs().max()
        assert y.abs().max() > 0.1
        assert not y[:, degrees(6) < 2, 1:].any()


@pytest.mark.parametrize("way", WAYS)
def test_it_is_quadratic(way):
    layer, x = product(**way), random_coefficients(REP_IN, 6)
    assert torch.allclose(layer(3.0 * x), 9.0 * layer(x))


def test_a_wrong_coupling_is_found_out():
    layer, x = product(), random_coefficients(REP_IN, 6)
    rotation = random_rotation(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[0]
    layer.coupling["2_3"].value = layer.coupling["2_3"].value.roll(1, dims=0)
    with torch.no_grad():
        y = layer(x)
        assert (layer(rotated(x, rotation)) - rotated(y, rotation)).abs().max() > 1e-3


def test_against_the_sum_over_couplings():
    layer, x = product(channels=2), random_coefficients(REP_IN, 6)
    with torch.no_grad():
        left, right, y = layer.left(x), layer.right(x), layer(x)
        wanted = torch.zeros_like(y)
        for l in range(6):
            start = 0
            for l1 in range(6):
                for l2 in range(6):
                    if not abs(l1 - l2) <= l <= l1 + l2:
                        continue
                    pairs = (left[rows_of_degree(l1)], right[rows_of_degree(l2)])
                    coupled = torch.einsum("ijk,ic,jc->kc", real_clebsch_gordan(l1, l2, l), *pairs)
                    wanted[rows_of_degree(l)] += coupled @ layer.weight[l][start : start + 2]
                    start += 2
            assert start == len(layer.weight[l])
        wanted[degrees(6) < 2, 1:] = 0.0
    assert torch.allclose(y, wanted, atol=1e-13)


def test_the_product_of_two_functions_is_among_them():
    """Pointwise products have the weights of Gaunt: fitted to some fields, they hold for others."""
    size = 3
    transform = HarmonicTransform("1x0", SphereGrid(2 * size))
    fields = random_coefficients("1x0", size, 40)
    squares = transform(transform.inverse(torch.nn.functional.pad(fields, (0, 0, 0, 27))).square())[:, : size**2]
    layer = HarmonicProduct("1x0", "1x0", size, channels=1).double()
    with torch.no_grad():
        for factor in (layer.left, layer.right):
            factor.weight["0_0"].fill_(1.0)
        for l in range(size):
            columns = []
            for k in range(len(layer.weight[l])):
                for other in layer.weight:
                    other.zero_()
                layer.weight[l][k] = 1.0
                columns.append(layer(fields)[:, rows_of_degree(l)].flatten())
            wanted = squares[:, rows_of_degree(l)].flatten()
            known = slice(0, len(wanted) // 2)
            columns = torch.stack(columns, dim=1)
            weights = torch.linalg.pinv(columns[known], rtol=1e-10) @ wanted[known]
            assert torch.allclose(columns @ weights, wanted, atol=1e-11)


def test_a_tree_joins_all_degrees_with_few_pairs():
    full, tree = product(), product(tree=True)
    for l in range(1, 6):
        pairs = [pair for pair, found in tree.paths.items() if l in found]
        assert len(pairs) == 5 and set(pairs) <= set(full.paths)
        reached = {0}
        for _ in range(6):
            reached |= {b for pair in pairs for b in pair if set(pair) & reached}
        assert reached == set(range(6))
    assert len(full.weight[3]) > len(tree.weight[3])


def test_refusals():
    with pytest.raises(ValueError, match="channels >= 1, got 0"):
        product(channels=0)
    with pytest.raises(ValueError, match="band limit 3, got"):
        HarmonicProduct(REP_IN, REP_OUT, 3)
    for rep_out in ("1x5", "O2: 1x1"):
        with pytest.raises(ValueError, match=f"HarmonicProduct expects .* band limit 4, got {rep_out}"):
            HarmonicProduct("1x0", rep_out, 4)
    with pytest.raises(ValueError, match=r"HarmonicProduct expects coefficients \(..., 36, 6\)"):
        product()(torch.zeros(36, 5))
