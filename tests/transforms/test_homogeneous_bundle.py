"""The transform HomogeneousBundle: keys, closed forms, levels, batches, changes of gauge, refusals."""

import math

import numpy as np
import pytest
import surfaces
import torch
from space_table import SAMPLES, SPACES, gap, random_points, sample, seeded
from torch_geometric.data import Batch, Data

from gaugenet.homogeneous import HyperbolicPlane, Plane, Sphere, hexagonal_lattice, icosphere, square_lattice
from gaugenet.homogeneous.tilings import SIDE, triangular_tiling
from gaugenet.models.unet import UNet
from gaugenet.nn import GaugeConv, Level, Pool, ResidualBlock, Unpool
from gaugenet.representation import Representation
from gaugenet.surface.mesh_surface import MeshSurface
from gaugenet.surface.stiffness import cotangent_stiffness, length_stiffness
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle

REP = Representation("2x0 + 1x1 + 1x2")
EVERY = "conv + attention + message + differential + diffusion + implicit"


def features(data, seed=0, level=0):
    return REP.randn(data.level_sizes[level], generator=seeded(seed), dtype=torch.float64)


def evened(layer):
    """Parameters by numbers of their own, the same in every run."""
    generator = seeded()
    for parameter in layer.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return layer.eval()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("settings", [{"radius": 1.2}, {"neighbours": 10}, {}], ids=str)
def test_it_adds_what_a_frame_bundle_adds(name, settings):
    space, data, _ = sample(name)
    settings = settings or ({} if data.face is not None else {"radius": 0.3})
    few = {"levels": (40, 9), "level_neighbours": 8}
    before = data.clone()
    out = HomogeneousBundle(space, **settings, **few, sampling="farthest")(data)
    assert set(data.keys()) == set(before.keys())
    reference = FrameBundle(neighbours=6, **few)(surfaces.data_of(surfaces.icosphere(2)))
    assert set(reference.keys()) <= {*out.keys(), "face"}
    for key in reference.keys():  # noqa: SIM118
        if isinstance(reference[key], torch.Tensor) and key != "face":
            assert reference[key].dtype == out[key].dtype and reference[key].dim() == out[key].dim(), key
    assert out.level_sizes == [len(data.pos), 40, 9] and out.group == "SO2"
    for level, size in enumerate(out.level_sizes):
        index, weight, log = (out[f"{key}_{level}"] for key in ("edge_index", "weight", "log"))
        assert (torch.diff(index[1] * size + index[0]) > 0).all() and (index[0] != index[1]).all()
        assert torch.equal(torch.sort(index[0] * size + index[1]).values, index[1] * size + index[0])  # both ways
        total = torch.zeros(size, dtype=torch.float64).index_add_(0, index[1], weight)
        assert torch.allclose(total[index[1]], torch.ones(1).double())
        assert (log[:, 0] <= out[f"radius_{level}"] * (1 + 1e-6)).all()
        assert (out[f"stiffness_{level}"] >= 0).all()
        assert float(out[f"area_{level}"].sum()) == pytest.approx(float(out.area_0.sum()), rel=1e-12)
        assert out.max_degree[level] == int(torch.bincount(index[1]).max())


@pytest.mark.parametrize("name", SAMPLES)
def test_edges_have_the_geometry_of_the_space(name):
    space, data, _ = sample(name)
    out = HomogeneousBundle(space, neighbours=14, levels=(30,), sampling="farthest")(data)
    points = space.points(out.pos)
    for level, x in ((0, points), (1, points[out.sample_index_1])):
        source, target = out[f"edge_index_{level}"]
        log = space.log(x[target], x[source])
        assert (out[f"log_{level}"][:, 0] - log[:, 0]).abs().max() < 1e-13
        assert gap(out[f"log_{level}"][:, 1], log[:, 1]) < 1e-12
        assert gap(out[f"transport_{level}"], space.transport(x[source], x[target])) < 1e-12
    fine, coarse = out.pool_index_1
    coarse = out.sample_index_1[coarse]
    assert gap(out.pool_transport_1, space.transport(points[fine], points[coarse])) < 1e-12
    if space.curvature:  # and not what the other way round, or flat space, would give
        source, target = out.edge_index_0
        assert gap(out.transport_0, space.transport(points[target], points[source])) > 0.1
        assert gap(out.transport_0) > 0.1


