"""Vectors and symmetric matrices of the space around a surface as features, and back."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.group import Group
from gaugenet.nn.exact_buffer import ExactBuffer
from gaugenet.nn.layer import TensorModule
from gaugenet.nn.level import Level
from gaugenet.representation import Representation
from gaugenet.representation.decomposition import restrict

_ROOT = 2.0**0.5
SHAPES = {"vector": (3,), "tangent": (3,), "symmetric": (3, 3)}


class Lift(TensorModule):
    """Write vectors or symmetric matrices of R^3 in the frames of a surface; exact, and an isometry.

    A vector has a tangent part, order 1, and a part along the normal, order 0, odd under reflections, which flip the
    normal; of kind "tangent" only the first is read. A symmetric matrix S has S(n, n) and the trace of its tangent
    part, both invariant, S(., n), order 1, and the trace-free tangent part, order 2. ``Project`` is the way back.

    Args:
        kind: "vector", "tangent" or "symmetric".
        channels: Number C of values at each vertex.
        group: Structure group of the bundle.

    Raises:
        ValueError: If the kind is unknown.
    """

    def __init__(self, kind: str, channels: int = 1, group: Group | str = "SO2") -> None:
        super().__init__()
        if kind not in SHAPES:
            raise ValueError(f'expected vectors or matrices, kind {", ".join(SHAPES)}, got "{kind}"')
        self.kind, self.channels, group = kind, channels, Group(group)
        full = "O2" if group.reflections else "SO2"
        odd, even = ("0o", "0e") if group.reflections else ("0", "0")
        terms = {"vector": f"1x{odd} + 1x1", "tangent": "1x1", "symmetric": f"2x{even} + 1x1 + 1x2"}
        with torch.device("cpu"):  # on whatever device the layer is built
            found = restrict(Representation(terms[kind], full), group)
        self.basis = ExactBuffer(found.basis)
        self.rep_out = found.rep * channels

    def forward(self, values: Tensor, at: Level | Data) -> Tensor:
        """Write values in the frames.

        Args:
            values: Vectors ``(V, C, 3)`` or matrices ``(V, C, 3, 3)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Features, ``(V, rep_out.dim)``.
        """
        frame = Level.of(at).frame.to(values.dtype)
        shape = (frame.shape[0], self.channels, *SHAPES[self.kind])
        if values.shape != shape:
            raise ValueError(f"Lift expects {self.kind} values of shape {shape}, got {tuple(values.shape)}")
        if self.kind != "symmetric":
            x, y, z = torch.einsum("vab,vcb->avc", frame, values)
            parts = [z, x, y] if self.kind == "vector" else [x, y]
        else:
            # Two at a time: for three factors torch may ask opt_einsum for the order, which ties compiled code to the
            # sizes.
            s = torch.einsum("vacd,ved->aevc", torch.einsum("vab,vcbd->vacd", frame, values), frame)
            parts = [(s[0, 0] + s[1, 1]) / _ROOT, s[2, 2], -_ROOT * s[1, 2], _ROOT * s[0, 2]]
            parts += [(s[0, 0] - s[1, 1]) / _ROOT, _ROOT * s[0, 1]]
        rows = self.basis(values.dtype) @ torch.stack(parts, dim=1)  # (V, dim, C), C running fastest in a block
        return self._by_block(rows)

    def _by_block(self, rows: Tensor) -> Tensor:
        """Reorder ``(V, dim, C)``, whose blocks are components by copies, to features of C times as many copies."""
        parts, start = [], 0
        for block in self.rep_out:
            each = block.multiplicity // self.channels
            stop = start + each * block.size
            parts.append(rows[:, start:stop].flatten(1))
            start = stop
        return torch.cat(parts, dim=1)

    def extra_repr(self) -> str:
        return f"{self.channels} x {self.kind} -> {self.rep_out}"


class Project(TensorModule):
    """Turn features into vectors or symmetric matrices of R^3: the inverse of ``Lift``.

    Args:
        kind: "vector", "tangent" or "symmetric".
        channels: Number C of values at each vertex.
        group: Structure group of the bundle.
    """

    def __init__(self, kind: str, channels: int = 1, group: Group | str = "SO2") -> None:
        super().__init__()
        self.lift = Lift(kind, channels, group)
        self.rep_in = self.lift.rep_out

    def forward(self, x: Tensor, at: Level | Data) -> Tensor:
        """Read values off features.

        Args:
            x: Features, ``(V, rep_in.dim)``.
            at: The level, or data with a bundle, for its level 0.

        Returns:
            Vectors ``(V, C, 3)`` or matrices ``(V, C, 3, 3)``.
        """
        self.rep_in.check(x, "Project")
        frame = Level.of(at).frame.to(x.dtype)
        if x.dim() != 2 or len(x) != len(frame):
            raise ValueError(f"Project expects features ({len(frame)}, {self.rep_in.dim}), got {tuple(x.shape)}")
        rows = x.unflatten(1, (-1, self.lift.channels))
        parts = (self.lift.basis(x.dtype).T @ rows).unbind(1)
        if self.lift.kind != "symmetric":
            z, a, b = parts if self.lift.kind == "vector" else (torch.zeros_like(parts[0]), *parts)
            return torch.einsum("vab,avc->vcb", frame, torch.stack([a, b, z]))
        trace, normal, shear, lean, across, twist = (part / _ROOT for part in parts)
        normal = _ROOT * normal
        s = [[trace + across, twist, lean], [twist, trace - across, -shear], [lean, -shear, normal]]
        matrix = torch.stack([torch.stack(row) for row in s])
        return torch.einsum("vbec,ved->vcbd", torch.einsum("vab,aevc->vbec", frame, matrix), frame)

    def extra_repr(self) -> str:
        return f"{self.rep_in} -> {self.lift.channels} x {self.lift.kind}"
