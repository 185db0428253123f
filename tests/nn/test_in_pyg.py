"""Layers and bundles in PyTorch Geometric's own containers."""

import layer_table
import pytest
import surfaces
import torch
import torch_geometric.nn
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader
from torch_geometric.transforms import Compose

from gaugenet.datasets.mesh_dataset import MeshDataset
from gaugenet.group import Group
from gaugenet.kernel import Wave
from gaugenet.nn import GatedNonlinearity, GaugeConv, Level, NormNonlinearity, ResidualBlock
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.input_fields import InputFields

MOMENTS = Group("SO2").irrep(1), (Wave(-1, 0), Wave(-1, 1), Wave(2, 0)), 2, torch.float64


def model(rep_in):
    torch.manual_seed(0)
    gate = GatedNonlinearity("4x0 + 2x1")
    return torch_geometric.nn.Sequential(
        "x, data, batch",
        [
            (GaugeConv(rep_in, gate.rep_in), "x, data -> x"),
            gate,
            (ResidualBlock("4x0 + 2x1"), "x, data -> x"),
            NormNonlinearity("4x0 + 2x1"),
            (GaugeConv("4x0 + 2x1", "3x0"), "x, data -> x"),
            (torch_geometric.nn.global_mean_pool, "x, batch -> x"),
        ],
    ).double()


def test_sequential_and_data_loader():
    """Any grouping into batches gives the same numbers."""
    meshes = [layer_table.bundle(name) for name in ("sphere", "disc", "disc", "sphere")]
    net = model(meshes[0].x_rep)
    answers = []
    for size in (1, 3, 4):
        batches = list(DataLoader(meshes, batch_size=size))
        assert all(isinstance(batch, Batch) for batch in batches)
        answers.append(torch.cat([net(batch.x, batch, batch.batch) for batch in batches]))
    assert answers[0].shape == (4, 3)
    assert torch.allclose(answers[0], answers[1], rtol=1e-12, atol=1e-12)
    assert torch.allclose(answers[0], answers[2], rtol=1e-12, atol=1e-12)
    assert torch.allclose(answers[0][0], answers[0][3])
    assert not torch.allclose(answers[0][0], answers[0][1])


@pytest.mark.slow
def test_worker_processes_load_the_same():
    meshes = [layer_table.bundle(name) for name in ("sphere", "disc")]
    (here,) = DataLoader(meshes, batch_size=2)
    (there,) = DataLoader(meshes, batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert torch.equal(here.transport_1, there.transport_1)
    assert torch.equal(here.pool_index_2, there.pool_index_2)


def test_batch_shifts_every_index():
    """Level by level, by the vertices that the meshes before have there."""
    meshes = [layer_table.bundle(name) for name in ("sphere", "disc")]
    batch = Batch.from_data_list(meshes)
    first = meshes[0]
    for level in range(3):
        before = len(first[f"area_{level}"])
        assert torch.equal(batch[f"edge_index_{level}"][:, first[f"edge_index_{level}"].shape[1] :] - before,
                           meshes[1][f"edge_index_{level}"])  # fmt: skip
        if level:
            finer = len(first[f"area_{level - 1}"])
            shift = torch.tensor([[finer], [before]])
            pairs = first[f"pool_index_{level}"].shape[1]
            assert torch.equal(batch[f"pool_index_{level}"][:, pairs:] - shift, meshes[1][f"pool_index_{level}"])
            assert torch.equal(
                batch[f"sample_index_{level}"][before:] - len(first.pos), meshes[1][f"sample_index_{level}"]
            )
    apart = batch.to_data_list()
    assert torch.equal(apart[1].pool_index_2, meshes[1].pool_index_2)
    assert torch.equal(apart[1].edge_index_1, meshes[1].edge_index_1)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_stencil_of_a_batch_reads_each_mesh_with_its_own_radius(level):
    meshes = [layer_table.bundle(name) for name in ("sphere", "disc")]
    assert meshes[0][f"radius_{level}"] != meshes[1][f"radius_{level}"]
    together = Level(Batch.from_data_list(meshes), level).stencil
    assert together.num_vertices == sum(len(data[f"area_{level}"]) for data in meshes)
    parts = [Level(data, level).stencil.operator(*MOMENTS) for data in meshes]
    assert torch.allclose(together.operator(*MOMENTS), torch.cat(parts), atol=1e-14)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_padded_lists_of_a_batch_are_as_wide_as_the_widest(level, monkeypatch):
    monkeypatch.setattr("gaugenet.nn.convolution.stencil.available", lambda device, dtype: False)
    meshes = [layer_table.bundle(name) for name in ("sphere", "disc")]
    together = Level(Batch.from_data_list(meshes), level).stencil.operator(*MOMENTS)
    start, widest = 0, max(data.max_degree[level] for data in meshes)
    for data in meshes:
        alone = Level(data, level).stencil.operator(*MOMENTS)
        here = together[start : start + len(alone)].unflatten(1, (widest, 2))
        width = data.max_degree[level]
        assert torch.allclose(here[:, :width].flatten(1, 2), alone, atol=1e-14)
        assert (here[:, width:] == 0).all()
        start += len(alone)
    assert start == len(together)


def test_transforms_compose_in_a_data_set():
    raw = [surfaces.data_of(surfaces.icosphere(1)), surfaces.data_of(surfaces.icosphere(2))]
    fields = InputFields(hks=2, eigenfunctions=8, **surfaces.NEAR)
    transform = Compose([FrameBundle(levels=(12,)), fields])
    meshes = MeshDataset(raw, ["a", "b"], ["all"], pre_transform=transform)
    batch = next(iter(DataLoader(meshes, batch_size=2)))
    assert batch.x.shape == (42 + 162, fields.rep.dim)
    assert batch.pool_index_1.max(dim=1).values.tolist() == [42 + 162 - 1, 23]