def test_any_triangulated_sphere():
    """Uneven triangles, against great circles by another formula; areas are those of spherical triangles."""
    data = surfaces.data_of(surfaces.uneven_sphere(300))
    out = HomogeneousBundle(Sphere(), radius=0.7)(data)
    radius, theta, transport = surfaces.sphere_log(*(out[key].numpy() for key in ("pos", "frame", "edge_index_0")))
    assert np.abs(out.log_0[:, 0].numpy() - radius).max() < 1e-12
    assert surfaces.turned(out.log_0[:, 1].numpy() - theta).max() < 1e-10
    assert surfaces.turned(out.transport_0.numpy() - transport).max() < 1e-10
    assert float(out.area_0.sum()) == pytest.approx(4 * math.pi, rel=1e-13)
    near = (torch.cdist(data.pos, data.pos) < 2 * math.sin(0.35)).sum() - 300
    assert out.edge_index_0.shape[1] == int(near)


def test_single_precision_positions():
    data = icosphere(2)
    exact, rough = (HomogeneousBundle(Sphere())(Data(pos=pos, face=data.face)) for pos in (data.pos, data.pos.float()))
    assert rough.log_0.dtype == torch.float64 and rough.pos.dtype == torch.float32
    assert (exact.log_0[:, 0] - rough.log_0[:, 0]).abs().max() < 1e-6
    assert float(rough.area_0.sum()) == pytest.approx(4 * math.pi, rel=1e-13)


def test_the_bundle_of_the_mesh_tends_to_it():
    """Distances, directions and transport of FrameBundle, in these frames, on discs of one shape: second order."""
    errors = []
    for level in (3, 4, 5):
        data = icosphere(level)
        radius = 2.5 / 2**level
        exact, mesh = HomogeneousBundle(Sphere(), radius=radius)(data), FrameBundle(radius=1.1 * radius)(data)
        e1 = mesh.frame[:, 0]
        angle = torch.atan2((e1 * exact.frame[:, 1]).sum(1), (e1 * exact.frame[:, 0]).sum(1))
        mesh = change_gauge(mesh, -angle)
        size = len(data.pos)
        ours, theirs = (at.edge_index_0[1] * size + at.edge_index_0[0] for at in (exact, mesh))
        assert torch.isin(ours, theirs).all()
        place = torch.searchsorted(theirs, ours)
        log, transport = mesh.log_0[place], mesh.transport_0[place]
        turns = [
            torch.remainder(a - b + math.pi, 2 * math.pi).sub(math.pi).abs().mean()
            for a, b in ((log[:, 1], exact.log_0[:, 1]), (transport, exact.transport_0))
        ]
        errors.append([float((log[:, 0] / exact.log_0[:, 0] - 1).abs().mean()), *map(float, turns)])
    rates = np.log2(np.array(errors[0]) / np.array(errors[-1])) / 2
    assert (rates > 1.8).all() and max(errors[-1]) < 1e-4, (errors, rates)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_laplacian_of_the_ring(space):
    """On flat triangles lengths give cotangent weights; the spectrum of the sphere is l (l + 1), and that less n^2."""
    if isinstance(space, Plane):
        mesh = surfaces.flat_disc(6)
        edges = MeshSurface(mesh).ring
        by_length = length_stiffness(mesh.face, edges, len(mesh.pos))
        assert np.abs(by_length - cotangent_stiffness(mesh, edges)).max() < 1e-9
        out = HomogeneousBundle(space)(hexagonal_lattice(3))
        assert out.stiffness_0.max() == pytest.approx(3**-0.5)
    elif isinstance(space, Sphere):
        data = ConnectionSpectrum(orders=(0, 1), count=16)(HomogeneousBundle(space)(icosphere(3)))
        expected = {0: [0] + 3 * [2] + 5 * [6], 1: 6 * [1] + 10 * [5]}
        for order, values in expected.items():
            found = data[f"eigenvalue_{order}_0"].flatten()[: len(values)]
            assert torch.allclose(found, torch.tensor(values).to(found), rtol=0.02, atol=1e-6)
    else:
        out = HomogeneousBundle(space)(triangular_tiling(3))
        assert out.stiffness_0.max() == pytest.approx(3**-0.5)


def test_nested_levels_of_an_icosphere():
    """Levels are the first vertices; midpoints hang on their two ends by halves, and others on themselves."""
    data = icosphere(3)
    out = HomogeneousBundle(Sphere(), levels=(162, 42), level_neighbours=5.9)(data)
    assert torch.equal(out.sample_index_1, torch.arange(162)) and torch.equal(out.sample_index_2, torch.arange(42))
    for level, (fine, coarse) in ((1, (642, 162)), (2, (162, 42))):
        index, weight = out[f"pool_index_{level}"], out[f"pool_weight_{level}"]
        assert index.shape[1] == coarse + 2 * (fine - coarse)
        itself = index[0] < coarse
        assert torch.equal(index[0][itself], index[1][itself]) and (weight[itself] == 1).all()
        assert torch.allclose(weight[~itself], weight.new_tensor(0.5), atol=1e-12)
        assert torch.equal(
            index[1][~itself].view(-1, 2).T.sort(0).values, data.parent_index[:, coarse:fine].sort(0).values
        )
    ring = HomogeneousBundle(Sphere())(icosphere(2))
    assert torch.equal(out.edge_index_1, ring.edge_index_0)  # nearly six in the mean are the ring of level 2


