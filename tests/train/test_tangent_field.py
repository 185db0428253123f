"""A network learns a tangent field that no scalar network can represent, however its scalars are differentiated."""

import surfaces
import torch

from gaugenet.models import TangentFieldNet
from gaugenet.train import Fit, FitSettings, score
from gaugenet.transforms.frame_bundle import FrameBundle

POWERS = [(a, b, c) for a in range(5) for b in range(5) for c in range(5) if 1 <= a + b + c <= 4]


def gradient(pos, a, b, c):
    """Gradient in space of x^a y^b z^c."""
    x, y, z = pos.T
    zero = torch.zeros_like(x)
    return torch.stack(
        [
            a * x ** max(a - 1, 0) * y**b * z**c if a else zero,
            b * x**a * y ** max(b - 1, 0) * z**c if b else zero,
            c * x**a * y**b * z ** max(c - 1, 0) if c else zero,
        ],
        dim=1,
    )


def in_frames(vector, data):
    return torch.einsum("va,vba->vb", vector, data.frame[:, :2])


def item(data, seed):
    """A quadratic function f as input; its gradient, turned by a right angle, as the field to be learned."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    matrix = matrix + matrix.T - 2 * torch.eye(3) * matrix.trace() / 3
    out = data.clone()
    out.x = 0.3 * torch.einsum("va,ab,vb->v", data.pos, matrix, data.pos)[:, None]
    slope = in_frames(0.6 * data.pos @ matrix, data)
    out.field = torch.stack([-slope[:, 1], slope[:, 0]], dim=1)
    return out


class Items(list):
    """Data that are ready, as ``Prepared`` gives them."""

    variants = 1

    @property
    def count(self):
        return len(self)

    def draw(self, numbers):
        for number in numbers:
            yield self[number], 1


def best_gradient(data):
    """The share of the field that the gradient of a polynomial of degree 4, whatever it is, explains."""
    area = data.area_0[:, None].sqrt()
    columns = [(area * in_frames(gradient(data.pos, *powers), data)).flatten() for powers in POWERS]
    matrix, target = torch.stack(columns, dim=1), (area * data.field).flatten()
    rest = target - matrix @ torch.linalg.lstsq(matrix, target[:, None], driver="gelsd").solution[:, 0]
    return 1 - float(rest.square().sum() / target.square().sum())


def test_a_field_that_is_no_gradient():
    sphere = FrameBundle(neighbours=12)(surfaces.data_of(surfaces.uneven_sphere(250)))
    train, test = (Items(item(sphere, seed) for seed in seeds) for seeds in (range(20), range(100, 105)))
    torch.manual_seed(0)
    net = TangentFieldNet("1x1", levels=(), neighbours=12, rep="8x0 + 8x1 + 4x2", blocks=1, inputs="1x0", dropout=0.0)
    net = net.double()
    before = score(net, test)
    Fit(net, train, None, FitSettings(epochs=25, learning_rate=1e-2, noise=0.0, average=0.9)).run()
    assert before < 0.2
    assert score(net, test) > 0.95
    assert max(best_gradient(data) for data in test) < 0.05
