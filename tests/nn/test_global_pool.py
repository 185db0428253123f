"""Invariants of whole shapes: in every frame the same, each shape of a batch by itself, by hand."""

import numpy as np
import pytest
import surfaces
import torch
from group_table import REPS
from layer_table import bundle
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.nn import GlobalPool, Level
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

KINDS = ["mean", "max", "attention", "quantiles"]


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
    y = layer(x, Level(data, 1))
    assert y.shape == (1, layer.rep_out.dim)
    assert (layer(turned, Level(change_gauge(data, at, {}), 1)) - y).abs().max() < 1e-12


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
    alone = torch.cat([layer(one, Level(data, level)) for one, data in zip(x, meshes)])
    assert torch.allclose(layer(torch.cat(x), Level(Batch.from_data_list(meshes), level)), alone, atol=1e-12)


def test_by_hand():
    data = bundle("disc")
    x = torch.cat([data.pos[:, :1], torch.full((len(data.pos), 2), 3.0, dtype=torch.float64)], dim=1)
    mean, most = (GlobalPool("1x0 + 1x1", kind)(x, data)[0] for kind in ("mean", "max"))
    assert mean[0] == pytest.approx(float((data.area_0 * data.pos[:, 0]).sum() / data.area_0.sum()), abs=1e-12)
    assert most[0] == data.pos[:, 0].max()
    assert mean[1] == pytest.approx(18**0.5) == most[1].item()


def test_a_wrong_kind_is_refused():
    with pytest.raises(ValueError, match='kind mean, max, attention, quantiles, got "sum"'):
        GlobalPool("1x0", "sum")


def test_quantiles_one_by_one():
    """The slow way: sort a column, put each value in the middle of its area, read off between two of them."""
    data, shares = bundle("uneven"), (0.0, 0.02, 0.5, 0.9, 1.0)
    layer = GlobalPool("2x0 + 1x1", "quantiles", shares)
    x = features(layer.rep_in, data)
    columns = torch.cat([x[:, :2], x[:, 2:].norm(dim=1, keepdim=True)], dim=1).numpy()
    area = (data.area_0 / data.area_0.sum()).numpy()
    expected = []
    for share in shares:
        for column in columns.T:
            order = np.argsort(column)
            expected.append(np.interp(share, np.cumsum(area[order]) - area[order] / 2, column[order]))
    assert np.abs(layer(x, data)[0].numpy() - expected).max() < 1e-10  # norms are softened by 1e-12


@pytest.mark.parametrize("kind", ["mean", "quantiles"])
def test_the_triangulation_does_not_matter(kind):
    """The height on a sphere lies evenly in [-1, 1], however its vertices are strewn; finer meshes come closer."""
    layer = GlobalPool("1x0", kind, (0.1, 0.25, 0.5, 0.9) if kind == "quantiles" else None)
    expected = {"mean": [0.0], "quantiles": [-0.8, -0.5, 0.0, 0.8]}[kind]
    errors = []
    for count in (200, 800, 3200):
        data = FrameBundle()(surfaces.data_of(surfaces.uneven_sphere(count)))
        errors.append(float((layer(data.pos[:, 2:], data)[0] - torch.tensor(expected)).abs().max()))
    assert errors[2] < 0.01 and errors[2] < errors[0] / 4


def test_quantiles_have_gradients():
    data, layer = bundle("disc"), GlobalPool("1x0 + 1x1", "quantiles", (0.1, 0.7)).double()
    x = features(layer.rep_in, data).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: layer(x, data), x)


@pytest.mark.parametrize("shares", [(), (0.5, 1.2), (-0.1,), (float("nan"),)])
def test_wrong_shares_are_refused(shares):
    with pytest.raises(ValueError, match="shares of the area, from 0 to 1, got"):
        GlobalPool("1x0", "quantiles", shares)


def test_shares_of_other_kinds_are_refused():
    with pytest.raises(ValueError, match='GlobalPool takes shares only for quantiles, got kind "mean"'):
        GlobalPool("1x0", "mean", (0.1, 0.9))
