"""Checks for layers, those of the library and your own: gauge equivariance, batches, determinism.

Each check works on a copy of the layer and raises an ``AssertionError`` that names what differs and by how much:

    from gaugenet.testing import assert_batches, assert_deterministic, assert_gauge_equivariant

    data = gaugenet.FrameBundle(neighbours=20)(gaugenet.read_mesh("hand.off"))
    assert_gauge_equivariant(MyLayer("4x0 + 2x1", "3x1"), data)
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from gaugenet.group import Elements, Group
from gaugenet.nn.level import Level
from gaugenet.representation import Representation
from gaugenet.transforms.gauge import change_gauge

FACES, SHAPES = -1, -2
BOUNDS = {torch.float64: 1e-12, torch.float32: 1e-5}

Call = Callable[[nn.Module, Tensor, Data], Tensor]


class GaugeErrors(NamedTuple):
    """How much the results of a layer depend on the frames, relative to their largest values.

    Attributes:
        output: Error of the output.
        input_gradient: Error of the gradient of the input features.
        parameter_gradients: Largest error of the gradient of a parameter.
    """

    output: float
    input_gradient: float
    parameter_gradients: float


class Signature:
    """What a layer maps: features of one representation on some vertices to features of another.

    Args:
        layer: The layer.
        rep_in: Representation of the input features, by default ``layer.rep_in``.
        rep_out: Representation of the output features, by default ``layer.rep_out``.
        level_in: Level of the vertices of the input; ``FACES`` for a row for each face, ``SHAPES`` for each shape.
        level_out: Level of the output, by default that of the input.
        call: ``call(layer, x, data)`` applies the layer. By default ``layer(x)`` if its ``forward`` takes one tensor,
            otherwise ``layer(x, data)`` on level 0, and ``layer(x, Level(data, number))`` on the coarser of two levels.
    """

    def __init__(
        self,
        layer: nn.Module,
        rep_in: Representation | str | None = None,
        rep_out: Representation | str | None = None,
        level_in: int = 0,
        level_out: int | None = None,
        call: Call | None = None,
    ) -> None:
        self.rep_in, self.rep_out = _representation(layer, "rep_in", rep_in), _representation(layer, "rep_out", rep_out)
        self.level_in, self.level_out = level_in, level_in if level_out is None else level_out
        self._call = call or _usual_call(layer, max(self.level_in, self.level_out, 0))

    def features(self, data: Data, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return random input features ``(V, rep_in.dim)``.

        Args:
            data: A bundle.
            seed: Seed of the random numbers, which are the same in every precision.
            dtype: Precision.
        """
        generator = torch.Generator().manual_seed(seed)
        return self.rep_in.randn(rows(data, self.level_in), generator=generator, dtype=torch.float64).to(dtype)

    def __call__(self, layer: nn.Module, x: Tensor, data: Data) -> Tensor:
        """Apply the layer and check the shape of its output."""
        y = self._call(layer, x, data)
        expected = (rows(data, self.level_out), self.rep_out.dim)
        if y.shape != expected:
            raise AssertionError(
                f"{type(layer).__name__} returned features of shape {tuple(y.shape)}, expected {expected}: "
                f"rows on level {self.level_out}, columns of {self.rep_out}"
            )
        return y


def rows(data: Data, level: int) -> int:
    """Return the number of rows that features have.

    Args:
        data: A bundle, single or batched.
        level: Level of the vertices, or ``FACES`` or ``SHAPES``.
    """
    if level == SHAPES:
        return int(getattr(data, "num_graphs", 1))
    return int(data.face.shape[1] if level == FACES else data[f"area_{level}"].shape[0])


def relative_error(found: Tensor, expected: Tensor, least: float = 1e-30) -> float:
    """Return the largest difference over the largest expected value.

    Args:
        found: Values.
        expected: Values of the same shape.
        least: Smallest number to divide by.
    """
    return float((found - expected).detach().abs().max() / expected.detach().abs().max().clamp_min(least))


