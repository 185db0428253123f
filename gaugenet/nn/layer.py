"""What all layers share: representations of input and output, which they print."""

from __future__ import annotations

from torch import nn

from gaugenet.representation import Representation


class Layer(nn.Module):
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
