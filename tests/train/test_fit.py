"""Fitting: it learns, a resumed run ends with the same bits, and checkpoints that do not belong are refused."""

from dataclasses import replace

import pytest
import surfaces
import torch

from gaugenet.datasets.folder import LabelledFolder
from gaugenet.models import ClassificationNet, Comparison, GaugeTrunk, Network, SegmentationNet
from gaugenet.train import Fit, FitSettings, Prepared, evaluate, score
from gaugenet.train.metrics import shape_loss

OPTIONS = {"levels": (40, 12), "neighbours": 8, "rep": "4x0 + 2x1", "blocks": 1, "dropout": 0.1}
OPTIONS["fields"] = {"hks": 2, "eigenfunctions": 12, **surfaces.NEAR}
SETTINGS = FitSettings(epochs=4, variants=2, stretch=0.1, bend=0.1, learning_rate=2e-2, average=0.5)


def network(**options):
    torch.manual_seed(0)
    return SegmentationNet(["cap", "rest"], **{**OPTIONS, **options})


def shapes(count=2):
    """Ellipsoids whose tips are caps."""
    meshes = []
    for number in range(count):
        mesh = surfaces.data_of(surfaces.uneven_sphere(120, number))
        mesh.face_label = (mesh.pos[mesh.face].mean(0)[:, 2].abs() < 0.6).long()
        mesh.pos = mesh.pos * torch.tensor([1.0, 1.1, 1.8])
        meshes.append(mesh)
    return meshes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def fit(folder, checkpoint=None, settings=SETTINGS, count=2, validation=False, **options):
    net = network(**options)
    train = Prepared(shapes(count), net.transform, folder, settings.variants, settings.stretch, settings.bend)
    held = Prepared(shapes(1), net.transform, folder) if validation else None
    return Fit(net, train, held, settings, checkpoint)


class Killed(Exception):
    pass


def killed_after(epochs):
    def progress(items, text, total):
        for number, item in enumerate(items):
            if number == epochs:
                raise Killed
            yield item

    return progress


def test_it_learns(folder):
    settings = replace(SETTINGS, epochs=40, learning_rate=5e-2, noise=0.0, label_smoothing=0.0)
    run = fit(folder, settings=settings, validation=True)
    history = run.run()
    assert [row["epoch"] for row in history] == list(range(1, 41))
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
    assert [row["epoch"] for row in history if "validation_accuracy" in row] == [10, 20, 30, 40]
    assert history[-1]["validation_accuracy"] > 0.85
    assert evaluate(run.net, run.validation).area_accuracy == pytest.approx(history[-1]["validation_accuracy"])
    assert not run.net.training


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_resumed_run_ends_with_the_same_bits(epochs, folder, tmp_path):
    whole = fit(folder, tmp_path / "whole", validation=True)
    expected = whole.run()
    first = fit(folder, tmp_path / "half", validation=True)
    with pytest.raises(Killed):
        first.run(killed_after(epochs))
    torch.manual_seed(99)  # another process has other random numbers
    second = fit(folder, tmp_path / "half", validation=True)
    with torch.no_grad():
        for parameter in second.net.parameters():
            parameter.normal_()
    second.resume()
    assert len(second.history) == epochs
    assert second.run() == expected
    for key, value in whole.net.state_dict().items():
        assert torch.equal(value, second.net.state_dict()[key])
    assert torch.equal(whole.net(whole.train[0]), second.net(second.train[0]))


@pytest.mark.parametrize("epochs", [1, 2, 5, 10])
def test_any_number_of_steps(epochs, folder):
    history = fit(folder, settings=replace(SETTINGS, epochs=epochs), count=1).run()
    assert len(history) == epochs


def test_a_finished_run_resumes_to_itself(folder, tmp_path):
    whole = fit(folder, tmp_path / "whole")
    expected = whole.run()
    again = fit(folder, tmp_path / "whole")
    again.resume()
    assert again.run() == expected
    assert all(torch.equal(value, again.net.state_dict()[key]) for key, value in whole.net.state_dict().items())


def test_another_seed_is_another_run(folder):
    histories = [fit(folder, settings=replace(SETTINGS, epochs=1, seed=seed)).run() for seed in (0, 0, 1)]
    assert histories[0] == histories[1] != histories[2]


