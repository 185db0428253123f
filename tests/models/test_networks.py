"""What networks are for: fields that no invariants make, matches of two shapes, classes of batches."""

import pytest
import surfaces
import torch
from torch_geometric.data import Batch

from gaugenet.group import Group
from gaugenet.models import ClassificationNet, CorrespondenceNet, TangentFieldNet, check, load, save
from gaugenet.models.correspondence import Functions, functional_map, point_map, refined_point_map
from gaugenet.nn import LevelMap, Project
from gaugenet.train import Prepared, evaluate, shape_loss
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.gauge import change_gauge

SMALL = {"levels": (40, 12), "neighbours": 8, "rep": "6x0 + 4x1 + 2x2", "blocks": 1, "dropout": 0.0}
SMALL["fields"] = {"hks": 3, "eigenfunctions": 20, **surfaces.NEAR}
NETWORKS = {
    "ClassificationNet": lambda: ClassificationNet(["cup", "chair"], **SMALL),
    "ClassificationNet with layers": lambda: ClassificationNet(["cup", "chair"], layers="conv", **SMALL),
    "CorrespondenceNet": lambda: CorrespondenceNet(7, 5, **SMALL),
    "TangentFieldNet": lambda: TangentFieldNet("1x0 + 2x1", **SMALL),
}


def build(name, seed=0):
    torch.manual_seed(seed)
    return NETWORKS[name]().eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_saved_and_loaded_it_is_the_same(name, tmp_path):
    net, mesh = build(name).half().float(), surfaces.data_of(surfaces.uneven_sphere(150))
    save(net, tmp_path / "net")
    again = load(tmp_path / "net")
    assert type(again) is type(net) and again.config == net.config
    assert torch.equal(again.evaluated(mesh.clone()), net.evaluated(mesh.clone()))


def test_statistics_of_large_inputs_are_kept(tmp_path):
    """Lengths of some thousands have a variance that half precision cannot hold."""
    torch.manual_seed(0)
    data = surfaces.data_of(surfaces.uneven_sphere(90))
    data.x = 5000 * data.pos
    net = ClassificationNet(["cup", "chair"], inputs="3x0").double().train()
    data = net.transform(data)
    for size in (1.0, 2.0, 3.0):
        other = data.clone()
        other.x = size * data.x
        net(other)
    assert net.readout.standardize.variance.max() > 1e6
    save(net, tmp_path / "net")
    scores = load(tmp_path / "net", torch.float64).evaluated(data)
    assert torch.allclose(scores, net.evaluated(data), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_gauge_and_pose_do_not_matter(name):
    errors = check(build(name), surfaces.data_of(surfaces.uneven_sphere(150)), torch.Generator().manual_seed(0))
    assert errors.gauge_error["float64"] < 1e-12 and errors.motion_error["float64"] < 1e-9


def test_a_field_that_does_not_turn_along_is_found():
    """The check compares a field with what it should have become, not with what it was."""

    class Stiff(TangentFieldNet):
        def outputs(self, values, data):
            return values.abs()

    torch.manual_seed(0)
    errors = check(Stiff("1x1", **SMALL), surfaces.data_of(surfaces.uneven_sphere(150)))
    assert errors.gauge_error["float64"] > 0.1


@pytest.mark.parametrize("rep_out", ["2x1", "1x0 + 1x1"])
def test_vectors_turn_with_the_shape(rep_out):
    torch.manual_seed(0)
    net = TangentFieldNet(rep_out, **SMALL).double()
    mesh = surfaces.data_of(surfaces.uneven_sphere(150))
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    turn = turn * torch.linalg.det(turn)
    moved = mesh.clone()
    moved.pos = mesh.pos @ turn.T
    expected = net.vectors(net.transform(mesh)) @ turn.T
    assert (net.vectors(net.transform(moved)) - expected).abs().max() < 1e-8 * expected.abs().max()


@pytest.mark.parametrize("layers", ["conv", "diffusion"])
def test_a_bundle_without_fields_is_kept(layers):
    """What is missing is added in the frames that are there; vectors of space are the same in all of them."""
    torch.manual_seed(0)
    net = TangentFieldNet("1x1", **SMALL, layers=layers).double()
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(150)))
    turned = change_gauge(data, Group("SO2").random(150, generator=torch.Generator().manual_seed(0)))
    frame = turned.frame.clone()
    for key in [key for key in turned.to_dict() if key == "x" or key.startswith("eigen")]:
        del turned[key]
    assert (net.vectors(turned) - net.vectors(data)).abs().max() < 1e-9 * net.vectors(data).abs().max()
    assert torch.equal(turned.frame, frame) and "x" not in turned


