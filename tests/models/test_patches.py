"""Patch by patch the scores are those of the whole mesh."""

import pytest
import surfaces
import torch

from gaugenet.models import SegmentationNet, patches
from gaugenet.models.patches import scores_in_patches, split_mesh
from gaugenet.transforms.gauge import change_gauge

FIELDS = {"hks": 4, "eigenfunctions": 20, **surfaces.NEAR}


def net_and_data(**options):
    torch.manual_seed(0)
    net = SegmentationNet(["a", "b", "c"], rep="4x0 + 3x1", fields=FIELDS, **options).eval()
    return net, net.transform(surfaces.data_of(surfaces.uneven_sphere(900)))


@pytest.mark.parametrize("output", ["face", "vertex", "both"])
@pytest.mark.parametrize("levels", [(), (200, 50)], ids=["no levels", "levels"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_patches_have_the_scores_of_the_whole(levels, output, dtype):
    net, data = net_and_data(levels=levels, neighbours=6, blocks=2, output=output)
    net = net.to(dtype)
    seen = []
    ours = scores_in_patches(net, data, 500, lambda items, text, total: seen.append((text, total)) or items)
    with torch.no_grad():
        whole = net(data)
    bound = 1e-5 if dtype == torch.float32 else 1e-12
    for a, b in zip(ours, whole) if output == "both" else [(ours, whole)]:
        assert (a - b).abs().max() <= bound * b.abs().max()
    assert seen[-1][0] == "score" and seen[-1][1] > 1


@pytest.mark.parametrize("levels", [(), (200, 50)], ids=["no levels", "levels"])
@pytest.mark.parametrize("rep", ["O2: 3x0e + 2x0o + 2x1", "C4: 2xregular"])
def test_patches_of_every_group(rep, levels):
    torch.manual_seed(0)
    net = SegmentationNet(["a", "b"], rep=rep, fields=FIELDS, levels=levels, neighbours=6, blocks=2).double().eval()
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(900)))
    data = change_gauge(data, net.trunk.bundle_transform.group.random(900, generator=torch.Generator().manual_seed(0)))
    with torch.no_grad():
        whole = net(data)
    assert (scores_in_patches(net, data, 500) - whole).abs().max() <= 1e-12 * whole.abs().max()


@pytest.mark.parametrize("layers", ["attention", "message", "differential", "polynomial", "conv + message"])
def test_patches_of_every_layer_that_looks_at_neighbours(layers):
    torch.manual_seed(0)
    options = {"fields": FIELDS, "levels": (), "neighbours": 6, "blocks": 2, "layers": layers}
    net = SegmentationNet(["a", "b"], rep="4x0 + 3x1", **options).double().eval()
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(900)))
    with torch.no_grad():
        whole = net(data)
    assert (scores_in_patches(net, data, 600) - whole).abs().max() <= 1e-12 * whole.abs().max()


@pytest.mark.parametrize("layers", ["diffusion", "implicit"])
def test_diffusion_on_the_mesh_itself_has_no_patches(layers):
    net, data = net_and_data(levels=(), neighbours=6, layers=layers)
    with pytest.raises(ValueError, match="looks over the whole mesh, which no patch holds: use a network with levels"):
        scores_in_patches(net, data, 500)


def test_a_halo_too_narrow_is_noticed(monkeypatch):
    """With one hop less than there are convolutions the scores are others."""
    net, data = net_and_data(levels=(), neighbours=6, blocks=2)
    monkeypatch.setattr(patches, "split_mesh", lambda data, hops, limit: split_mesh(data, hops - 1, limit))
    with torch.no_grad():
        whole = net(data)
    assert (scores_in_patches(net, data, 500) - whole).abs().max() > 1e-4 * whole.abs().max()


def test_patches_share_the_vertices_among_them():
    _, data = net_and_data(levels=(), neighbours=6)
    found = list(split_mesh(data, 2, 400))
    assert torch.equal(torch.cat([patch.core for patch in found]).sort().values, torch.arange(900))
    assert all(len(patch.member) <= 400 for patch in found)


def test_a_limit_below_the_halo_is_refused():
    net, data = net_and_data(levels=(), neighbours=30)
    with pytest.raises(ValueError, match="over the limit of 80: allow more memory, or use a network with levels"):
        scores_in_patches(net, data, 80)