def test_pooling_follows_transport():
    """Pool and Unpool are adjoint, keep constants, and on the plane parallel fields."""
    out = HomogeneousBundle(Plane(), neighbours=12, levels=(25,))(square_lattice(4))
    at = Level(out, 1)
    fine, coarse = features(out), features(out, 1, 1)
    left = (out.area_1[:, None] * Pool(REP)(fine, at) * coarse).sum()
    assert float(left) == pytest.approx(float((out.area_0[:, None] * fine * Unpool(REP)(coarse, at)).sum()))
    same = features(out)[:1].expand(25, -1)
    assert (Unpool(REP)(same, at) - same[0]).abs().max() < 1e-14


def test_opposite_points_are_no_neighbours():
    """They have no direction: however large the radius, a vertex of the icosahedron has ten neighbours."""
    for settings in ({"radius": 4.0}, {"neighbours": 30}):
        out = HomogeneousBundle(Sphere(), **settings)(icosphere(0))
        assert out.max_degree == [10] and out.edge_index_0.shape[1] == 120


def test_equal_distances_are_not_torn_apart():
    """Between ten and a half and eleven neighbours there is no number that keeps the symmetry of a lattice."""
    inner = hexagonal_lattice(6)
    out = HomogeneousBundle(Plane(), neighbours=9.5)(inner)
    middle = (out.edge_index_0[1] == 0).sum()
    assert int(middle) in (6, 12, 18)
    assert HomogeneousBundle(Plane(), radius=1.0)(inner).max_degree == [6]
    assert HomogeneousBundle(HyperbolicPlane(), radius=SIDE)(triangular_tiling(3)).max_degree == [7]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_layer_runs_and_is_gauge_equivariant(name):
    space, data, _ = sample(name)
    out = HomogeneousBundle(space, neighbours=10, levels=(30,), level_neighbours=8, sampling="farthest")(data)
    for level in (0, 1):
        out = ConnectionSpectrum(orders=REP.orders, count=12, level=level)(out)
    block, net = evened(ResidualBlock(REP, layers=EVERY)), evened(UNet(REP, 2, 0, 1.0, 1, True, 2, 0.0, "conv"))
    angle = 2 * math.pi * torch.rand(len(out.pos), generator=seeded(1), dtype=torch.float64)
    out.x = features(out)
    turned = change_gauge(out, angle, {"x": REP})
    with torch.no_grad():
        for layer in (lambda x, at: block(x, Level(at)), net):
            before, after = layer(out.x, out), layer(turned.x, turned)
            assert (after - REP.act(before, -angle)).norm() / before.norm() < 1e-11
            assert (after - before).norm() / before.norm() > 0.1
            assert (before - out.x).norm() / before.norm() > 1e-3


def test_batches():
    """Samples of different sizes, spaces and levels, together and one by one."""
    settings = {"neighbours": 12, "levels": (19, 7), "level_neighbours": 6, "sampling": "farthest"}
    each = [
        HomogeneousBundle(space, **settings)(Data(pos=data.pos, face=data.face, area=data.area))
        for space, data in (
            (Sphere(), icosphere(2)),
            (Plane(), hexagonal_lattice(3)),
            (HyperbolicPlane(), triangular_tiling(3)),
            (Sphere(), icosphere(1)),
        )
    ]
    net = evened(UNet(REP, 3, 0, 1.0, 1, True, 2, 0.0, "conv + implicit"))
    x = [features(data) for data in each]
    with torch.no_grad():
        alone = torch.cat([net(f, data) for f, data in zip(x, each, strict=True)])
        together = net(torch.cat(x), Batch.from_data_list(each))
    assert (alone - together).abs().max() < 1e-10
    icospheres = Batch.from_data_list([icosphere(0), icosphere(1)])
    assert torch.equal(icospheres.parent_index[:, 12:], icosphere(1).parent_index + 12)


def test_points_without_faces():
    x = random_points(Sphere(), 200)
    area = torch.full((200,), 4 * math.pi / 200, dtype=torch.float64)
    out = HomogeneousBundle(Sphere(), neighbours=20, levels=(50,), sampling="farthest")(Data(pos=x, area=area))
    assert GaugeConv(REP, REP).double()(features(out), out).isfinite().all()
    again = HomogeneousBundle(Sphere(), neighbours=20)(out)
    assert "edge_index_1" not in again and torch.equal(again.edge_index_0, out.edge_index_0)


