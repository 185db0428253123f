"""What fitting, scoring and storing ask of every network."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from typing_extensions import Self, TypeVar

from gaugenet.models.comparison import Comparison
from gaugenet.models.gauge_trunk import GaugeSettings, GaugeTrunk
from gaugenet.models.store import load, models
from gaugenet.models.trunk import GridTrunk, Readout, Trunk
from gaugenet.nn.layer import load_renamed
from gaugenet.representation import Representation
from gaugenet.sphere import SphereGrid

# Which modules of a network of version 0.1 are in its trunk and readout now.
OLDER = {name: f"trunk.{name}" for name in ("enter", "unet", "down", "widen", "narrow", "up")}
OLDER |= {name: f"readout.{name}" for name in ("norm", "leave", "head")}


class Logits(NamedTuple):
    """Scores of labels.

    Attributes:
        face: ``(F, L)`` scores of faces.
        vertex: ``(V, L)`` scores of vertices.
    """

    face: Tensor
    vertex: Tensor


Output = TypeVar("Output", covariant=True, default="Tensor | Logits")


class Network(nn.Module, Generic[Output]):
    """A trunk and a task: features of a shape, and a readout of them.

    A class for each task defines what is read and what the output is compared with. Arguments of the usual trunk,
    ``GaugeTrunk``, are given by name; any other trunk by ``trunk``.

    Args:
        trunk: What turns input fields into features.

    Attributes:
        config: Arguments that make it again, by ``from_config``.
        readout: The readout of the trunk.
        rep_in: Representation of a row of the input fields ``x``.
        transform: Turns a shape into the input.
        field_transform: Computes the input fields; None where the data brings them.
        rep_out: Representation of a row of the output.
        label_names: Names of the labels, of networks that have some.
        counts_labels: Whether it is scored by the share of correct labels, and not by the score of ``loss``.
    """

    trunk_type: ClassVar[type[Trunk]] = GaugeTrunk
    trunk_settings: ClassVar[Mapping[str, Any]] = {}  # defaults that differ from those of the trunk
    older: ClassVar[Mapping[str, str]] = OLDER  # new names of its modules in version 0.1
    config: dict[str, Any]
    trunk: Trunk
    readout: Readout
    rep_out: Representation
    label_names: Sequence[str] = ()

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk, self.rep_in = trunk, trunk.rep_in
        self.transform, self.field_transform = trunk.transform, trunk.field_transform
        other = {} if type(trunk) is self.trunk_type else {"trunk": type(trunk).__name__}
        self.config = other | trunk.config
        load_renamed(self, self.older)

    def __init_subclass__(cls, **options: Any) -> None:
        """Show the arguments of the trunk in the signature, in place of ``**settings``."""
        super().__init_subclass__(**options)
        _, *own = inspect.signature(cls.__init__).parameters.values()
        if own and own[-1].kind is inspect.Parameter.VAR_KEYWORD:
            usual = cls.trunk_settings
            given = inspect.signature(cls.trunk_type).parameters.values()
            own[-1:] = [one.replace(default=usual.get(one.name, one.default)) for one in given]
        cls.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]

    @classmethod
    def chosen(cls, trunk: Trunk | None, settings: GaugeSettings) -> Trunk:
        """Return a trunk as it is, or the usual one.

        Args:
            trunk: The trunk, or None.
            settings: Arguments of ``GaugeTrunk``, where there is none.

        Raises:
            TypeError: For a trunk and arguments of one.
        """
        if trunk is None:
            return GaugeTrunk(**{**cls.trunk_settings, **settings})
        if settings:
            raise TypeError(
                f"{cls.__name__} takes a trunk or arguments of {cls.trunk_type.__name__}, got a trunk and "
                f"{', '.join(settings)}: give these to the trunk"
            )
        return trunk

    def _refuse_polynomial(self) -> None:
        if self.degree is not None:
            raise ValueError(f"{type(self).__name__} takes norms, which are no polynomials: choose other layers")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return a network with random weights.

        Args:
            config: The ``config`` of a network of this class.
        """
        own = dict(config)
        name = own.pop("trunk", None)
        if name is None:
            return cls(**own)
        kind: type[Trunk] = getattr(models, name)
        settings = {key: own.pop(key) for key in inspect.signature(kind).parameters if key in own}
        return cls(trunk=kind(**settings), **own)

    @classmethod
    def load(cls, name: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> Self:
        """Read a network of this class, as ``gaugenet.load`` does of any.

        Args:
            name: Name of a network that ships with the library, or path of a network.
            dtype: Precision of the weights.

        Raises:
            FileNotFoundError: If there is no such network.
            ValueError: If the files are damaged or do not fit each other.
            TypeError: If it is a network of another class.
        """
        net = load(name, dtype)
        if not isinstance(net, cls):
            raise TypeError(f"{os.fspath(name)} holds a {type(net).__name__}, not a {cls.__name__}: use gaugenet.load")
        return net

    @property
    def degree(self) -> int | None:
        """Degree in the input fields of an output that is a polynomial of them; None of other networks."""
        return self.trunk.degree

    @property
    def grid(self) -> SphereGrid:
        """Deprecated: the grid is that of the trunk."""
        warnings.warn("net.grid is deprecated: use net.trunk.grid", DeprecationWarning, stacklevel=2)
        return cast(GridTrunk, self.trunk).grid

    @property
    def counts_labels(self) -> bool:
        """Whether it is scored by the share of correct labels."""
        return bool(self.label_names)

    if TYPE_CHECKING:

        def __call__(self, data: Data) -> Output: ...

    def forward(self, data: Data) -> Output:
        """Return the output of ``data`` made by ``transform``, single or batched."""
        return self.outputs(self.readout(self.trunk(data)), data)

    def outputs(self, values: Tensor, data: Data) -> Output:
        """Return the output; by default what was read.

        Args:
            values: What the readout returned.
            data: What the network ran on.
        """
        return cast(Output, values)

    def compared(self, data: Data) -> Comparison:
        """Return the output of ``data`` with its target, for fitting and scoring.

        Raises:
            ValueError: If the data lacks the target.
            TypeError: If the class defines no target.
        """
        raise TypeError(
            f"{type(self).__name__} does not say what it learns: define compared(data) to return a "
            "gaugenet.models.Comparison, or fit it by a loop of your own"
        )

    def loss(self, data: Data, label_smoothing: float = 0.0) -> tuple[Tensor, float]:
        """Return the loss and a score, at best 1, of data made by ``transform`` that has the target.

        Args:
            data: Single or batched.
            label_smoothing: Of the cross entropy, where the target is labels.
        """
        return self.compared(data).loss(data, label_smoothing)

    def evaluated(self, data: Data) -> Output:
        """Return the output in evaluation mode, without gradients; ``transform`` is applied where ``data`` lacks it."""
        data = self.trunk.ready(data)
        with evaluating(self):
            return self(data)

    def labels(self, scores: Tensor | Logits, data: Data) -> Tensor:
        """Return the labels of faces or whatever else has scores, by default the best ones.

        Args:
            scores: ``(N, L)``; of both faces and vertices, those of faces count.
            data: What the network ran on.
        """
        return (scores.face if isinstance(scores, Logits) else scores).argmax(dim=-1)


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Run a block with a network in evaluation mode and without gradients, and restore its mode.

    Args:
        net: The network.
    """
    training = net.training
    net.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        net.train(training)


def label_tuple(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Return names of labels as a tuple.

    Args:
        names: At least one, all different.
        where: Who asks, for messages.

    Raises:
        ValueError: For no names, or a name twice.
        TypeError: For one string, which would give a label to each of its letters.
    """
    if isinstance(names, str):
        raise TypeError(f'{where} expects a list of label names, got "{names}": write ["{names}"]')
    if not names:
        raise ValueError(f"{where} needs at least one label name, got none")
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise ValueError(f'{where} expects label names that differ, got "{twice[0]}" more than once')
    return tuple(names)
