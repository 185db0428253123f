"""Invariants of whole shapes: in every frame the same, each shape of a batch by itself, by hand."""

import pytest
import torch
from group_table import REPS
from layer_table import bundle
from torch_geometric.data import Batch

from gaugenet.data.gauge import change_gauge
from gaugenet.group import Group
from gaugenet.nn import GlobalPool

KINDS = ["mean", "max", "attention"]


def features(rep, data, level=0, seed=0):
    count = data[f"area_{level}"].shape[0]
    return rep.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("group", REPS)
def test_frames_do_not_matter(group, kind):
    torch.manual_seed(0)
    data, layer = bundle("sphere", group), GlobalPool(f"{group}: {REPS[group][0]}", kind).double()
    x = features(layer.rep_in, data, 1)
    at = Group(group).random(len(data.pos), generator=torch.Generator().manual_seed(1))
    turned = layer.rep_in.act(x, at[data.sample_index_1].inverse())
    y = layer(x, data, 1)
    assert y.shape == (1, layer.rep_out.dim)
    assert (layer(turned, change_gauge(data, at, {}), 1) - y).abs().max() < 1e-12


def test_norms_are_needed():
    """Averages of components would depend on the frames: what the test above would find."""
    data = bundle("sphere")
    x, at = features(GlobalPool("1x1").rep_in, data), Group("SO2").random(150)
    assert (GlobalPool("1x1").rep_in.act(x, at).mean(0) - x.mean(0)).abs().max() > 1e-3


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_shapes_of_a_batch_are_pooled_one_by_one(kind, level):
    torch.manual_seed(0)
    layer = GlobalPool("3x0 + 2x1", kind).double()
    meshes = [bundle(name) for name in ("sphere", "disc", "sphere")]
    x = [features(layer.rep_in, data, level, seed) for seed, data in enumerate(meshes)]
    alone = torch.cat([layer(one, data, level) for one, data in zip(x, meshes)])
    assert torch.allclose(layer(torch.cat(x), Batch.from_data_list(meshes), level), alone, atol=1e-12)


def test_by_hand():
    data = bundle("disc")
    x = torch.cat([data.pos[:, :1], torch.full((len(data.pos), 2), 3.0, dtype=torch.float64)], dim=1)
    mean, most = (GlobalPool("1x0 + 1x1", kind)(x, data)[0] for kind in ("mean", "max"))
    assert mean[0] == pytest.approx(float((data.area_0 * data.pos[:, 0]).sum() / data.area_0.sum()), abs=1e-12)
    assert most[0] == data.pos[:, 0].max()
    assert mean[1] == pytest.approx(18**0.5) == most[1].item()


def test_a_wrong_kind_is_refused():
    with pytest.raises(ValueError, match='kind mean, max, attention, got "sum"'):
        GlobalPool("1x0", "sum")
