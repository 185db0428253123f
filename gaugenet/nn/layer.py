"""What all layers share: representations of input and output, which they print, and older names of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor, nn

from gaugenet.representation import Representation


class TensorModule(nn.Module):
    """A module whose calls return a tensor; of calls of an ``nn.Module`` type checkers know nothing."""

    __call__: Callable[..., Tensor]


class Layer(TensorModule):
    """A layer from features of one representation to features of another.

    Attributes:
        rep: Representation of input and output, of layers that have one for both.
        shown: Names of the settings that are printed after the representations.

    Args:
        rep_in: Representation of the input.
        rep_out: Representation of the output, of the same group; by default that of the input.
    """

    rep: Representation
    shown: tuple[str, ...] = ()

    def __init__(self, rep_in: Representation | str, rep_out: Representation | str | None = None) -> None:
        super().__init__()
        self.rep_in = Representation(rep_in)
        if rep_out is None:
            self.rep = self.rep_out = self.rep_in
        else:
            self.rep_out = Representation(rep_out, self.rep_in.group)

    def extra_repr(self) -> str:
        reps = str(self.rep) if "rep" in vars(self) else f"{self.rep_in} -> {self.rep_out}"
        return ", ".join([reps, *(f"{name}={getattr(self, name)}" for name in self.shown)])


def load_renamed(module: nn.Module, names: Mapping[str, str]) -> None:
    """Let a module load state dicts in which its parameters have the names of version 0.1, for one more release.

    Args:
        module: The module; its own parts keep theirs, or are renamed in their turn.
        names: New name of each part by its old one, such as ``{"conv": "kernel"}``; the first that fits counts.
    """
    module.register_load_state_dict_pre_hook(partial(_rename, names))


def _rename(names: Mapping[str, str], _: nn.Module, state: dict[str, Tensor], prefix: str, *rest: object) -> None:
    old, new = ({name.split(".")[0] for name in side} for side in (names, names.values()))
    if any(key.startswith(f"{prefix}{root}.") for root in new - old for key in state):
        return

    def renamed(key: str) -> str:
        for old, name in names.items():
            if key.startswith(f"{prefix}{old}."):
                return f"{prefix}{name}{key[len(prefix) + len(old) :]}"
        return key

    state.update({renamed(key): state.pop(key) for key in list(state)})
