"""The door of every layer that looks at neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from torch import Tensor, nn

from gaugenet.nn.convolution.stencil import Stencil
from gaugenet.nn.structure_group import check_group
from gaugenet.representation import Representation


class Layer(Protocol):
    """A layer that knows the representation of its input."""

    rep_in: Representation

    def parameters(self) -> Iterator[nn.Parameter]: ...


def layer_stencil(layer: Layer, x: Tensor, at: Stencil | Any) -> Stencil:
    """Return the stencil of ``at``, after a check that a layer can run there on ``x``.

    Raises:
        ValueError: unless ``x`` is ``(V, rep_in.dim)``, transport acts on it, and all is where the weights are.
    """
    name, rep = type(layer).__name__, layer.rep_in
    rep.check(x, name)
    stencil = Stencil.of(at)
    if x.dim() != 2 or x.shape[0] != stencil.num_vertices:
        raise ValueError(
            f"{name} expects features ({stencil.num_vertices}, {rep.dim}), a row for each vertex, got {tuple(x.shape)}"
        )
    weights = next(layer.parameters(), x).device
    if not x.device == stencil.device == weights:
        raise ValueError(
            f"{name} needs weights (on {weights}), bundle (on {stencil.device}) and features (on {x.device}) on one "
            "device: move them with .to()"
        )
    check_group(stencil.group, rep, name)
    return stencil