def gauge_errors(
    layer: nn.Module,
    data: Data,
    signature: Signature | None = None,
    group: Group | str | None = None,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> GaugeErrors:
    """Measure how much a layer depends on the frames: output, input gradient and parameter gradients.

    The layer runs twice on the same random field: in the frames of the bundle, and in frames changed by a random
    element of the structure group at every vertex. Both results are compared in the second frames.

    Args:
        layer: Layer with weights of the precision ``dtype``.
        data: A bundle made by ``FrameBundle`` or ``HomogeneousBundle``.
        signature: What the layer maps, by default ``Signature(layer)``.
        group: Group of the changes of frames, by default that of ``rep_in``. For layers that are exact for a subgroup
            only, such as nonlinearities on samples of a circle.
        dtype: Precision of the features.
        seed: Seed of the random features and group elements.
    """
    signature = signature or Signature(layer)
    rep_in, rep_out = signature.rep_in, signature.rep_out
    generator = torch.Generator().manual_seed(seed)
    at = Group(group or rep_in.group).random(rows(data, 0), generator=generator)
    before, after = (_on_level(at, data, level).inverse() for level in (signature.level_in, signature.level_out))
    x = signature.features(data, seed, dtype)
    outputs, gradients = [], []
    for turned in (False, True):
        here = change_gauge(data, at, fields={}) if turned else data
        features = (rep_in.act(x, before) if turned else x).clone().requires_grad_()
        y = signature(layer, features, here)
        cotangent = rep_out.randn(len(y), generator=torch.Generator().manual_seed(seed + 1), dtype=y.dtype)
        cotangent = rep_out.act(cotangent, after) if turned else cotangent
        learned = [one for one in layer.parameters() if one.requires_grad]
        outputs.append(y)
        found = torch.autograd.grad((cotangent * y).sum(), [features, *learned], allow_unused=True)
        gradients.append([torch.zeros(1) if one is None else one for one in found])
    (x_gradient, *plain), (x_gradient_changed, *changed) = gradients
    largest = max((float(g.abs().max()) for g in plain if g.numel()), default=0.0)
    least = max(0.01 * largest, 1e-30)
    of_parameters = [relative_error(t, p, least) for t, p in zip(changed, plain, strict=True) if p.numel()]
    return GaugeErrors(
        relative_error(outputs[1], rep_out.act(outputs[0], after)),
        relative_error(x_gradient_changed, rep_in.act(x_gradient, before)),
        float(torch.tensor([0.0, *of_parameters], dtype=torch.float64).max()),  # NaN wins, unlike in max()
    )


def assert_gauge_equivariant(
    layer: nn.Module,
    data: Data,
    signature: Signature | None = None,
    group: Group | str | None = None,
    bounds: Mapping[torch.dtype, float] = BOUNDS,
    seed: int = 0,
) -> None:
    """Check that outputs and gradients of a layer do not depend on the choice of frames, in several precisions.

    Constant parameters get random numbers in the copy that is checked: zeros would hide what they multiply.

    Args:
        layer: A layer with ``rep_in`` and ``rep_out``, or any module with a ``signature``.
        data: A bundle made by ``FrameBundle`` or ``HomogeneousBundle``.
        signature: What the layer maps, by default ``Signature(layer)``.
        group: Group of the changes of frames, by default that of ``rep_in``.
        bounds: Largest relative error for each precision to check.
        seed: Seed of all random numbers.

    Raises:
        AssertionError: If an error is larger than its bound.
    """
    signature = signature or Signature(layer)
    for dtype, bound in bounds.items():
        errors = gauge_errors(_copied(layer, dtype, seed), data, signature, group, dtype, seed)
        fault = f"depends on the frames (changed by elements of {group or signature.rep_in.group}, {dtype})"
        _compare(layer, fault, errors._asdict(), bound)


def assert_batches(
    layer: nn.Module, meshes: Sequence[Data], signature: Signature | None = None, bound: float = 1e-12, seed: int = 0
) -> None:
    """Check that a batch of meshes gives the results of its meshes one by one: outputs and input gradients.

    Args:
        layer: A layer with ``rep_in`` and ``rep_out``, or any module with a ``signature``.
        meshes: Bundles with the same keys; take meshes of different sizes.
        signature: What the layer maps, by default ``Signature(layer)``.
        bound: Largest relative error, in float64.
        seed: Seed of all random numbers.

    Raises:
        AssertionError: If an error is larger than the bound.
    """
    signature = signature or Signature(layer)
    layer = _copied(layer, torch.float64, seed)
    x = [signature.features(data, seed + number).requires_grad_() for number, data in enumerate(meshes)]
    single = torch.cat([signature(layer, features, data) for features, data in zip(x, meshes, strict=True)])
    together = signature(layer, torch.cat(x), Batch.from_data_list(list(meshes)))
    cotangent = torch.randn(single.shape, generator=torch.Generator().manual_seed(seed), dtype=single.dtype)
    gradients = [torch.cat(torch.autograd.grad((cotangent * y).sum(), x)) for y in (single, together)]
    errors = {"output": relative_error(together, single), "input gradient": relative_error(gradients[1], gradients[0])}
    _compare(layer, "gives other results in a batch", errors, bound)


def assert_deterministic(layer: nn.Module, data: Data, signature: Signature | None = None, seed: int = 0) -> None:
    """Check that two calls of a layer give the same finite numbers, bit for bit, and leave input and data as they were.

    Args:
        layer: A layer with ``rep_in`` and ``rep_out``, or any module with a ``signature``.
        data: A bundle made by ``FrameBundle`` or ``HomogeneousBundle``.
        signature: What the layer maps, by default ``Signature(layer)``.
        seed: Seed of all random numbers.

    Raises:
        AssertionError: If numbers differ or are not finite, or if the layer wrote to its arguments.
    """
    signature = signature or Signature(layer)
    layer, data = _copied(layer, torch.float64, seed), data.clone()
    x = signature.features(data, seed)
    x_before, before = x.clone(), _tensors(data.clone())
    first, second = signature(layer, x, data), signature(layer, x, data)
    after = _tensors(data)
    kept = {key for key in before.keys() & after.keys() if torch.equal(before[key], after[key])}
    changed = sorted({*before, *after} - kept)
    faults = {
        "returned values that are not finite": not bool(torch.isfinite(first).all()),
        "returned other values in a second call": not torch.equal(first, second),
        "changed its input features": not torch.equal(x, x_before),
        f"changed the data: {', '.join(changed)}": bool(changed),
    }
    for fault, found in faults.items():
        if found:
            raise AssertionError(f"{type(layer).__name__} {fault}")


def _compare(layer: nn.Module, fault: str, errors: Mapping[str, float], bound: float) -> None:
    # Not `value > bound`, which is false for NaN.
    wrong = [f"{name.replace('_', ' ')} {value:.2g}" for name, value in errors.items() if not value <= bound]
    if wrong:
        raise AssertionError(
            f"{type(layer).__name__} {fault}: relative errors are {', '.join(wrong)}, expected at most {bound:g}"
        )


def _copied(layer: nn.Module, dtype: torch.dtype, seed: int) -> nn.Module:
    """Return a copy in eval mode whose constant parameters, such as zeros, have random numbers."""
    layer, generator = copy.deepcopy(layer).to(dtype).eval(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            if parameter.numel() and bool((parameter == parameter.flatten()[0]).all()):
                parameter.copy_(0.5 + torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return layer


def _representation(layer: nn.Module, name: str, given: Representation | str | None) -> Representation:
    found = getattr(layer, name, None) if given is None else given
    if found is None:
        raise ValueError(f"{type(layer).__name__} has no {name}: pass it to Signature, such as {name}='4x0 + 2x1'")
    return Representation(found)


def _usual_call(layer: nn.Module, level: int) -> Call:
    parameters = list(inspect.signature(layer.forward).parameters.values())
    several = any(one.kind == one.VAR_POSITIONAL for one in parameters) or (
        len(parameters) > 1 and parameters[1].default is inspect.Parameter.empty
    )
    if not several:
        return lambda layer, x, data: layer(x)
    return lambda layer, x, data: layer(x, Level(data, level) if level else data)


def _on_level(at: Elements, data: Data, level: int) -> Elements:
    """Return the elements of the vertices of a level; the identity for faces and shapes."""
    if level < 0:
        return Elements.rotations(at.angle.new_zeros(rows(data, level)))
    return at if level == 0 else at[data[f"sample_index_{level}"]]


def _tensors(data: Data) -> dict[str, Tensor]:
    return {key: value for key, value in data.to_dict().items() if isinstance(value, Tensor)}
