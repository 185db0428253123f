"""Batches are correct on every level."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader

from gaugenet.io.mesh_data import MeshData


def fake_bundle(sizes, seed):
    """Data with random level tensors, of these numbers of vertices on its levels."""
    rng = np.random.default_rng(seed)

    def index(*bounds):
        return torch.from_numpy(np.stack([rng.integers(0, bound, 3 * max(bounds)) for bound in bounds]))

    data = MeshData(pos=torch.from_numpy(rng.normal(size=(sizes[0], 3))), face=index(sizes[0], sizes[0], sizes[0]))
    data.face_label, data.label_names = data.face[0] % 2, ["a", "b"]
    for level, size in enumerate(sizes):
        data[f"edge_index_{level}"], data[f"area_{level}"] = index(size, size), torch.from_numpy(rng.random(size))
        data[f"log_{level}"] = torch.from_numpy(rng.random((3 * size, 2)))
        data[f"radius_{level}"] = torch.ones(1)
    for level in range(1, len(sizes)):
        data[f"sample_index_{level}"] = torch.from_numpy(rng.permutation(sizes[0])[: sizes[level]])
        data[f"pool_index_{level}"] = index(sizes[level - 1], sizes[level])
    return data


MESHES = [fake_bundle(sizes, seed) for seed, sizes in enumerate([(20, 9, 4), (33, 11, 2), (12, 5, 3)])]


def test_a_batch_keeps_every_level_of_its_meshes_apart():
    batch = Batch.from_data_list(MESHES)
    assert batch.num_levels == 3
    for level in range(3):
        member = batch.level_batch(level)
        assert torch.equal(member.bincount(), torch.tensor([m[f"area_{level}"].size(0) for m in MESHES]))
        source, target = batch[f"edge_index_{level}"]
        owner = torch.cat([torch.full((m[f"edge_index_{level}"].size(1),), k) for k, m in enumerate(MESHES)])
        assert torch.equal(member[source], owner) and torch.equal(member[target], owner)
        # An edge ends at the vertex with the area that it has in its own mesh.
        own = torch.cat([m[f"area_{level}"][m[f"edge_index_{level}"][0]] for m in MESHES])
        assert torch.equal(batch[f"area_{level}"][source], own)
    for level in (1, 2):
        fine, coarse = batch[f"pool_index_{level}"]
        assert torch.equal(batch.level_batch(level - 1)[fine], batch.level_batch(level)[coarse])
        own = torch.cat([m[f"area_{level - 1}"][m[f"pool_index_{level}"][0]] for m in MESHES])
        assert torch.equal(batch[f"area_{level - 1}"][fine], own)
        own = torch.cat([m.pos[m[f"sample_index_{level}"]] for m in MESHES])
        assert torch.equal(batch.pos[batch[f"sample_index_{level}"]], own)


def test_plain_pyg_data_would_mix_levels_up():
    from torch_geometric.data import Data

    batch = Batch.from_data_list([Data(**mesh.to_dict()) for mesh in MESHES])
    assert batch.edge_index_1.max() >= batch.area_1.size(0)


def test_unbatching_is_the_inverse_of_batching():
    for mesh, back in zip(MESHES, Batch.from_data_list(MESHES).to_data_list()):
        assert isinstance(back, MeshData) and set(back.keys()) == set(mesh.keys())
        for key, value in mesh:
            assert torch.equal(back[key], value) if torch.is_tensor(value) else back[key] == value
            assert not torch.is_tensor(value) or back[key].dtype == value.dtype


def test_a_loader_with_worker_processes_makes_the_same_batches():
    one = next(iter(DataLoader(MESHES, batch_size=3)))
    two = next(iter(DataLoader(MESHES, batch_size=3, num_workers=1)))
    assert torch.equal(one.pool_index_2, two.pool_index_2) and torch.equal(one.level_batch(2), two.level_batch(2))


def test_a_single_mesh_is_a_batch_of_its_own():
    assert MESHES[0].level_batch(1).tolist() == [0] * 9
    bare = MeshData(pos=torch.zeros(4, 3))
    assert bare.num_levels == 0 and bare.level_batch(0).tolist() == [0] * 4
    for data, level in ((bare, 1), (MESHES[0], 3), (MESHES[0], -1)):
        with pytest.raises(ValueError, match=f"got level {level}: add levels"):
            data.level_batch(level)
