"""Networks that multiply and do nothing else: polynomials of their input of the stated degree, and they learn."""

import pytest
import surfaces
import torch

from gaugenet.datasets.folder import LabelledFolder
from gaugenet.models import ClassificationNet, CorrespondenceNet, SegmentationNet, TangentFieldNet
from gaugenet.train import Fit, FitSettings, Prepared, evaluate

SMALL = {"levels": (40, 12), "neighbours": 8, "rep": "4x0 + 2x1 + 1x2", "blocks": 1, "layers": "polynomial"}
NETWORKS = {
    "segmentation": lambda **more: SegmentationNet(["a", "b"], **{**SMALL, **more}),
    "field": lambda **more: TangentFieldNet("1x1", **{**SMALL, **more}),
}


@pytest.mark.parametrize("levels", [(40, 12), (40,), ()])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_output_is_a_polynomial_of_the_stated_degree(name, levels):
    """Along a line t x the highest power of t is the degree, and no higher."""
    torch.manual_seed(0)
    net = NETWORKS[name](levels=levels, inputs="2x0 + 1x1").double().eval()
    assert net.degree == 2 ** (1 if len(levels) < 2 else 3)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0.3, 0.2)
    data = net.transform(surfaces.data_of(surfaces.uneven_sphere(90)))
    x = torch.randn(90, net.rep_in.dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    count = net.degree + 4
    t = torch.cos(torch.pi * (torch.arange(count, dtype=torch.float64) + 0.5) / count)
    values = []
    for s in t:
        data.x = s * x
        values.append(net(data).detach().flatten())
    powers = torch.linalg.solve(t[:, None] ** torch.arange(count), torch.stack(values)).abs().amax(1)
    rounding = powers[net.degree + 1 :].max()
    assert rounding < 1e-9 * powers.max() and powers[net.degree] > 1e3 * rounding


def test_other_networks_have_no_degree():
    assert NETWORKS["segmentation"](layers="conv").degree is None
    for make in (lambda: ClassificationNet(["a"], **SMALL), lambda: CorrespondenceNet(3, **SMALL)):
        with pytest.raises(ValueError, match="norms, which are no polynomials"):
            make()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_learns_the_creatures_without_any_activation(tmp_path):
    """Degree 8, fourteen creatures for a minute or two: more than 94 % of the area of six others is right."""
    test = [f"{creature}_{number:02}" for creature in ("biped", "quadruped") for number in (8, 9, 10)]
    parts = [LabelledFolder(surfaces.MESHES / "creatures", split, test=test) for split in ("train", "test")]
    torch.manual_seed(0)
    options = {"levels": (512, 128), "rep": "16x0 + 8x1 + 8x2", "blocks": 1, "layers": "polynomial"}
    net = SegmentationNet(parts[0].label_names, **options)
    kinds = {type(module).__name__ for module in net.modules()}
    assert net.degree == 8 and not kinds & {"SiLU", "LayerNorm", "GatedNonlinearity", "NormNonlinearity"}
    settings = FitSettings(epochs=30, variants=2)
    train = Prepared(parts[0], net.transform, tmp_path, settings.variants, settings.stretch, settings.bend)
    Fit(net, train, None, settings).run()
    assert evaluate(net, Prepared(parts[1], net.transform, tmp_path)).area_accuracy > 0.94