def test_a_bundle_without_fields_that_nobody_computes_is_refused():
    net = TangentFieldNet("1x1", **SMALL | {"fields": None}, inputs="2x1")
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(150)))
    with pytest.raises(ValueError, match=r"needs input fields x: .* set x of representation 2x1"):
        net.vectors(data)


def test_a_batch_without_fields_or_frames_is_refused():
    """Made anew for all its meshes at once, they would not be those of each."""
    net, mesh = build("ClassificationNet"), surfaces.data_of(surfaces.uneven_sphere(90))
    bare = net.trunk.bundle_transform(mesh)
    for one in (mesh, bare):
        with pytest.raises(ValueError, match=r"needs net\.transform applied to each mesh of a batch"):
            net.evaluated(Batch.from_data_list([one, one.clone()]))


@pytest.mark.parametrize("name", NETWORKS)
def test_each_map_between_levels_is_made_once(name, monkeypatch):
    made = []
    plain = LevelMap.from_data
    monkeypatch.setattr(LevelMap, "from_data", lambda data, level: made.append(level) or plain(data, level))
    net = build(name)
    net.evaluated(surfaces.data_of(surfaces.uneven_sphere(150)))
    assert sorted(made) == [1, 2][: net.trunk.first + len(net.trunk.unet.pool)]


def test_what_is_no_vector_is_refused():
    net = TangentFieldNet("1x2", **SMALL)
    with pytest.raises(ValueError, match="1x2 is no field of vectors: use copies of 1x1"):
        net.vectors(net.transform(surfaces.data_of(surfaces.uneven_sphere(150))))


@pytest.mark.parametrize("name", ["ClassificationNet", "ClassificationNet with layers"])
def test_a_batch_is_classified_shape_by_shape(name):
    net = build(name)
    data = [net.transform(surfaces.data_of(surfaces.uneven_sphere(count))) for count in (150, 90)]
    batch = net.evaluated(Batch.from_data_list(data))
    assert batch.shape == (2, 2)
    assert torch.allclose(batch, torch.cat([net.evaluated(one) for one in data]), atol=1e-5)
    assert net.classify(data[0]).shape == (1,)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: ClassificationNet([], **SMALL), "at least one label name, got none"),
        (lambda: ClassificationNet(["a", "b", "a"], **SMALL), 'label names that differ, got "a" more than once'),
        (lambda: ClassificationNet(["a"], hidden=0, **SMALL), "hidden >= 1, got 0"),
        (
            lambda: ClassificationNet(["a"], layers="x", **SMALL),
            'or polynomial, none alone; got "x"',
        ),
        (
            lambda: TangentFieldNet("1x1", layers="x", **SMALL),
            "or polynomial, none alone; got",
        ),
        (lambda: TangentFieldNet("1x1", **SMALL | {"blocks": -3}), "GaugeTrunk expects blocks >= 1, got -3"),
        (lambda: TangentFieldNet("1x1", **SMALL | {"blocks": 0}), "GaugeTrunk expects blocks >= 1, got 0"),
        (
            lambda: CorrespondenceNet(7, layers="none", **SMALL),
            'no features at points with layers="none"',
        ),
        (lambda: CorrespondenceNet(0, **SMALL), "points >= 1, got 0"),
        (lambda: TangentFieldNet("1x1", **{**SMALL, "rep": "2x1"}), "GaugeTrunk needs invariants"),
    ],
)
def test_bad_settings_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()


