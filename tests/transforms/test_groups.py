"""Bundles of every group: transport in it, reductions and their report, fields with and without sides, refusals."""

import math

import layer_table
import pytest
import surfaces
import torch

from gaugenet.group import Elements, Group
from gaugenet.nn import GaugeConv, Level, Pool
from gaugenet.representation import Representation
from gaugenet.transforms.cache import Cached
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge, transport
from gaugenet.transforms.input_fields import InputFields

FINITE = ["trivial", "C2", "C3", "C4", "D1", "D2", "D6"]
FIELDS = {"hks": 4, "eigenfunctions": 30, **surfaces.NEAR}


def sphere():
    return surfaces.data_of(surfaces.uneven_sphere(150))


def gap(one, other):
    """Largest difference of two elements as matrices."""
    pair = Group("O2").irrep(1)
    return float((pair.matrix(one) - pair.matrix(other)).abs().max())


@pytest.mark.parametrize("group", FINITE)
@pytest.mark.parametrize("mesh", ["sphere", "moebius"])
def test_transport_is_in_the_group_on_all_levels(mesh, group):
    if mesh not in layer_table.meshes_of(group):
        return
    data, group = layer_table.bundle(mesh, group), Group(group)
    for level in range(3):
        for kind in ("", "pool_") if level else ("",):
            at = transport(data, level, kind)
            assert gap(at, group.nearest(at)) < 1e-12
            assert at.flip.any() == (mesh == "moebius")


def test_features_move_by_the_nearest_element():
    """The rest is what the connection and the frames turn beyond it: the frames alone tell which."""
    one = FrameBundle(neighbours=8)(sphere())
    four = FrameBundle(neighbours=8, group="C4")(sphere())
    turn = torch.atan2((four.frame[:, 0] * one.frame[:, 1]).sum(1), (four.frame[:, 0] * one.frame[:, 0]).sum(1))
    same = change_gauge(one, turn)
    assert torch.equal(one.edge_index_0, four.edge_index_0)
    assert gap(Elements.rotations(same.log_0[:, 1]), Elements.rotations(four.log_0[:, 1])) < 1e-12
    rest = same.transport_0 - four.transport_0
    rest = rest - 2 * math.pi * (rest / (2 * math.pi)).round()
    assert rest.abs().max() <= math.pi / 4 + 1e-12
    assert four.rest.item() == pytest.approx(float(rest.square().mean().sqrt()))


def test_nothing_is_lost_where_the_connection_has_values_in_the_group():
    """In the plane the smooth field is parallel: the rest is 0, and there is no singularity."""
    data = FrameBundle(neighbours=8, group="C4")(surfaces.data_of(surfaces.flat_disc(6)))
    assert data.rest.item() < 1e-6
    assert not data.singularity.any()
    directions = data.frame[:, 0] / data.frame[:1, 0].norm()
    cosine = directions @ data.frame[0, 0]
    assert torch.minimum(cosine.abs(), (1 - cosine**2).clamp_min(0).sqrt()).max() < 1e-5


@pytest.mark.parametrize("group", FINITE)
def test_indices_are_kept_with_the_faces(group):
    data = surfaces.dirty_sphere()
    with pytest.warns(UserWarning, match="mesh cleaned"):
        data = FrameBundle(group=group)(data)
    assert data.singularity.shape == (data.face.shape[1],)
    assert data.singularity.sum() == 2 * Group(group).rotations


def test_principal_directions_and_given_ones():
    torus = surfaces.data_of(surfaces.torus())
    along = torch.stack([-torus.pos[:, 1], torus.pos[:, 0], 0 * torus.pos[:, 0]], dim=1)
    along = along / along.norm(dim=1, keepdim=True)
    data = FrameBundle(group="D2", field="curvature")(torus.clone())
    assert (data.frame[:, 0] * along).sum(1).abs().max() < 0.05  # around the tube, the larger curvature
    torus.wind = along
    data = FrameBundle(group="trivial", field="wind")(torus.clone())
    assert (data.frame[:, 0] * along).sum(1).min() > 0.99
    assert not data.transport_0.any()
    assert not data.singularity.any()


def test_a_bundle_made_anew_forgets_the_old_one():
    data = FrameBundle(levels=(20,), group="D4")(sphere())
    data = FrameBundle()(data)
    assert data.group == "SO2"
    assert not {"flip_0", "flip_1", "pool_flip_1", "singularity", "rest", "edge_index_1"} & set(data.keys())