def test_the_global_random_numbers_stay_as_they_are(folder):
    torch.manual_seed(5)
    expected = torch.rand(3)
    run = fit(folder, settings=replace(SETTINGS, epochs=1))
    torch.manual_seed(5)
    run.run()
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"settings": replace(SETTINGS, learning_rate=1e-3)}, r"other settings \(learning_rate=0.02, now 0.001\)"),
        ({"settings": replace(SETTINGS, epochs=9)}, r"other settings \(epochs=4, now 9\)"),
        ({"rep": "4x0 + 3x1"}, r"other config \(rep='4x0 \+ 2x1', now '4x0 \+ 3x1'\)"),
        ({"count": 3}, r"other data \(steps=8, now 12\)"),
    ],
    ids=["learning rate", "epochs", "representation", "data"],
)
def test_a_checkpoint_of_another_run_is_refused(change, complaint, folder, tmp_path):
    with pytest.raises(Killed):
        fit(folder, tmp_path / "run").run(killed_after(1))
    with pytest.raises(ValueError, match=complaint + "; use the same ones or start without --resume"):
        fit(folder, tmp_path / "run", **change).resume()


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other"])
def test_a_damaged_checkpoint_is_refused(damage, folder, tmp_path):
    with pytest.raises(Killed):
        fit(folder, tmp_path / "run").run(killed_after(1))
    blob = (tmp_path / "run").read_bytes()
    (tmp_path / "run").write_bytes({"cut": blob[:-200], "empty": b"", "text": b"hello", "other": blob}[damage])
    if damage == "other":
        torch.save({"weights": torch.zeros(3)}, tmp_path / "run")
    with pytest.raises(ValueError, match=r"damaged checkpoint .* start without --resume"):
        fit(folder, tmp_path / "run").resume()


@pytest.mark.parametrize("checkpoint", [None, "missing"])
def test_without_a_checkpoint_there_is_nothing_to_resume(checkpoint, folder, tmp_path):
    run = fit(folder, checkpoint and tmp_path / checkpoint)
    with pytest.raises(FileNotFoundError, match="no checkpoint to resume from"):
        run.resume()


def test_checkpoints_appear_whole(folder, tmp_path):
    fit(folder, tmp_path / "run").run()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_loss_weighs_by_area_and_skips_the_unlabelled(folder):
    """By hand: the mean of the cross entropies of the labelled faces, weighted with their areas."""
    run = fit(folder)
    net, data = run.net.eval(), run.train[0]
    data.face_label = data.face_label.clone()
    data.face_label[::3] = -1
    loss, accuracy = shape_loss(net, data, 0.0)
    a, b, c = data.pos[data.face].unbind(0)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1)
    known = data.face_label >= 0
    logits = net(data).detach().double()
    each = torch.logsumexp(logits, 1) - logits.gather(1, data.face_label.clamp_min(0)[:, None])[:, 0]
    right = (logits.argmax(1) == data.face_label).double()
    share = area[known] / area[known].sum()
    assert float(loss.detach()) == pytest.approx(float((share * each[known]).sum()), rel=1e-5)
    assert accuracy == pytest.approx(float((share * right[known]).sum()), rel=1e-5)


class Scores(Network):
    """A network that gives the scores it holds."""

    def __init__(self, count):
        super().__init__(GaugeTrunk(**OPTIONS))
        self.scores = torch.nn.Parameter(torch.randn(count, 2))

    def compared(self, data):
        return Comparison(self.scores, data.face_label, "face")


def test_unlabelled_faces_have_no_gradient(folder):
    data = fit(folder).train[0]
    data.face_label = data.face_label.clone()
    data.face_label[5:] = -1
    net = Scores(len(data.face_label))
    shape_loss(net, data, 0.1)[0].backward()
    assert (net.scores.grad[5:] == 0).all()
    assert (net.scores.grad[:5].abs().sum(1) > 0).all()


def test_a_shape_without_labels_is_refused(folder):
    run = fit(folder)
    data = run.train[0]
    data.face_label = torch.full_like(data.face_label, -1)
    with pytest.raises(ValueError, match="has no labelled one: drop it"):
        shape_loss(run.net, data, 0.1)


def test_vertex_labels(folder):
    """Data that label vertices train a network of vertices, or of both, and not one of faces."""
    meshes = shapes(1)
    meshes[0].vertex_label = (meshes[0].pos[:, 2].abs() < 1).long()
    del meshes[0].face_label
    for output in ("vertex", "both", "face"):
        net = network(output=output)
        items = Prepared(meshes, net.transform, folder)
        if output == "face":
            with pytest.raises(ValueError, match="has no labels face_label, which the network learns, only vertex_lab"):
                shape_loss(net, items[0], 0.0)
        else:
            loss, _ = shape_loss(net, items[0], 0.0)
            assert torch.isfinite(loss)
            assert evaluate(net, items).area_accuracy <= 1


@pytest.mark.parametrize(
    ("output", "key", "complaint"),
    [
        ("both", "x", "no labels face_label or vertex_label, which the network learns, none at all: label these, or"),
        ("face", "y", "no labels face_label, which the network learns, only y: label these, or"),
        ("vertex", "face_label", "no labels vertex_label, which the network learns, only face_label: label these, or"),
    ],
)
def test_what_labels_are_needed_and_which_there_are_is_said(output, key, complaint, folder):
    meshes = shapes(1)
    del meshes[0].face_label
    meshes[0][key] = torch.zeros(meshes[0].face.shape[1], dtype=torch.int64)
    net = network(output=output)
    items = Prepared(meshes, net.transform, folder)
    for ask in (shape_loss, lambda net, data: evaluate(net, [data])):
        with pytest.raises(ValueError, match=complaint):
            ask(net, items[0])