def test_a_name_is_no_list_of_labels():
    with pytest.raises(TypeError, match='ClassificationNet expects a list of label names, got "cup": write'):
        ClassificationNet("cup", **SMALL)


@pytest.mark.parametrize("name", NETWORKS)
def test_data_without_what_is_to_be_learned_are_refused(name):
    net = build(name)
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(90)))
    with pytest.raises(ValueError, match=r"the data has no (class|labels|field)"):
        shape_loss(net, data)


def spectrum(mesh, count):
    from gaugenet.mesh.geometry import vertex_areas
    from gaugenet.mesh.laplacian import laplacian_spectrum

    area = vertex_areas(mesh.pos, mesh.face)
    value, function = laplacian_spectrum(mesh.pos, mesh.face, count)
    scale = area.sum()
    return torch.tensor(value * scale), torch.tensor(function * scale**0.5), torch.tensor(area / scale)


def test_functional_maps_find_a_renumbering():
    """Of an asymmetric shape and its copy with other numbers: the map is diagonal, the points are right."""
    mesh = surfaces.biped()
    number = torch.randperm(len(mesh.pos), generator=torch.Generator().manual_seed(0))
    value, source, area = spectrum(mesh, 30)
    target = torch.empty_like(source)
    target[number] = source
    target_area = torch.empty_like(area)
    target_area[number] = area
    descriptor = (source[:, 1:13] ** 2) @ torch.randn(12, 25, generator=torch.Generator().manual_seed(1)).double()
    coefficients = source.T @ (area[:, None] * descriptor)
    matrix = functional_map(coefficients, coefficients.clone(), value, value, 1e-6)
    assert (matrix - torch.eye(30)).abs().max() < 0.05
    found = point_map(source @ matrix.T, target)
    right = (number[found] == torch.arange(len(found))).double().mean()
    assert right > 0.9
    small = functional_map(coefficients[:8], coefficients[:8].clone(), value[:8], value[:8], 1e-6)
    rough = point_map(source[:, :8] @ small.T, target[:, :8])
    refined = refined_point_map(source, target, target_area, small, 30)
    share = [(number[points] == torch.arange(len(points))).double().mean() for points in (rough, refined)]
    assert share[1] > 0.98 and share[1] >= share[0]


