"""The check of whole networks finds exact ones exact, and broken ones broken."""

import pytest
import surfaces
import torch
from torch import nn

from gaugenet.io.mesh_data import MeshData
from gaugenet.models import SegmentationNet, check


def network(rep="4x0 + 3x1 + 2x2", **fields):
    torch.manual_seed(0)
    fields = {"hks": 4, "eigenfunctions": 30, **fields}
    options = {"levels": (200, 50), "neighbours": 10, "rep": rep, "blocks": 1, "fields": fields}
    return SegmentationNet(["a", "b"], **options)


GROUPS = [
    "O2: 4x0e + 2x0o + 3x1 + 2x2", "C2: 4x0 + 3x1", "C3: 4x0 + 3x1", "C4: 3xregular", "D1: 4x0e + 3x0o",
    "D4: 3x0e + 1x0o + 2x1 + 1x2e", "trivial: 5x0",
]  # fmt: skip


def errors(net):
    return check(net, surfaces.data_of(surfaces.biped()), torch.Generator().manual_seed(0))


class ComponentwiseReLU(nn.Module):
    def forward(self, x, at):
        return x.relu()


@pytest.mark.parametrize("output", ["face", "both"])
def test_an_equivariant_network_passes(output):
    net = network()
    net.output = output
    result = errors(net)
    assert result.gauge_error["float64"] < 1e-12 and result.gauge_error["float32"] < 1e-5
    assert result.motion_error["float64"] < 1e-9 and result.motion_error["float32"] < 1e-5


@pytest.mark.parametrize("rep", GROUPS)
def test_networks_of_every_group_pass(rep):
    """Mirror images too where the group has reflections; frames of finite groups follow the mesh."""
    result = errors(network(rep))
    assert result.gauge_error["float64"] < 1e-12 and result.gauge_error["float32"] < 1e-5
    assert result.motion_error["float64"] < 1e-9 and result.motion_error["float32"] < 1e-5


def test_fields_without_sides_pass_inside_out():
    result = errors(network("O2: 4x0e + 2x0o + 3x1 + 2x2", oriented=False))
    assert result.gauge_error["float64"] < 1e-12
    assert result.motion_error["float64"] < 1e-9


def test_rotations_alone_tell_a_shape_from_its_image():
    """What O(2) gains: a network of SO(2) gives a mirror image other scores."""
    net, image = network(), surfaces.data_of(surfaces.biped())
    scores = net.double().eval()(net.transform(image.clone()))
    image.pos[:, 0] *= -1
    image.face = image.face[[0, 2, 1]]
    assert (net(net.transform(image)) - scores).abs().max() > 1e-3 * scores.abs().max()


@pytest.mark.parametrize("rep", ["4x0 + 3x1 + 2x2", *(rep for rep in GROUPS if "1" in rep.partition(":")[2])])
def test_a_broken_block_is_found(rep):
    net = network(rep)
    net.trunk.unet.down[0][0] = ComponentwiseReLU()
    result = errors(net)
    assert min(result.gauge_error.values()) > 1e-3


def test_an_offset_of_the_scores_hides_nothing():
    net = network()
    net.trunk.unet.down[0][0] = ComponentwiseReLU()
    plain = errors(net).gauge_error["float64"]
    net.register_forward_hook(lambda _, __, scores: scores + 1000)
    assert errors(net).gauge_error["float64"] == pytest.approx(plain, rel=1e-6)


def test_coordinates_as_input_are_found_by_motions_only():
    result = errors(network(coordinates=True))
    assert result.gauge_error["float64"] < 1e-12
    assert result.motion_error["float64"] > 1e-3


def test_the_network_and_the_mesh_stay_as_they_are():
    net, mesh = network().train(), surfaces.data_of(surfaces.biped())
    before = {key: value.clone() for key, value in net.state_dict().items()}
    check(net, mesh)
    assert net.training and all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert next(net.parameters()).dtype == torch.float32
    assert set(mesh.keys()) == {"pos", "face"}


USERS = [
    ("4x0 + 3x1", "2x0 + 1x1 + 1x2", {}),
    ("O2: 4x0e + 2x0o + 3x1", "2x0e + 1x0o + 1x1", {}),
    ("O2: 4x0e + 2x0o + 3x1", "3x0e", {}),
    ("C1: 5x0", "3x0", {"frame_field": "wind"}),
    ("C4: 4x0 + 3x1", "2x0 + 1x1", {"frame_field": "wind"}),
    ("D3: 4x0e + 1x0o + 3x1", "2x0e + 1x1", {"frame_field": "wind"}),
]


def with_features(rep, inputs, options, face, normal):
    """Return a network of a user's own features, and a shape that has some."""
    torch.manual_seed(0)
    options = {"levels": (40, 12), "neighbours": 8, "blocks": 1, "output": "vertex", **options}
    net = SegmentationNet(["a", "b"], rep=rep, inputs=rep.rpartition(":")[0] + ": " * (":" in rep) + inputs, **options)
    mesh = surfaces.data_of(surfaces.uneven_sphere(150))
    data = MeshData(pos=mesh.pos, x=torch.randn(150, net.rep_in.dim, dtype=torch.float64))
    if "frame_field" in options:
        data.wind = torch.randn(150, 3, dtype=torch.float64)
    if face:
        data.face = mesh.face
    if normal:
        data.normal = mesh.pos / mesh.pos.norm(dim=1, keepdim=True)
    return net, data


KINDS = [(*user, *kind) for user in USERS for kind in ((True, False), (False, True), (False, False))]


# Point clouds without normals need reflections.
@pytest.mark.parametrize(
    ("rep", "inputs", "options", "face", "normal"),
    [kind for kind in KINDS if any(kind[3:]) or kind[0][:2] in ("O2", "D3")],
)
def test_what_the_data_brings_along_moves_along(rep, inputs, options, face, normal):
    """Normals and the vectors of frame fields turn; features stay what they are, in the frames of the moved shape."""
    net, data = with_features(rep, inputs, options, face, normal)
    result = check(net, data, torch.Generator().manual_seed(0))
    assert result.gauge_error["float64"] < 1e-12 and result.motion_error["float64"] < 1e-9


def test_data_without_features_are_refused():
    net, data = with_features("4x0 + 3x1", "2x0", {}, face=True, normal=False)
    del data.x
    with pytest.raises(ValueError, match="the network needs input fields x"):
        check(net, data)


def test_a_broken_block_on_a_point_cloud_is_found():
    net, data = with_features("O2: 4x0e + 2x0o + 3x1", "2x0e + 1x1", {}, face=False, normal=False)
    net.trunk.unet.down[0][0] = ComponentwiseReLU()
    result = check(net, data)
    assert min(result.gauge_error.values()) > 1e-3
