"""The transform FrameBundle: what it adds, what it leaves alone, what it refuses, and what its result depends on."""

import numpy as np
import pytest
import surfaces
import torch
from torch_geometric.data import Data

from gaugenet.io.mesh_data import MeshData
from gaugenet.io.mesh_file import read_mesh
from gaugenet.mesh.mesh import MeshWarning
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge


@pytest.fixture(scope="module")
def biped():
    return surfaces.data_of(surfaces.biped())


@pytest.mark.parametrize("options", [{}, {"radius": 0.1}, {"neighbours": 12}], ids=str)
def test_it_adds_what_it_says(options, biped):
    data = FrameBundle(levels=(200, 50), level_neighbours=10, **options)(biped)
    sizes = [len(biped.pos), 200, 50]
    assert data.num_levels == 3
    assert data.frame.shape == (sizes[0], 3, 3)
    for level, size in enumerate(sizes):
        index = data[f"edge_index_{level}"]
        count = index.shape[1]
        assert index.dtype == torch.int64 and int(index.max()) < size
        assert (torch.diff(index[1] * size + index[0]) > 0).all()  # sorted by target, then source: no edge twice
        assert (index[0] != index[1]).all()
        shapes = {"log": (count, 2), "transport": (count,), "weight": (count,), "area": (size,), "radius": (1,)}
        for name, shape in shapes.items():
            values = data[f"{name}_{level}"]
            assert values.shape == shape and values.dtype == torch.float64
        total = torch.zeros(size, dtype=torch.float64).index_add_(0, index[1], data[f"weight_{level}"])
        assert torch.allclose(total, torch.ones_like(total))
        if options or level:
            assert (data[f"log_{level}"][:, 0] <= data[f"radius_{level}"]).all()
    for level in (1, 2):
        pairs = data[f"pool_index_{level}"]
        assert data[f"sample_index_{level}"].shape == (sizes[level],)
        assert pairs.max(dim=1).values.tolist() == [sizes[level - 1] - 1, sizes[level] - 1]
        assert data[f"pool_transport_{level}"].shape == data[f"pool_weight_{level}"].shape == (pairs.shape[1],)
    if "radius" in options:
        assert data.radius_0.item() == 0.1


def test_it_leaves_the_mesh_alone():
    """Vertices, faces and labels keep numbers and values, and the data that came in gains nothing."""
    data = read_mesh(surfaces.MESHES / "broken" / "flipped_faces.ply")
    data.face_label = torch.arange(32)
    data.label_names = ["a", "b"]
    before = {key: value.clone() for key, value in data.to_dict().items() if isinstance(value, torch.Tensor)}
    with pytest.warns(MeshWarning, match="turned|orient|flipped"):
        out = FrameBundle()(data)
    assert data.to_dict().keys() == before.keys() | {"label_names"}
    assert out.label_names == ["a", "b"]
    for key, value in before.items():
        assert torch.equal(data[key], value) and torch.equal(out[key], value)


def test_plain_data_becomes_mesh_data():
    mesh = surfaces.icosphere(1)
    plain = Data(pos=torch.from_numpy(mesh.pos).float(), face=torch.from_numpy(mesh.face.T), name="ball")
    out = FrameBundle(levels=(12,))(plain)
    assert isinstance(out, MeshData)
    assert out.name == "ball" and out.pos.dtype == torch.float32 and out.log_0.dtype == torch.float64
    assert set(plain.keys()) == {"face", "pos", "name"}


def test_a_new_bundle_replaces_the_old():
    data = surfaces.data_of(surfaces.icosphere(2))
    again = FrameBundle()(FrameBundle(levels=(40, 10))(data))
    assert again.num_levels == 1
    assert set(again.keys()) == set(FrameBundle()(data).keys())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"radius": 1.0, "neighbours": 9}, "a radius or a number of neighbours, got both"),
        ({"radius": 0.0}, "positive radius, got 0"),
        ({"radius": float("nan")}, "positive radius"),
        ({"neighbours": -3}, "positive neighbours, got -3"),
        ({"level_neighbours": float("inf")}, "positive level_neighbours"),
        ({"method": "magic"}, 'method geodesic or vector_heat, got "magic"'),
        ({"levels": (10, 20)}, "falling positive numbers"),
        ({"levels": (10, 10)}, "falling positive numbers"),
        ({"levels": (10, 0)}, "falling positive numbers"),
    ],
    ids=str,
)
def test_settings_are_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        FrameBundle(**options)


