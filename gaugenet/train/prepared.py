"""Shapes made ready for training: stretched variants, transformed once, kept on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gaugenet.data.cache import Cached
from gaugenet.train.augment import RandomStretch


class Prepared(Dataset[Any]):
    """The variants of labelled shapes: item ``shape * variants + v``; variant 0 is the shape itself.

    Args:
        shapes: a sequence of labelled meshes. transform: what the network reads. folder: of the cache on disk.
        variants: number of variants a shape. spread: of their ``RandomStretch``. seed: variants are the same for it.
    """

    def __init__(
        self,
        shapes: Sequence[Data],
        transform: BaseTransform,
        folder: str | os.PathLike[str],
        variants: int = 1,
        spread: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.shapes, self.cached = shapes, Cached(transform, Path(folder))
        self.variants, self.spread, self.seed = variants, spread, seed

    def __len__(self) -> int:
        return len(self.shapes) * self.variants

    def __getitem__(self, item: int) -> Any:
        shape, variant = divmod(item, self.variants)
        data = self.shapes[shape].clone()
        if variant:
            generator = torch.Generator().manual_seed((self.seed * 100_003 + shape) * 1_009 + variant)
            data = RandomStretch(self.spread, generator)(data)
        return self.cached(data)

    def prepare(self, workers: int = 1) -> Iterator[int]:
        """Fill the cache, with several processes if asked; yields after each item, for a progress bar."""
        if workers <= 1:
            for item in range(len(self)):
                self[item]
                yield item
            return
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
            yield from pool.map(_touch, [self] * len(self), range(len(self)), chunksize=1)


def _one_thread() -> None:
    torch.set_num_threads(1)


def _touch(prepared: Prepared, item: int) -> int:
    prepared[item]
    return item
