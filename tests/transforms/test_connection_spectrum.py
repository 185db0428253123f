"""The transform: what it adds, batches, changes of gauge, groups, refusals."""

import heat_table
import layer_table
import numpy as np
import pytest
import surfaces
import torch
from group_table import REPS
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.transforms.cache import Cached
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge, transport


def spectrum_keys(data):
    return sorted(key for key in data.to_dict() if key.startswith("eigen"))


@pytest.mark.parametrize("group", REPS)
def test_every_irrep_of_the_orders_has_its_modes(group):
    data = layer_table.bundle("sphere", group)
    for irrep in Group(group).irreps(3):
        for level in (0, 1, 2):
            field = data[f"eigenfield_{irrep}_{level}"]
            assert field.shape == (len(data[f"area_{level}"]), irrep.size, 24)
            assert data[f"eigenvalue_{irrep}_{level}"].shape == (1, 24)
    assert len(spectrum_keys(data)) == 6 * len(Group(group).irreps(3))


BUNDLES = [
    (group, mesh)
    for group in ("SO2", "O2", "C4", "D4", "D6")
    for mesh in ("sphere", "moebius", "dirty")
    if mesh in layer_table.meshes_of(group)  # one-sided surfaces need reflections
]


@pytest.mark.parametrize(("group", "mesh"), BUNDLES)
def test_in_other_frames_they_are_modes_of_what_the_bundle_is_there(group, mesh):
    data = layer_table.bundle(mesh, group)
    at = Group(group).random(len(data.pos), generator=torch.Generator().manual_seed(0))
    turned = change_gauge(data, at, {})
    for irrep in Group(group).irreps(3):
        for level in (0, 1):
            matrix = heat_table.dense_laplacian(turned, irrep, level)
            mass = turned[f"area_{level}"].numpy().repeat(irrep.size)[:, None]
            value = turned[f"eigenvalue_{irrep}_{level}"].numpy()
            field, before = (one[f"eigenfield_{irrep}_{level}"].flatten(0, 1).numpy() for one in (turned, data))
            bound = 1e-9 * np.abs(mass * field * value.max()).max()
            assert np.abs(matrix @ field - mass * field * value).max() < bound
            if not irrep.trivial:  # fields that stayed as they were would not do
                assert np.abs(matrix @ before - mass * before * value).max() > 1e3 * bound


def test_batches_have_a_row_a_mesh():
    meshes = [layer_table.bundle(name) for name in ("sphere", "disc")]
    batch = Batch.from_data_list(meshes)
    assert batch.eigenvalue_1_0.shape == (2, 24)
    assert batch.eigenfield_1_1.shape == (sum(len(data.area_1) for data in meshes), 2, 24)
    for one, other in zip(batch.to_data_list(), meshes, strict=True):
        assert torch.equal(one.eigenfield_2_0, other.eigenfield_2_0)


def test_a_small_mesh_has_zeros_at_the_end():
    data = ConnectionSpectrum(orders=(0, 1), count=20)(
        FrameBundle()(surfaces.data_of(surfaces.read("known/tetrahedron.off")))
    )
    assert data.eigenvalue_0_0.shape == data.eigenvalue_1_0.shape == (1, 20)
    assert (data.eigenfield_0_0[:, :, 4:] == 0).all() and (data.eigenfield_1_0[:, :, 8:] == 0).all()
    assert data.eigenfield_0_0[:, :, :4].square().sum() > 0


def test_a_larger_group_and_orders_that_are_not_there():
    ball = FrameBundle(group="C2")(surfaces.data_of(surfaces.icosphere(1)))
    assert spectrum_keys(ConnectionSpectrum(count=4)(ball.clone())) == [
        f"eigen{kind}_{order}_0" for kind in ("field", "value") for order in (0, 1)
    ]
    data = ConnectionSpectrum(count=4, group="O2")(ball.clone())
    assert data.eigenfield_1_0.shape == (42, 2, 4) and "eigenfield_0o_0" in data
    anew = FrameBundle()(data)
    assert spectrum_keys(anew) == []  # a new bundle has no modes yet


def test_it_can_be_cached(tmp_path):
    class Both:
        def __call__(self, data):
            return ConnectionSpectrum(count=4)(FrameBundle()(data))

        def __repr__(self):
            return f"Both({ConnectionSpectrum(count=4)})"

    cached = Cached(Both(), tmp_path)
    one, other = (cached(surfaces.data_of(surfaces.icosphere(2))) for _ in range(2))
    assert torch.equal(one.eigenfield_2_0, other.eigenfield_2_0)
    assert repr(ConnectionSpectrum((1,), 6, 2, "D4")) == "ConnectionSpectrum(orders=(1,), count=6, level=2, group='D4')"


@pytest.mark.parametrize("group", ["C2", "C3", "C4", "D1", "D4", "D6"])
def test_transport_of_finite_groups_has_an_inverse_where_the_nearest_tie(group):
    """On a tetrahedron and an icosphere fields turn by half a step along some edges; both ways must choose alike."""
    for mesh in (surfaces.read("known/tetrahedron.off"), surfaces.icosphere(2), surfaces.torus(12, 8)):
        data = FrameBundle(group=group)(surfaces.data_of(mesh))
        source, target = data.edge_index_0
        reverse = torch.argsort(source * len(data.pos) + target)
        there = transport(data, 0)
        round_trip = there @ there[reverse]
        assert not round_trip.flip.any()
        assert surfaces.turned(round_trip.angle.numpy()).max() < 1e-9


def test_refusals():
    bare = surfaces.data_of(surfaces.icosphere(1))
    with pytest.raises(ValueError, match=r"needs a bundle with level 0 \(no stiffness_0\)"):
        ConnectionSpectrum()(bare)
    with pytest.raises(ValueError, match="needs a bundle with level 2"):
        ConnectionSpectrum(level=2)(FrameBundle()(bare))
    with pytest.raises(ValueError, match=r'group="C4".* needs a bundle of C4, got one of SO2'):
        ConnectionSpectrum(group="C4")(FrameBundle()(bare))
    for count in (0, 7):
        with pytest.raises(ValueError, match=f"even positive count, got {count}"):
            ConnectionSpectrum(count=count)
    with pytest.raises(ValueError, match=r"orders >= 0, got \(-1, 2\)"):
        ConnectionSpectrum(orders=(-1, 2))
    with pytest.raises(ValueError, match="level >= 0, got -1"):
        ConnectionSpectrum(level=-1)