@pytest.mark.parametrize("label", [torch.zeros(7, dtype=torch.int64), torch.zeros(1, 120), torch.zeros(120)])
def test_labels_of_another_shape_are_refused(label, folder):
    net = network(output="vertex")
    data = net.transform(shapes(1)[0])
    data.vertex_label = label
    with pytest.raises(ValueError, match=r"data.vertex_label must be integers of shape \(120,\), .* got "):
        shape_loss(net, data)


@pytest.mark.parametrize("label", [torch.tensor(1), torch.tensor([[1]]), torch.tensor([1, 0]), torch.tensor([0.5])])
def test_classes_of_another_shape_are_refused(label):
    net = ClassificationNet(["a", "b"], fields=OPTIONS["fields"])
    data = net.transform(shapes(1)[0])
    data.y = label
    with pytest.raises(ValueError, match=r"data.y must be integers of shape \(1,\), .* got "):
        shape_loss(net, data)


def test_labels_without_a_score_are_refused(folder):
    net = network()
    data = Prepared(shapes(1), net.transform, folder)[0]
    data.face_label = torch.full_like(data.face_label, 4)
    for ask in (shape_loss, lambda net, data: evaluate(net, [data])):
        with pytest.raises(ValueError, match="labels go up to 4, the network has 2 scores"):
            ask(net, data)


class Heights(Network):
    """A user's network, which says what it learns where ``learns`` is set."""

    learns = False

    def __init__(self):
        super().__init__(GaugeTrunk(**OPTIONS))
        self.readout = self.trunk.invariants(1)

    def compared(self, data):
        return Comparison(self(data), data.pos[:, 2:].abs(), "vertex") if self.learns else super().compared(data)


def test_networks_of_users_say_what_they_learn(folder):
    torch.manual_seed(0)
    net = Heights()
    items = Prepared(shapes(1), net.transform, folder)
    for ask in (lambda: shape_loss(net, items[0]), lambda: score(net, items)):
        with pytest.raises(TypeError, match=r"Heights does not say what it learns: define compared\(data\)"):
            ask()
    with pytest.raises(ValueError, match="evaluate needs a network with names of labels"):
        evaluate(net, items)
    net.learns = True
    before = score(net, items)
    Fit(net, items, None, replace(SETTINGS, epochs=30)).run()
    assert before < 0.5 < 0.8 < score(net, items)


def test_after_an_error_a_network_trains_on(folder):
    net = network()
    data = Prepared(shapes(1), net.transform, folder)[0]
    del data.face_label
    for ask in (evaluate, score):
        with pytest.raises(ValueError, match="the data has no labels"):
            ask(net.train(), [data])
        assert net.training


@pytest.mark.parametrize(
    "setting",
    [
        {"epochs": 0},
        {"batch": 0},
        {"variants": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"weight_decay": -1.0},
        {"label_smoothing": 1.5},
        {"noise": -0.1},
        {"stretch": -0.1},
        {"bend": float("inf")},
        {"average": 1.0},
        {"seed": -1},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f"FitSettings expects {name} .*, got {value}"):
        FitSettings(**setting)


@pytest.mark.parametrize(("inputs", "fits"), [("3x0", True), ("2x0 + 1x1", False), ("O2: 2x0e + 1x0o", False)])
def test_features_in_frames_do_not_go_with_deformed_copies(inputs, fits, folder):
    rep = "O2: 4x0e + 2x1" if "O2" in inputs else "4x0 + 2x1"
    net = network(inputs=inputs, fields=None, rep=rep)
    meshes = shapes(1)
    meshes[0].x = torch.ones(120, net.rep_in.dim)
    items = Prepared(meshes, net.transform, folder, variants=2)
    if fits:
        Fit(net, items, None, replace(SETTINGS, epochs=1)).run()
    else:
        with pytest.raises(ValueError, match=r"features of .* are written in frames .* do not share: use variants=1"):
            Fit(net, items, None, SETTINGS)


@pytest.mark.slow
def test_it_learns_the_creatures(folder):
    """Bipeds 01 to 03 teach biped 08 to 85 % of its area within minutes, on one core."""
    data = LabelledFolder(surfaces.MESHES / "creatures", split="all")
    names = list(data.names)
    torch.manual_seed(0)
    net = SegmentationNet(data.label_names, levels=(512, 128, 32), neighbours=20, rep="12x0 + 6x1 + 6x2", dropout=0.0)
    settings = FitSettings(epochs=40, variants=3)
    train = [data[names.index(f"biped_0{number}")] for number in (1, 2, 3)]
    items = Prepared(train, net.transform, folder, settings.variants, settings.stretch, settings.bend)
    Fit(net, items, None, settings).run()
    held = Prepared([data[names.index("biped_08")]], net.transform, folder)
    assert evaluate(net, held).area_accuracy > 0.85
