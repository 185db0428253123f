"""Attention against the slow one, and its laws: discs sum to 1, equal scores average, only the measure counts."""

import layer_table
import pytest
import torch
from reference_edges import PAIRS, both, reference_attention, small

from gaugenet.nn import GaugeAttention, GaugeConv, Level


def attention_of(rep_in, rep_out, **options):
    torch.manual_seed(0)
    layer = GaugeAttention(rep_in, rep_out, **options).double()
    with torch.no_grad():
        layer.score.mul_(2.0)  # far from equal
    return layer


def edges_of(data, keep=slice(None)):
    """Edges, log map, transport and weights of a mesh, of some edges or of some more than once."""
    return [data.edge_index_0[:, keep], *(data[f"{name}_0"][keep] for name in ("log", "transport", "weight"))]


def level_of(edges, data):
    return layer_table.level_of(*edges, data.radius_0, len(data.area_0))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("rep_in", "rep_out"), PAIRS, ids=str)
def test_it_is_the_reference(rep_in, rep_out, padded, monkeypatch):
    """Output, input and parameter gradients; in the compiled sweep and in padded batched products."""
    if padded:
        monkeypatch.setattr("gaugenet.nn.convolution.stencil.available", lambda *_: False)
    layer = attention_of(rep_in, rep_out, heads=2)
    for ours, reference in both(layer, reference_attention, small(layer.rep_in.group)):
        assert (ours - reference).abs().max() < 1e-12 * reference.abs().max()


def test_the_reference_notices_swapped_heads():
    layer = attention_of("2x0 + 1x1", "2x0 + 1x1", heads=2)
    data = small(layer.rep_in.group)
    reference = both(layer, reference_attention, data)[0][1]
    with torch.no_grad():
        layer.score.copy_(layer.score.flip(1))
    assert (both(layer, reference_attention, data)[0][0] - reference).abs().max() > 0.1


@pytest.mark.parametrize("mesh", ["disc", "dirty", "uneven"])
def test_attention_sums_to_one_over_every_disc(mesh):
    """And to 0 at a vertex without neighbours."""
    data = layer_table.bundle(mesh)
    layer = attention_of("2x0 + 2x1", "1x0", heads=3)
    x = layer.rep_in.randn(len(data.area_0), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    attention = layer.attention(30 * x, data)  # scores of hundreds
    lonely = torch.bincount(data.edge_index_0[1], minlength=len(x)) == 0
    assert lonely.any() == (mesh != "disc")
    assert (attention.sum(1) - 1)[~lonely].abs().max() < 1e-14
    assert (attention[lonely] == 0).all()
    assert attention.min() == 0
    assert attention.max() > 0.99


def test_equal_scores_are_a_convolution_with_renormalised_weights():
    data = layer_table.bundle("disc")
    layer = attention_of("2x0 + 2x1", "1x0 + 1x1 + 1x2", heads=3)
    with torch.no_grad():
        layer.score.zero_()
    conv = GaugeConv("2x0 + 2x1", "1x0 + 1x1 + 1x2").double()
    conv.kernel.intertwiner.load_state_dict(layer.kernel.intertwiner.state_dict())
    for key, weight in layer.kernel.weight.items():
        conv.kernel.weight[key].data = weight.detach().unflatten(1, (3, 2)).sum(1)
    edges = edges_of(data)
    edges[3] = torch.rand(len(edges[3]), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total = torch.zeros(len(data.area_0), dtype=torch.float64).index_add_(0, edges[0][1], edges[3])
    normal = [*edges[:3], edges[3] / total[edges[0][1]]]
    x = layer.rep_in.randn(len(data.area_0), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = conv(x, level_of(normal, data))
    assert (layer(x, level_of(edges, data)) - expected).abs().max() < 1e-12
    assert (conv(x, level_of(edges, data)) - expected).abs().max() > 0.1


def test_only_the_measure_of_neighbours_counts():
    """A neighbour listed twice with half its weight changes nothing; twice with its whole weight does."""
    data = layer_table.bundle("sphere")
    layer = attention_of("2x0 + 2x1", "1x0 + 1x1")
    x = layer.rep_in.randn(len(data.area_0), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    count = torch.randint(1, 4, data.weight_0.shape, generator=torch.Generator().manual_seed(0))
    repeated = torch.arange(len(count)).repeat_interleave(count)
    edges = edges_of(data, repeated)
    expected = layer(x, data)
    assert (layer(x, level_of(edges, data)) - expected).abs().max() > 0.01
    edges[3] = edges[3] / count[repeated]
    assert (layer(x, level_of(edges, data)) - expected).abs().max() < 1e-12


def test_edges_without_weight_are_harmless():
    """As if they were not there; all edges of a vertex may be so. Outputs and gradients."""
    data = layer_table.bundle("sphere")
    layer = attention_of("2x0 + 2x1", "1x0 + 1x1")
    x = layer.rep_in.randn(len(data.area_0), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x.requires_grad_()
    edges, keep = edges_of(data), torch.rand(len(data.weight_0), generator=torch.Generator().manual_seed(0)) < 0.7
    keep &= data.edge_index_0[1] != 5
    edges[3] = edges[3] * keep
    results = []
    for level in (level_of(edges, data), level_of(edges_of(data, keep), data)):
        y = layer(x, level)
        results.append([y, *torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])])
    for ours, expected in zip(*results, strict=True):
        assert torch.isfinite(ours).all()
        assert (ours - expected).abs().max() < 1e-12 * expected.abs().max().clamp_min(1)


def test_gradients_flow_through_scores():
    data = small(attention_of("1x0", "1x0").rep_in.group)
    layer = attention_of("1x0 + 1x1", "1x0 + 1x2", heads=2)
    x = layer.rep_in.randn(30, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    level = Level(data)
    assert torch.autograd.gradcheck(lambda x, _: layer(x, level), (x, layer.score), fast_mode=True)
    gradient = torch.autograd.grad(layer(x, level).square().sum(), layer.edge_frame.parameters())
    assert min(float(one.abs().max()) for one in gradient) > 1e-3


def test_a_head_can_pick_the_largest_neighbour():
    """By hand: scores of a thousand times x_j make the average over the disc its maximum."""
    data = layer_table.bundle("disc")
    layer = GaugeAttention("1x0", "1x0", heads=1, profiles=1, bias=False).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.edge_frame.readings[0].there.weight["0_0"].fill_(1000.0)
        layer.score.fill_(1.0)
        layer.kernel.weight["0_0"].fill_(1.0)
    x = torch.linspace(1, 2, len(data.area_0), dtype=torch.float64)[:, None]
    source, target = data.edge_index_0
    largest = torch.zeros(len(x), dtype=torch.float64).scatter_reduce(0, target, x[source, 0], "amax")
    assert (layer(x, data)[:, 0] - largest).abs().max() < 1e-3


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="heads must be >= 1, got 0"):
        GaugeAttention("1x0", "1x0", heads=0)
    for profiles in (0, -1):
        with pytest.raises(ValueError, match=f"profiles must be >= 1, got {profiles}"):
            GaugeAttention("1x0", "1x0", profiles=profiles)
    with pytest.raises(ValueError, match=r"GaugeAttention expects features \(150, 1\), a row for each vertex"):
        GaugeAttention("1x0", "1x0")(torch.zeros(149, 1), layer_table.bundle("sphere"))
