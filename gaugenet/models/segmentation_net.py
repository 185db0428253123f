"""The segmentation network: a U-Net over the levels of a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform, Compose

from gaugenet.data.frame_bundle import FrameBundle
from gaugenet.data.input_fields import InputFields
from gaugenet.nn.intertwiner import Intertwiner
from gaugenet.nn.layer_norm import LayerNorm
from gaugenet.nn.pool import LevelMap, Pool, Unpool
from gaugenet.nn.residual_block import ResidualBlock
from gaugenet.nn.stencil import Stencil
from gaugenet.representation import Representation

OUTPUTS = ("face", "vertex", "both")


class Logits(NamedTuple):
    """Scores of the labels: ``face (F, L)`` and ``vertex (V, L)``."""

    face: Tensor
    vertex: Tensor


class SegmentationNet(nn.Module):
    """Label the faces or vertices of a mesh by a gauge-equivariant U-Net (Ronneberger et al. 2015 on a frame bundle).

    Input fields are averaged onto the first coarser level; residual blocks run on each level down to the coarsest and
    back up, joined by pooling and unpooling along transport; scores go back to the vertices of the full mesh, where a
    pointwise head sees them beside the input fields; a face has the mean of its corners. The scores are invariant.

    Args:
        label_names: names of the labels.
        levels: vertices of the levels, as for ``FrameBundle``; without any the network runs on the mesh itself.
        neighbours: mean number of neighbours in the discs.
        rep: representation on the first level; multiplicities grow by ``growth`` a level.
        blocks: residual blocks a level on the way down; one on the way up.
        profiles: radial profiles. dropout: of invariants in training.
        output: "face", "vertex" or "both".
        fields: settings of ``InputFields``. inputs: or the representation of features ``x`` that the data has itself.
        frame_field: what fixes frames where the group of ``rep`` is finite, as for ``FrameBundle``.
    """

    def __init__(
        self,
        label_names: Sequence[str],
        levels: Sequence[int] = (2048, 512, 128),
        neighbours: float = 30,
        rep: str = "24x0 + 12x1 + 12x2",
        growth: float = 1.5,
        blocks: int = 2,
        profiles: int = 2,
        dropout: float = 0.2,
        output: str = "face",
        fields: Mapping[str, Any] | None = None,
        inputs: str | None = None,
        frame_field: str | None = None,
    ) -> None:
        super().__init__()
        first = Representation(rep)
        if output not in OUTPUTS:
            raise ValueError(f'output must be one of {", ".join(OUTPUTS)}, got "{output}"')
        if not label_names:
            raise ValueError("SegmentationNet needs at least one label name, got none")
        if first.num_invariants == 0:
            raise ValueError(
                f"SegmentationNet needs invariants in its representation, got {rep}: add copies of order 0"
            )
        self.config: dict[str, Any] = {
            "label_names": list(label_names),
            "levels": list(levels),
            "neighbours": neighbours,
            "rep": str(first),
            "growth": growth,
            "blocks": blocks,
            "profiles": profiles,
            "dropout": dropout,
            "output": output,
            "fields": dict(fields or {}),
            "inputs": inputs,
            "frame_field": frame_field,
        }
        self.label_names, self.output = tuple(label_names), output
        size: dict[str, Any] = (
            {"levels": levels, "level_neighbours": neighbours} if levels else {"neighbours": neighbours}
        )
        self.bundle_transform = FrameBundle(**size, group=str(first.group), field=frame_field)
        if inputs is not None and fields:
            raise ValueError("SegmentationNet takes fields to compute or inputs that the data has, got both: drop one")
        fields_of = InputFields(**self.config["fields"], group=str(first.group))
        self.field_transform = fields_of if inputs is None else None
        self.rep_in = fields_of.rep if inputs is None else Representation(inputs, first.group)
        self.first = 1 if levels else 0  # the level on which the network begins
        reps = [_grown(first, growth**depth) for depth in range(max(len(levels), 1))]

        self.enter_pool = Pool(self.rep_in)
        self.enter = Intertwiner(self.rep_in, first)
        self.down = nn.ModuleList(
            nn.ModuleList(ResidualBlock(r, profiles, dropout=dropout) for _ in range(blocks)) for r in reps
        )
        self.pool = nn.ModuleList(Pool(r) for r in reps[:-1])
        self.widen = nn.ModuleList(Intertwiner(a, b) for a, b in pairwise(reps))
        self.unpool = nn.ModuleList(Unpool(r) for r in reps[:-1])
        self.narrow = nn.ModuleList(Intertwiner(b, a) for a, b in pairwise(reps))
        self.up = nn.ModuleList(ResidualBlock(r, profiles, dropout=dropout) for r in reps[:-1])
        width = first.num_invariants
        invariant = Representation.invariants(width, first.group)
        self.norm = LayerNorm(first)
        self.leave = Intertwiner(first, invariant)
        self.leave_unpool = Unpool(invariant)
        self.head = nn.Sequential(
            nn.Linear(width + self.rep_in.num_invariants, 2 * width), nn.SiLU(), nn.Linear(2 * width, len(label_names))
        )

    @property
    def transform(self) -> BaseTransform:
        """What turns a mesh (pos, face) into the network's input."""
        steps = [self.bundle_transform, self.field_transform]
        return Compose([step for step in steps if step is not None])

    @property
    def mirrors(self) -> bool:
        """Whether a mesh and its mirror image get the same scores."""
        if self.field_transform is None:
            return self.rep_in.group.reflections and self.rep_in.num_invariants == self.rep_in.dim
        return self.rep_in.group.reflections and self.field_transform.oriented

    def forward(self, data: Data) -> Tensor | Logits:
        """Return logits ``(F, L)``, ``(V, L)`` or both (``Logits``) of data made by ``transform``, batched or not."""
        x = self.inputs(data)
        if not self.first:
            return self.outputs(self.head_scores(self.trunk(x, data), x), data)
        fine = LevelMap.from_data(data, 1)
        y = self.trunk(self.enter_pool(x, fine), data)
        return self.outputs(self.head_scores(self.leave_unpool(y, fine), x), data)

    def inputs(self, data: Data) -> Tensor:
        """Return the input fields ``(V, rep_in.dim)`` in the precision of the weights."""
        if getattr(data, "x", None) is None:
            raise ValueError(
                "SegmentationNet needs input fields x: apply net.transform to the mesh first"
                + ("" if self.field_transform is not None else f", and set x of representation {self.rep_in}")
            )
        self.rep_in.check(data.x, "SegmentationNet")
        return data.x.to(next(self.parameters()).dtype)

    def trunk(self, x: Tensor, data: Data) -> Tensor:
        """Return invariants ``(V_l, C)`` on the first level l of the network from input fields there."""
        levels = range(self.first, self.first + len(self.down))
        stencils = [Stencil.from_data(data, level) for level in levels]
        between = [LevelMap.from_data(data, level) for level in levels[1:]]
        y = self.enter(x)
        skips = []
        for depth, blocks in enumerate(self.down):
            for block in cast(nn.ModuleList, blocks):
                y = block(y, stencils[depth])
            if depth < len(between):
                skips.append(y)
                y = self.widen[depth](self.pool[depth](y, between[depth]))
        for depth in reversed(range(len(between))):
            y = skips[depth] + self.unpool[depth](self.narrow[depth](y), between[depth])
            y = self.up[depth](y, stencils[depth])
        return self.leave(self.norm(y))

    def head_scores(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the logits ``(V, L)`` of vertices from the invariants of the trunk and the input fields."""
        invariants = [z for block, z in zip(self.rep_in, self.rep_in.split(x), strict=True) if block.invariant]
        return self.head(torch.cat([y, *invariants], dim=1))

    def outputs(self, vertex: Tensor, data: Data) -> Tensor | Logits:
        """Return logits of vertices as what the network was asked for: a face has the mean of its corners."""
        if self.output == "vertex":
            return vertex
        face = vertex[data.face].mean(dim=0)
        return face if self.output == "face" else Logits(face, vertex)

    @torch.no_grad()
    def segment(self, data: Data) -> Tensor:
        """Return the label of each face ``(F,)``, or of each vertex ``(V,)`` if that is the network's output.

        ``data`` is a mesh, or what ``transform`` made of one. Labels index ``label_names``.
        """
        if getattr(data, "x", None) is None or getattr(data, "frame", None) is None:
            data = self.transform(data)
        training = self.training
        self.eval()
        try:
            logits = self(data)
        finally:
            self.train(training)
        return self.labels(logits)

    @staticmethod
    def labels(logits: Tensor | Logits) -> Tensor:
        """Return the best label of each face, or of each vertex where there are no scores of faces."""
        return (logits.face if isinstance(logits, Logits) else logits).argmax(dim=-1)


def _grown(rep: Representation, factor: float) -> Representation:
    return Representation([(round(multiplicity * factor), irrep) for multiplicity, irrep in rep.terms], rep.group)