@pytest.mark.parametrize(
    ("missing", "complaint"), [("pos", r"needs pos \(V, 3\)"), ("face", "a point cloud without normals has no sides")]
)
def test_data_without_a_mesh_is_refused(missing, complaint):
    data = surfaces.data_of(surfaces.icosphere(1))
    data[missing] = None
    with pytest.raises(ValueError, match=complaint):
        FrameBundle()(data)


def test_repr_tells_settings_apart():
    """The cache relies on it."""
    different = [
        FrameBundle(),
        FrameBundle(radius=0.1),
        FrameBundle(neighbours=10),
        FrameBundle(neighbours=12),
        FrameBundle(neighbours=10, levels=(100,)),
        FrameBundle(neighbours=10, levels=(100, 50)),
        FrameBundle(neighbours=10, levels=(100,), level_neighbours=12),
        FrameBundle(neighbours=10, method="vector_heat"),
    ]
    assert len({repr(transform) for transform in different}) == len(different)
    assert repr(FrameBundle(levels=[9])) == repr(FrameBundle(levels=(9,)))


def rotation(seed=0):
    matrix = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return torch.from_numpy(matrix * np.linalg.det(matrix))


def assert_same_bundle(a, b, scale=1.0):
    """Equal numbers; angles up to 2 pi, lengths and areas up to a scale."""
    for level in range(a.num_levels):
        assert torch.equal(a[f"edge_index_{level}"], b[f"edge_index_{level}"])
        assert torch.allclose(scale * a[f"log_{level}"][:, 0], b[f"log_{level}"][:, 0])
        assert torch.allclose(scale**2 * a[f"area_{level}"], b[f"area_{level}"])
        assert torch.allclose(a[f"weight_{level}"], b[f"weight_{level}"])
        for key in (f"log_{level}", f"transport_{level}", f"pool_transport_{level}"):
            if key in a:
                first, second = (x[key][:, 1] if key.startswith("log") else x[key] for x in (a, b))
                assert surfaces.turned((first - second).numpy()).max() < 1e-7
        if level:
            assert torch.equal(a[f"pool_index_{level}"], b[f"pool_index_{level}"])
            assert torch.allclose(a[f"pool_weight_{level}"], b[f"pool_weight_{level}"])


def test_rigid_motions_and_units_change_nothing_but_frames_and_scale(biped):
    transform = FrameBundle(neighbours=12, levels=(200, 50), level_neighbours=10)
    here = transform(biped)
    turn = rotation()
    moved = biped.clone()
    moved.pos = 25.0 * (biped.pos @ turn.T + torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    there = transform(moved)
    assert_same_bundle(here, there, scale=25.0)
    assert torch.allclose(here.frame @ turn.T, there.frame, atol=1e-9)


def test_numbering_faces_anew_is_a_change_of_gauge(biped):
    """Another edge is the first at a vertex: all frames turn, and everything else with them."""
    transform = FrameBundle(neighbours=12, levels=(200, 50), level_neighbours=10)
    here = transform(biped)
    rng = torch.Generator().manual_seed(0)
    mixed = biped.clone()
    mixed.face = biped.face[:, torch.randperm(biped.face.shape[1], generator=rng)].roll(1, dims=0)
    there = transform(mixed)
    e1 = there.frame[:, 0]
    angle = torch.atan2((e1 * here.frame[:, 1]).sum(1), (e1 * here.frame[:, 0]).sum(1))
    assert angle.abs().max() > 1
    assert_same_bundle(change_gauge(here, angle, fields={}), there)


def test_numbering_vertices_anew_renumbers_the_bundle(biped):
    new = torch.randperm(len(biped.pos), generator=torch.Generator().manual_seed(0))  # vertex v becomes new[v]
    other = surfaces.data_of(surfaces.biped())
    other.pos[new] = biped.pos
    other.face = new[biped.face]
    transform = FrameBundle(neighbours=12, levels=(200,), level_neighbours=10)
    here, there = transform(biped), transform(other)
    assert torch.allclose(there.frame[new], here.frame, atol=1e-9)
    source, target = new[here.edge_index_0]
    order = torch.argsort(target * len(new) + source)
    assert torch.equal(torch.stack([source, target])[:, order], there.edge_index_0)
    assert torch.allclose(here.log_0[order, 0], there.log_0[:, 0])
    assert surfaces.turned((here.transport_0[order] - there.transport_0).numpy()).max() < 1e-7
    assert torch.equal(new[here.sample_index_1].sort().values, there.sample_index_1)
