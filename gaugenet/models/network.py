"""What fitting, scoring and storing ask of every network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.models.comparison import Comparison
from gaugenet.models.evaluating import evaluating
from gaugenet.representation import Representation


class Network(nn.Module, ABC):
    """A network with settings that can be written down.

    Attributes:
        config: arguments that make it again. rep_in, rep_out: of a row of its input fields ``x`` and of its output.
        label_names: of networks whose labels have names. field_transform: what makes its input fields, None where the
            data has them.
    """

    config: dict[str, Any]
    rep_in: Representation
    rep_out: Representation
    label_names: Sequence[str] = ()
    field_transform: BaseTransform | None = None

    @abstractmethod
    def forward(self, data: Data) -> Any:
        """Return the output."""

    def compared(self, data: Data) -> Comparison:
        """Return the output beside what it should be, for fitting and scoring.

        Raises:
            ValueError: the data has not what the network learns. TypeError: the network does not say what that is.
        """
        raise TypeError(
            f"{type(self).__name__} does not say what it learns: define compared(data) to return a "
            "gaugenet.models.Comparison, or fit it by a loop of your own"
        )

    def evaluated(self, data: Data) -> Any:
        """Return the output in evaluation, without gradients."""
        with evaluating(self):
            return self(data)

    def labels(self, scores: Any, data: Data) -> Tensor:
        """Return the labels that scores give to what they belong to: the best ones, unless a network knows better."""
        return scores.argmax(dim=-1)


def label_tuple(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Return names of labels, at least one.

    Raises:
        ValueError: for none, or one that comes twice.
        TypeError: for one string, which would give a label to each of its letters.
    """
    if isinstance(names, str):
        raise TypeError(f'{where} expects a list of label names, got "{names}": write ["{names}"]')
    if not names:
        raise ValueError(f"{where} needs at least one label name, got none")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ValueError(f'{where} expects label names that differ, got "{twice[0]}" more than once')
    return tuple(names)
