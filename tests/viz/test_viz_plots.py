import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from gaugenet.viz import confusion_picture, curves_picture

HISTORY = [
    {"epoch": 1, "loss": 2.0, "train_accuracy": 0.3},
    {"epoch": 2, "loss": 1.0, "train_accuracy": 0.6, "test_accuracy": 0.5, "mean_iou": 0.4, "seconds": 3.0},
]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are written."""
    figures = []
    write = FigureCanvasAgg.print_png
    monkeypatch.setattr(
        FigureCanvasAgg,
        "print_png",
        lambda canvas, path: (figures.append(canvas.figure), write(canvas, path)),
    )
    return figures


def size(path):
    with Image.open(path) as image:
        image.verify()
        assert image.format == "PNG"
        return image.size


def curves(axes):
    return {line.get_label(): (line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.lines}


def test_curves_are_the_history(tmp_path, drawn):
    curves_picture(tmp_path / "curves.png", HISTORY)
    assert min(size(tmp_path / "curves.png")) >= 400
    loss, accuracy = drawn[0].axes
    assert curves(loss) == {"loss": ([1, 2], [2, 1])}
    assert curves(accuracy) == {
        "train accuracy": ([1, 2], [0.3, 0.6]),
        "test accuracy": ([2], [0.5]),
        "mean iou": ([2], [0.4]),
    }


def test_epochs_are_counted_if_not_given(tmp_path, drawn):
    curves_picture(tmp_path / "curves.png", [{"loss": 3.0}, {"loss": float("nan")}, {"loss": 1.0}])
    assert curves(drawn[0].axes[0])["loss"][0] == [1, 2, 3]


def test_one_epoch_and_long_runs(tmp_path):
    curves_picture(tmp_path / "one.png", HISTORY[:1])
    curves_picture(tmp_path / "long.png", [{"loss": 1 / k, "accuracy": 1.0} for k in range(1, 300)])
    assert size(tmp_path / "one.png") == size(tmp_path / "long.png")


@pytest.mark.parametrize("history", [[], [{}], [{"epoch": 1, "seconds": 2.0}]])
def test_nothing_to_draw(tmp_path, history):
    with pytest.raises(ValueError, match=f"expected epochs with a loss, accuracy or iou, got {len(history)} epochs"):
        curves_picture(tmp_path / "curves.png", history)
    assert list(tmp_path.iterdir()) == []


def test_confusion_is_in_per_cent_of_the_row(tmp_path, drawn):
    confusion_picture(tmp_path / "confusion.png", np.array([[3, 1, 0], [0, 0, 0], [1, 1, 6]]), ["a", "$b", "_c"])
    assert min(size(tmp_path / "confusion.png")) >= 300
    axes = drawn[0].axes[0]
    expected = np.array([[75, 25, 0], [np.nan] * 3, [12.5, 12.5, 75]])
    np.testing.assert_allclose(axes.images[0].get_array().filled(np.nan), expected)
    assert [text.get_text() for text in axes.texts] == ["75.0", "25.0", "0", "12.5", "12.5", "75.0"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "$b", "_c"]


def test_confusion_nothing_is_cut_off(tmp_path):
    for C in (1, 8, 25):
        path = tmp_path / f"{C}.png"
        confusion_picture(path, np.eye(C), [f"a label with a long name {k}" for k in range(C)])
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L"))
        assert all((edge == 255).all() for edge in (pixels[:3], pixels[-3:], pixels[:, :3], pixels[:, -3:]))


@pytest.mark.parametrize(
    ("matrix", "names", "complaint"),
    [
        (np.eye(2), ["a"], r"expected a confusion matrix \(1, 1\).*, got \(2, 2\)"),
        (np.ones((2, 3)), ["a", "b"], r"expected a confusion matrix \(2, 2\).*, got \(2, 3\)"),
        (np.ones((0, 0)), [], "at least one row"),
        (-np.eye(2), ["a", "b"], "finite and >= 0"),
        (np.full((1, 1), np.nan), ["a"], "finite and >= 0"),
    ],
)
def test_confusion_refusals(tmp_path, matrix, names, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        confusion_picture(tmp_path / "confusion.png", matrix, names)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("draw", [lambda p: curves_picture(p, HISTORY), lambda p: confusion_picture(p, [[1]], ["a"])])
def test_paths(tmp_path, draw):
    with pytest.raises(ValueError, match=r"end in \.png"):
        draw(tmp_path / "picture")
    with pytest.raises(FileNotFoundError, match="no folder"):
        draw(tmp_path / "missing" / "a.png")
