"""The network that tells whole shapes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.surface_net import SurfaceNet
from gaugenet.nn.global_pool import GlobalPool
from gaugenet.representation import Representation


class ClassificationNet(SurfaceNet):
    """Say what a shape is: scores ``(B, L)`` of the shapes of a batch; invariant.

    The U-Net goes down only. The features of every level are pooled over the shape, all averages and on the coarsest
    level also the maxima of their norms, and a small network reads these numbers. A shape is one example where a
    segmented one is thousands: the network is small by default, too.

    Args:
        label_names: names of the classes. levels, rep, blocks, settings: of ``SurfaceNet``.
    """

    has_way_up = may_be_polynomial = False

    def __init__(
        self,
        label_names: Sequence[str],
        *,
        levels: Sequence[int] = (1024, 256, 64),
        rep: str = "12x0 + 6x1 + 6x2",
        blocks: int = 1,
        **settings: Any,
    ) -> None:
        if not label_names:
            raise ValueError("ClassificationNet needs at least one label name, got none")
        super().__init__(levels=levels, rep=rep, blocks=blocks, **settings)
        self.label_names = tuple(label_names)
        self.config |= {"label_names": list(label_names)}
        self.rep_out = Representation.invariants(len(label_names), self.rep_in.group)
        self.means = nn.ModuleList(GlobalPool(rep, "mean") for rep in self.unet.reps)
        self.most = GlobalPool(self.unet.reps[-1], "max")
        width = self.most.rep_out.dim
        numbers = width + sum(sum(block.multiplicity for block in rep) for rep in self.unet.reps)
        self.head = nn.Sequential(
            nn.LayerNorm(numbers),
            nn.Linear(numbers, width),
            nn.SiLU(),
            nn.Dropout(self.config["dropout"]),
            nn.Linear(width, len(label_names)),
        )

    def forward(self, data: Data) -> Tensor:
        """Return logits ``(B, L)`` of data made by ``transform``, single (B = 1) or batched."""
        x = self.on_first_level(self.inputs(data), data)
        found = self.unet.encode(self.enter(x), self.unet.levels(data))
        pooled = [pool(y, data, self.first + depth) for depth, (pool, y) in enumerate(zip(self.means, found))]
        return self.head(torch.cat([*pooled, self.most(found[-1], data, self.first + len(found) - 1)], dim=1))

    def classify(self, data: Data) -> Tensor:
        """Return the class ``(B,)`` of a mesh, or of data made by ``transform``; it indexes ``label_names``."""
        return self.evaluated(data).argmax(dim=1)
