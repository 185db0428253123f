"""Gauge-equivariant networks on samples of the sphere: changes of gauge, symmetries, any rotation in the limit."""

import math

import pytest
import torch
from space_table import carried, icosahedral_rotations, permutation, seeded, shift

from gaugenet.homogeneous import Sphere, icosphere
from gaugenet.models import ClassificationNet, CorrespondenceNet, SegmentationNet, TangentFieldNet, check, load, save
from gaugenet.models.patches import patch_limit, scores_in_patches
from gaugenet.nn import Level
from gaugenet.train import Prepared, shape_loss
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

SPHERE = Sphere()
SMALL = {"space": "sphere", "levels": (42, 12), "neighbours": 8, "rep": "4x0 + 3x1 + 2x2", "blocks": 1, "dropout": 0.0}
NETWORKS = {
    "SegmentationNet": lambda **settings: SegmentationNet(["sea", "land"], "vertex", **settings),
    "ClassificationNet": lambda **settings: ClassificationNet(["sea", "land"], **{"layers": "conv", **settings}),
    "CorrespondenceNet": lambda **settings: CorrespondenceNet(7, 5, **settings),
    "TangentFieldNet": lambda **settings: TangentFieldNet("1x0 + 2x1", **settings),
}


def build(name, inputs="1x0", **settings):
    torch.manual_seed(0)
    return NETWORKS[name](**{**SMALL, "inputs": inputs, **settings}).double().eval()


def featured(net, level=2):
    data = net.transform(icosphere(level))
    data.x = net.rep_in.randn(len(data.pos), generator=seeded(), dtype=torch.float64)
    return data


def relative(one, other):
    return float((one - other).abs().max() / other.abs().max())


@pytest.mark.parametrize("settings", [{}, {"levels": ()}, {"layers": "attention + diffusion"}], ids=str)
@pytest.mark.parametrize("inputs", ["1x0", "1x0 + 1x1"])
@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_the_gauge_does_not_matter(name, inputs, settings):
    net = build(name, inputs, **settings)
    data = featured(net)
    angle = 2 * math.pi * torch.rand(len(data.pos), generator=seeded(1), dtype=torch.float64)
    expected = net(data) if net.rep_out.invariant else net.rep_out.act(net(data), -angle)
    assert relative(net(change_gauge(data, angle, {"x": net.rep_in})), expected) < 1e-12
    if inputs != "1x0":
        assert relative(net(change_gauge(data, angle, {})), expected) > 1e-3  # without what it should turn


@pytest.mark.parametrize("inputs", ["1x0", "1x0 + 1x1"])
@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_symmetries_of_the_sample_are_exact(name, inputs):
    """A field turned by a rotation that takes the icosphere to itself: its scores are there where the points are."""
    net = build(name, inputs)
    data = featured(net)
    for g in icosahedral_rotations()[1:8]:
        moved = permutation(SPHERE, data.pos, g)
        turned = data.clone()
        turned.x = torch.empty_like(data.x)
        turned.x[moved] = carried(SPHERE, inputs, data.pos, data.x, g)
        if name == "ClassificationNet":
            assert relative(net(turned), net(data)) < 1e-12
            continue
        expected = carried(SPHERE, net.rep_out, data.pos, net(data), g)
        assert relative(net(turned)[moved], expected) < 1e-12
        assert relative(net(turned), expected) > 1e-3


def smooth(x, anchor):
    """A function that moves as its anchors do."""
    return torch.exp(2 * (x @ anchor.T) - 2).sum(1, keepdim=True)


@torch.no_grad()
def change_by_rotations(name, level, still=False):
    """Return by how much the output of a smooth field changes as rotations turn it, over the spread of the output.

    Discs have one radius on all samples; a rotation takes one vertex to another, where outputs are compared.
    """
    net = build(name, levels=(), neighbours=10 * 4 ** (level - 2))
    data, generator = net.transform(icosphere(level)), seeded(1)
    data.level = Level(data)
    anchor = SPHERE.act(SPHERE.random(3, generator=generator), SPHERE.origin(data.pos).expand(3, -1))
    data.x = smooth(data.pos, anchor)
    before, found = net(data), []
    for _ in range(5):
        i, j = torch.randint(162, (2,), generator=generator)
        g = shift(SPHERE, data.pos[i], data.pos[j], 2 * math.pi * float(torch.rand((), generator=generator)))
        data.x = smooth(data.pos, anchor if still else SPHERE.act(g, anchor))
        after = net(data)
        if name == "ClassificationNet":
            found.append(after[0] - before[0])
        else:
            found.append(after[j] - carried(SPHERE, net.rep_out, data.pos[i], before[i], g))
    return float(torch.stack(found).square().mean().sqrt() / before.std())


