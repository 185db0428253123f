"""Corresponding points of a creature and of bent copies of it, which the network has not seen."""

import pytest
import surfaces
import torch

from gaugenet.models import CorrespondenceNet
from gaugenet.models.correspondence import Functions, functional_map, point_map, refined_point_map
from gaugenet.train import Fit, FitSettings, Prepared
from gaugenet.train.prepared import RandomDeformation
from gaugenet.transforms.connection_spectrum import ConnectionSpectrum


def creature(seed=None):
    data = surfaces.data_of(surfaces.biped())
    data.vertex_label = torch.arange(len(data.pos))
    if seed is not None:
        data = RandomDeformation(0.1, 0.3, torch.Generator().manual_seed(seed))(data)
    return data


def functions(data):
    return Functions.from_data(ConnectionSpectrum(orders=(0,), count=60)(data))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_points_of_bent_copies_are_found(tmp_path):
    """Errors are distances on the undeformed creature, in mean edges, between the point found and the right one."""
    rest = creature()
    edge = float((rest.pos[rest.face[0]] - rest.pos[rest.face[1]]).norm(dim=1).mean())
    torch.manual_seed(0)
    net = CorrespondenceNet(len(rest.pos), 32, levels=(400, 100), neighbours=20, rep="16x0 + 8x1 + 8x2", blocks=1)
    settings = FitSettings(epochs=80, variants=1, label_smoothing=0.0)
    shapes = [creature(seed) for seed in range(10)]
    Fit(net, Prepared(shapes, net.transform, tmp_path), None, settings).run()

    source, target = (net.transform(creature(seed)) for seed in (50, 51))
    truth = torch.arange(len(rest.pos))

    def error(found):
        return float((rest.pos[found] - rest.pos[truth]).norm(dim=1).mean()) / edge

    classified = net.evaluated(target).argmax(1)
    one, two = net.describe(source).double(), net.describe(target).double()
    assert torch.allclose(one.norm(dim=1), torch.ones(len(one), dtype=torch.float64))
    nearest = point_map(one, two)
    here, there = functions(source), functions(target)
    low, other = here.first(30), there.first(30)
    matrix = functional_map(low.coefficients(one), other.coefficients(two), low.value, other.value)
    mapped = refined_point_map(here.function, there.function, there.area, matrix, 60)
    errors = {"classified": error(classified), "nearest": error(nearest), "functional map": error(mapped)}
    assert errors["classified"] < 4 and errors["nearest"] < 4, errors
    assert errors["functional map"] < 1.5 < errors["nearest"], errors
