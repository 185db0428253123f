"""The network that tells whole shapes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gaugenet.models.classifier import Classifier
from gaugenet.models.surface_net import SurfaceNet
from gaugenet.models.unet import NO_LAYERS
from gaugenet.nn.global_pool import GlobalPool
from gaugenet.nn.layer_norm import Standardize


class ClassificationNet(SurfaceNet, Classifier):
    """Say what a shape is: scores ``(B, L)`` of the shapes of a batch; invariant.

    A small network reads how the input fields are distributed over the surface: quantiles by area, of the norm of a
    field that turns with the frames. With ``layers`` there is a U-Net too, which goes down only, and of the features of
    every level the averages, on the coarsest one also the largest norms, are read as well. A shape is one example where
    a segmented one is thousands: the network is small by default, and without layers.

    Args:
        label_names: names of the classes. hidden: width of the small network. layers: as for ``SurfaceNet``, or "none":
            levels and blocks do not matter then, and of rep, which needs invariants all the same, the group alone.
            levels, rep, blocks, settings: of ``SurfaceNet``.
    """

    has_way_up = may_be_polynomial = False
    may_lack_layers = True

    def __init__(
        self,
        label_names: Sequence[str],
        *,
        hidden: int = 64,
        layers: str = NO_LAYERS,
        levels: Sequence[int] = (1024, 256, 64),
        rep: str = "12x0 + 6x1 + 6x2",
        blocks: int = 1,
        **settings: Any,
    ) -> None:
        super().__init__(layers=layers, levels=levels, rep=rep, blocks=blocks, **settings)
        self.spread = GlobalPool(self.rep_in, "quantiles")
        self.means = nn.ModuleList(GlobalPool(rep, "mean") for rep in self.unet.reps)
        self.most = nn.ModuleList(GlobalPool(rep, "max") for rep in self.unet.reps[-1:])
        numbers = sum(pool.rep_out.dim for pool in (self.spread, *self.means, *self.most))
        self.head = nn.Sequential(Standardize(numbers), *self.class_head(label_names, numbers, hidden))

    def forward(self, data: Data) -> Tensor:
        """Return logits ``(B, L)`` of data made by ``transform``, single (B = 1) or batched."""
        x = self.inputs(data)
        levels = self.unet.levels(data)
        found = self.unet.encode(self.enter(self.on_first_level(x, self.first_map(data))), levels)
        pooled = [self.spread(x, data)]
        pooled += [pool(y, level) for pool, y, level in zip(self.means, found, levels)]
        pooled += [pool(found[-1], levels[-1]) for pool in self.most]
        return self.head(torch.cat(pooled, dim=1))