@pytest.mark.parametrize("name", ["SegmentationNet", "TangentFieldNet", "ClassificationNet"])
def test_all_rotations_in_the_limit(name):
    coarse, fine = change_by_rotations(name, 2), change_by_rotations(name, 4)
    assert fine < 0.4 * coarse and fine < 0.05, (coarse, fine)


def test_a_field_that_stays_is_another_field():
    assert change_by_rotations("TangentFieldNet", 2, still=True) > 0.5


def test_it_learns_a_gradient():
    """The tangential part of a unit vector of space, from its normal part; then of vectors that it has not seen."""
    torch.manual_seed(0)
    net = TangentFieldNet("1x1", **{**SMALL, "inputs": "1x0", "rep": "6x0 + 6x1"})
    data = net.transform(icosphere(2))
    data.level = Level(data)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)

    def example(vector):
        vector = vector / vector.norm()
        data.x = data.pos.float() @ vector[:, None]
        data.field = data.frame[:, :2].float() @ vector
        return data

    for vector in torch.randn(80, 3, generator=seeded()):
        optimizer.zero_grad()
        shape_loss(net, example(vector))[0].backward()
        optimizer.step()
    with torch.no_grad():
        errors = [float(shape_loss(net.eval(), example(v))[0]) for v in torch.randn(5, 3, generator=seeded(1))]
    assert max(errors) < 0.05, errors


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_stored_comes_back(name, tmp_path):
    net = build(name).half().float()
    save(net, tmp_path / "net")
    again = load(tmp_path / "net")
    assert again.config == net.config and again.config["space"] == "sphere"
    data = featured(net)
    assert torch.equal(again.evaluated(data), net.evaluated(data))


def test_networks_of_before_are_those_of_meshes():
    net = SegmentationNet(["sea", "land"], levels=(42,), inputs="1x0")
    config = dict(net.config)
    del config["space"]
    again = SegmentationNet(**config)
    assert again.config == net.config and isinstance(again.trunk.bundle_transform, FrameBundle)


def test_points_and_bundles_are_made_ready():
    """Points with features become a bundle; a bundle keeps its frames, whoever has turned them."""
    net = build("TangentFieldNet")
    data = featured(net)
    points = icosphere(2)
    points.x = data.x
    assert torch.equal(net.evaluated(points), net.evaluated(data))
    turned = change_gauge(data, torch.ones(162, dtype=torch.float64))
    assert torch.equal(net.trunk.ready(turned).frame, turned.frame)
    with pytest.raises(ValueError, match=r"needs input fields x: .* set x of representation 1x0"):
        net.evaluated(icosphere(2))


@pytest.mark.parametrize("levels", [(42, 12), ()], ids=str)
def test_patches_give_the_scores_of_the_whole(levels):
    net = build("SegmentationNet", levels=levels)
    data = featured(net, 3)
    assert relative(scores_in_patches(net, data, 400), net.evaluated(data)) < 1e-12
    assert patch_limit(net, data, 2**40) > 10**5


def test_faces_get_labels_with_boundaries():
    net = SegmentationNet(["sea", "land"], **SMALL, inputs="1x0").double().eval()
    data = featured(net)
    assert net.segment(data).shape == (320,) and net.evaluated(data).shape == (320, 2)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"space": "torus"}, 'expects space "sphere", or None for meshes, got "torus"'),
        ({"inputs": None}, 'got space="sphere" without inputs: name the representation of the data\'s own x'),
        ({"inputs": None, "fields": {"hks": 3}}, 'got space="sphere" without inputs'),
        ({"fields": {"hks": 3}}, "fields to compute or inputs that the data has, got both"),
        ({"rep": "O2: 4x0e"}, "frames that change by SO2, got O2: 4x0e: use a rep of SO2"),
        ({"rep": "C4: 4x0"}, "frames that change by SO2, got C4: 4x0"),
        ({"frame_field": "wind"}, 'fixes frames itself, got frame_field="wind": leave it out'),
    ],
)
@pytest.mark.parametrize("name", NETWORKS)
def test_refusals(name, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        build(name, **settings)


def test_what_moves_points_off_the_sphere_is_refused(tmp_path):
    net = build("SegmentationNet")
    with pytest.raises(ValueError, match="check moves meshes about in space, got a network on the sphere"):
        check(net, icosphere(2))
    with pytest.raises(ValueError, match="not in it once they are deformed, got 3 variants: use variants=1"):
        Prepared([icosphere(2)], net.transform, tmp_path, variants=3, stretch=0.1)
    shapes = Prepared([icosphere(2)], net.transform, tmp_path)
    assert torch.equal(shapes[0].log_1, net.transform(icosphere(2)).log_1)