def test_changes_of_gauge_compose_with_reflections():
    data, group = layer_table.bundle("moebius", "O2"), Group("O2")
    a, b = (group.random(len(data.pos), generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    twice, once = change_gauge(change_gauge(data, a), b), change_gauge(data, a @ b)
    back = change_gauge(change_gauge(data, a), a.inverse())
    for one, other in ((twice, once), (back, data)):
        assert (one.frame - other.frame).abs().max() < 1e-12
        assert (one.x - other.x).abs().max() < 1e-12
        assert torch.linalg.det(one.frame).sub(1).abs().max() < 1e-12
        for level in range(3):
            angles = [Elements.rotations(data[f"log_{level}"][:, 1]) for data in (one, other)]
            assert gap(*angles) < 1e-12
            assert gap(transport(one, level), transport(other, level)) < 1e-12
    assert not torch.equal(once.flip_0, data.flip_0)


@pytest.mark.parametrize(
    ("group", "elements", "complaint"),
    [
        ("C4", Elements.rotations(torch.full((150,), 0.3, dtype=torch.float64)), "only by elements of C4, got angles"),
        ("SO2", Group("O2").random(150, generator=torch.Generator().manual_seed(0)), "SO2 has no reflections, got"),
    ],
)
def test_changes_outside_the_group_are_refused(group, elements, complaint):
    with pytest.raises(ValueError, match=complaint):
        change_gauge(FrameBundle(group=group)(sphere()), elements)


@pytest.mark.parametrize("group", ["O2", "C4", "D4", "trivial", "D1"])
def test_fields_are_those_of_rotations_restricted(group):
    """The same frames, all right-handed and outwards: the same numbers but for signs, and the same norms of orders."""
    data = FrameBundle(group=group)(sphere())
    x = InputFields(**FIELDS, group=group)(data.clone()).x
    full = data.clone()
    full.group = "SO2"
    plain = InputFields(**FIELDS)(full).x
    assert torch.allclose(x.abs().sort(dim=1).values, plain.abs().sort(dim=1).values, atol=1e-12)


def test_fields_do_not_care_about_the_frames_in_which_they_are_made():
    for oriented in (True, False):
        data, group = FrameBundle(group="O2")(sphere()), Group("O2")
        transform = InputFields(**FIELDS, group="O2", oriented=oriented)
        at = group.random(len(data.pos), generator=torch.Generator().manual_seed(0))
        first = transform(change_gauge(data, at))
        after = change_gauge(transform(data), at)
        assert (first.x - after.x).abs().max() < 1e-9
        assert first.x_rep == after.x_rep == str(transform.rep)
        assert (transform.rep.multiplicity(Group("O2").irrep(0, "o")) == 2) == (not oriented)


def test_a_cache_keeps_groups_apart(tmp_path):
    for group in ("SO2", "O2", "C4"):
        cached = Cached(FrameBundle(group=group), tmp_path)
        assert cached(sphere()).group == cached(sphere()).group == group
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: FrameBundle(group="SU2"), 'cannot read "SU2" as a group'),
        (lambda: FrameBundle(group="O2", field="smooth"), "by a field only for finite groups"),
        (lambda: FrameBundle(group="C3", field="curvature"), "use C2, D2 or another even N"),
        (lambda: FrameBundle(group="C1", field="wind")(sphere()), r"needs vectors data.wind \(V, 3\), got none"),
        (lambda: FrameBundle()(surfaces.data_of(surfaces.moebius())), r'FrameBundle\(group="O2"\)'),
        (lambda: FrameBundle(group="C4")(surfaces.data_of(surfaces.moebius())), r'FrameBundle\(group="O2"\)'),
        (lambda: InputFields()(FrameBundle(group="O2")(sphere())), "got one of O2: name the same group for both"),
        (
            lambda: InputFields(group="O2")(layer_table.bundle("moebius", "O2").clone()),
            r"InputFields\(oriented=False\)",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


def test_representations_are_recorded():
    for group in ("O2", "D4", "C4", "trivial"):
        data = layer_table.bundle("sphere", group)
        assert str(Representation(data.x_rep)) == data.x_rep
        assert Representation(data.x_rep).group == Group(group)
        assert Representation(data.x_rep).dim == data.x.shape[1]


@pytest.mark.parametrize("group", ["O2", "SO2", "trivial", "D1"])
def test_layers_run_on_point_clouds(group):
    """Of all groups; without normals for those with reflections."""
    cloud = surfaces.data_of(surfaces.uneven_sphere(80))
    del cloud.face
    if group in ("SO2", "trivial"):
        cloud.normal = cloud.pos.clone()
    if group in ("trivial", "D1"):
        cloud.wind = cloud.pos @ torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 0]], dtype=torch.float64) + 0.1
    field = "wind" if group in ("trivial", "D1") else None
    data = FrameBundle(neighbours=8, levels=(20,), level_neighbours=6, group=group, field=field)(cloud)
    rep = Representation({"O2": "O2: 2x0e + 1x0o + 2x1", "D1": "D1: 2x0e + 1x0o"}.get(group, f"{group}: 2x0"))
    conv, pool = GaugeConv(rep, rep).double(), Pool(rep)
    at = Group(data.group).random(80, generator=torch.Generator().manual_seed(0))
    x = rep.randn(80, dtype=torch.float64)
    results = [
        pool(conv(features, here), Level(here, 1))
        for features, here in ((x, data), (rep.act(x, at.inverse()), change_gauge(data, at)))
    ]
    expected = rep.act(results[0], at[data.sample_index_1].inverse())
    assert (results[1] - expected).abs().max() < 1e-12
    with pytest.raises(ValueError, match=r"needs face .* got a point cloud"):
        InputFields(group=group)(data)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"group": "C4"}, "point cloud without normals has no sides.*got group C4"),
        ({"group": "D4"}, r'FrameBundle\(field="smooth"\) needs faces'),
        ({"group": "O2", "method": "vector_heat"}, "needs faces"),
    ],
)
def test_what_point_clouds_cannot_have_is_refused(settings, complaint):
    cloud = surfaces.data_of(surfaces.uneven_sphere(30))
    del cloud.face
    with pytest.raises(ValueError, match=complaint):
        FrameBundle(**settings)(cloud)