def test_farthest_points_cover():
    out = HomogeneousBundle(HyperbolicPlane(), levels=(60,), sampling="farthest")(triangular_tiling(4))
    space, x = HyperbolicPlane(), out.pos[:, :2]
    chosen = x[out.sample_index_1]
    reach = space.distance(x[:, None], chosen).amin(1).max()
    apart = space.distance(chosen[:, None], chosen).fill_diagonal_(9).min()
    assert reach <= apart + 1e-9
    inner = x[:60]  # the first ones, by layers, leave the rim far away
    assert space.distance(x[:, None], inner).amin(1).max() > reach


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"radius": 1.0, "neighbours": 5}, "a radius or a number of neighbours, got both: drop one"),
        ({"radius": -1.0}, "positive radius, got -1.0"),
        ({"neighbours": math.nan}, "positive neighbours, got nan"),
        ({"level_neighbours": 0}, "positive level_neighbours, got 0"),
        ({"levels": (10, 20)}, r"falling positive numbers of vertices, got \(10, 20\)"),
        ({"levels": (0,)}, r"falling positive numbers of vertices, got \(0,\)"),
        ({"sampling": "last"}, 'sampling first or farthest, got "last"'),
    ],
)
def test_bad_settings_are_refused(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        HomogeneousBundle(Sphere(), **settings)


@pytest.mark.parametrize(
    ("space", "data", "settings", "complaint"),
    [
        (Sphere(), Data(), {}, r"needs pos \(V, 3\), got none: .* or embed points"),
        (Sphere(), Data(pos=2 * icosphere(1).pos), {}, "on the unit sphere, got 42 others .*: divide pos by its norms"),
        (Sphere(), Data(pos=icosphere(1).pos / 0), {}, "finite positions, got 42 others"),
        (Sphere(), Data(pos=icosphere(1).pos[:1], area=torch.ones(1)), {"radius": 1.0}, "at least 2 points, got 1"),
        (Sphere(), Data(pos=icosphere(1).pos), {"radius": 1.0}, r"or area \(V,\) .*, got neither: set one"),
        (Plane(), square_lattice(3), {}, r"the 1-ring needs face \(3, F\): ask for a radius or a number of neighbours"),
        (Sphere(), icosphere(1), {"levels": (60,)}, "levels of at most 42 vertices, got 60"),
        (Sphere(), Data(pos=icosphere(1).pos, face=icosphere(1).face[[1, 0, 2]]), {}, "got 80 of 80 others"),
        (Sphere(), icosphere(1).update({"face": icosphere(2).face}), {}, "index 42 points, got 0 to 161: keep"),
        (Plane(), square_lattice(3).update({"area": torch.ones(4)}), {"radius": 1.0}, r"\(49,\), >= 0, got \(4,\)"),
        (Plane(), square_lattice(3).update({"area": -torch.ones(49)}), {"radius": 1.0}, r"\(49,\), >= 0, got \(49,\)"),
        (Plane(), Data(pos=torch.zeros(5, 3), area=torch.ones(5)), {"radius": 1.0}, "10 pairs of equal ones .*0 and"),
        (
            Plane(),
            Data(pos=torch.arange(300.0)[:, None] * torch.eye(3)[0], area=torch.ones(300)),
            {"radius": 1.0, "levels": (30,)},
            'the first 30 vertices do not cover the sample, .*: use a number of a nested .*, or sampling="farthest"',
        ),
    ],
)  # fmt: skip
def test_bad_samples_are_refused(space, data, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        HomogeneousBundle(space, **settings)(data)


def test_a_name_is_no_space():
    with pytest.raises(TypeError, match=r"expects a space, such as Sphere\(\), got str"):
        HomogeneousBundle("S2")


def test_it_says_its_settings():
    assert repr(HomogeneousBundle(Sphere())) == "HomogeneousBundle(Sphere())"
    many = HomogeneousBundle(Plane(), radius=2.0, levels=(9,), sampling="farthest")
    expected = "HomogeneousBundle(Plane(), radius=2.0, levels=(9,), level_neighbours=30, sampling='farthest')"
    assert repr(many) == expected


@pytest.mark.slow
def test_level_eight():
    """655,362 vertices with four levels."""
    out = HomogeneousBundle(Sphere(), levels=(163_842, 40_962, 10_242, 2_562))(icosphere(8))
    assert out.level_sizes == [655_362, 163_842, 40_962, 10_242, 2_562]
    assert out.edge_index_0.shape[1] == 2 * 1_966_080
    assert float(out.area_4.sum()) == pytest.approx(4 * math.pi, rel=1e-11)