def test_functional_maps_by_brute_force():
    """The minimum of the quadratic form, by the normal equations of all entries at once; and its gradient flows."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(k, 9, generator=generator, dtype=torch.float64) for k in (4, 5))
    values_a, values_b = (torch.arange(k, dtype=torch.float64) for k in (4, 5))
    matrix = functional_map(a, b, values_a, values_b, 0.1)
    from gaugenet.models.correspondence import _resolvent_mask

    mask = _resolvent_mask(values_a, values_b)

    def energy(c):
        return (c @ a - b).square().sum() + 0.1 * a.square().sum() * (mask * c.square()).sum()

    gradient = torch.func.grad(energy)(matrix)
    assert gradient.abs().max() < 1e-9 * energy(matrix)
    assert mask[2, 2] == 0 or values_a[-1] != values_b[-1]
    assert torch.autograd.gradcheck(lambda a: functional_map(a, b, values_a, values_b), a.clone().requires_grad_())


def test_functional_maps_need_the_same_descriptors():
    with pytest.raises(ValueError, match="same descriptors on both sides, got 3 and 4"):
        functional_map(torch.ones(2, 3), torch.ones(2, 4), torch.ones(2), torch.ones(2))


def test_projecting_back_is_what_vectors_does():
    torch.manual_seed(0)
    net = TangentFieldNet("1x1", **SMALL).double()
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(90)))
    field = net.evaluated(data)
    padded = torch.cat([field.new_zeros(90, 1), field], dim=1)
    assert torch.equal(net.vectors(data), Project("vector")(padded, data))
    assert torch.einsum("vca,va->vc", net.vectors(data), data.frame[:, 2]).abs().max() < 1e-12


@pytest.mark.parametrize("group", ["trivial", "C2", "D1", "C4", "O2"])
def test_vectors_of_every_group(group):
    """Copies of what a tangent vector is in the group; they lie in the tangent planes."""
    tangent = Project("tangent", 2, group).rep_in
    torch.manual_seed(0)
    invariant = {"O2": "6x0e", "D1": "6x0e"}.get(group, "6x0")
    net = TangentFieldNet(str(tangent), **{**SMALL, "rep": f"{group}: {invariant}"} | {"levels": (40,)}).double()
    mesh = surfaces.data_of(surfaces.uneven_sphere(90))
    data = net.transform(mesh.clone())
    vectors = net.vectors(mesh)
    assert vectors.shape == (90, 2, 3)
    assert torch.einsum("vca,va->vc", vectors, data.frame[:, 2]).abs().max() < 1e-12


def test_targets_of_the_wrong_size_are_refused():
    net = build("TangentFieldNet")
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(90)))
    data.field = torch.zeros(1, net.rep_out.dim)
    with pytest.raises(ValueError, match=r"data.field must have shape \(90, 5\), .* got \(1, 5\)"):
        shape_loss(net, data)
    net = build("CorrespondenceNet")
    data.vertex_label = torch.arange(90)
    with pytest.raises(ValueError, match="labels go up to 89, the network has 7 scores"):
        shape_loss(net, data)
    with pytest.raises(ValueError, match=r"use gaugenet.train.score"):
        evaluate(net, [data])


def test_fields_of_deformed_copies_are_refused(tmp_path):
    net, mesh = build("TangentFieldNet"), surfaces.data_of(surfaces.uneven_sphere(90))
    mesh.field = torch.zeros(90, 5)
    shapes = Prepared([mesh], net.transform, tmp_path, variants=2, stretch=0.1)
    assert shapes[0].field.shape == (90, 5)
    with pytest.raises(ValueError, match="which deformed copies do not share: use variants=1"):
        shapes[1]


def test_functions_need_a_spectrum():
    data = build("CorrespondenceNet").transform(surfaces.data_of(surfaces.uneven_sphere(90)))
    with pytest.raises(ValueError, match=r"no eigenfunctions .eigenfield_0_0.: apply ConnectionSpectrum"):
        Functions.from_data(data)
    functions = Functions.from_data(ConnectionSpectrum(orders=(0,), count=8)(data))
    gram = functions.coefficients(functions.function)
    assert (gram - torch.eye(8)).abs().max() < 1e-9 and float(functions.area.sum()) == pytest.approx(1)
    assert float(functions.value[1]) == pytest.approx(2 * 4 * torch.pi, rel=0.15)  # l (l + 1) on a sphere of unit area


def test_functions_of_a_batch_are_refused():
    """They would have one area for all."""
    data = ConnectionSpectrum(orders=(0,), count=8)(FrameBundle()(surfaces.data_of(surfaces.uneven_sphere(90))))
    with pytest.raises(ValueError, match=r"Functions.from_data needs a single mesh, got a batch"):
        Functions.from_data(Batch.from_data_list([data, data]))


@pytest.mark.parametrize(("largest", "step"), [(4, 0), (4, -1), (0, 2)])
def test_refining_needs_steps(largest, step):
    with pytest.raises(ValueError, match=f"expects largest and step >= 1, got {largest} and {step}"):
        refined_point_map(torch.eye(5), torch.eye(5), torch.ones(5), torch.eye(2), largest, step)
