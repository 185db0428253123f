"""Shapes made ready for training: deformed variants, transformed once, kept on disk."""

from __future__ import annotations

import os
import zlib
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform, Compose

from gaugenet.train.augment import RandomDeformation, RandomResolution
from gaugenet.transforms.cache import Cached
from gaugenet.transforms.frame_bundle import FrameBundle
from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle
from gaugenet.transforms.input_fields import InputFields
from gaugenet.transforms.parallel import parallel_map


class Prepared(Dataset[Any]):
    """The variants of labelled shapes: item ``shape * variants + v``; variant 0 is the shape itself.

    How a variant is deformed depends on the shape's name, so that runs on other splits find it in the same cache.

    Args:
        shapes: a sequence of labelled meshes; with several variants, without fields, normals or other vectors.
        transform: what the network reads. folder: of the cache on disk.
        targets: what adds to that what is learned, made of geometry and labels, such as ``RegionTargets``; anew for
            each variant, so that both agree.
        variants: number of variants a shape. stretch, bend: of their ``RandomDeformation``. remesh: whether every
            other one is triangulated anew, too (``RandomResolution``). seed: of the variants.

    Raises:
        ValueError: several variants of points of a homogeneous space, which are not in it once they are deformed.
    """

    def __init__(
        self,
        shapes: Sequence[Data],
        transform: BaseTransform,
        folder: str | os.PathLike[str],
        variants: int = 1,
        stretch: float = 0.0,
        bend: float = 0.0,
        seed: int = 0,
        remesh: bool = False,
        targets: BaseTransform | None = None,
    ) -> None:
        both = transform if targets is None else Compose([transform, targets])
        self.shapes, self.cached = shapes, Cached(both, Path(folder), labels=targets is not None)
        self.variants, self.stretch, self.bend, self.seed, self.remesh = variants, stretch, bend, seed, remesh
        steps = getattr(transform, "transforms", [transform])
        if variants > 1 and any(isinstance(step, HomogeneousBundle) for step in steps):
            raise ValueError(
                f"points of a homogeneous space are not in it once they are deformed, got {variants} variants: use "
                "variants=1"
            )
        vectors = [step.vectors for step in steps if isinstance(step, FrameBundle) and step.vectors is not None]
        self._written = ["field", "normal", *vectors]
        if remesh and not any(isinstance(step, InputFields) for step in steps):  # which make x anew
            self._written.append("x")

    def __len__(self) -> int:
        return len(self.shapes) * self.variants

    def __getitem__(self, item: int) -> Any:
        shape, variant = divmod(item, self.variants)
        data = self.shapes[shape].clone()
        if variant:
            for key in self._written:
                if getattr(data, key, None) is not None:
                    raise ValueError(
                        f"data.{key} is written in the frames or at the vertices of its mesh, which deformed copies do "
                        "not share: use variants=1" + (" or remesh=False" if key == "x" else "")
                    )
            generator = torch.Generator().manual_seed((self.seed * 100_003 + self._identity(shape)) * 1_009 + variant)
            data = RandomDeformation(self.stretch, self.bend, generator)(data)
            if self.remesh and variant % 2:
                data = RandomResolution(generator)(data)
        return self.cached(data)

    @property
    def count(self) -> int:
        """Number of shapes."""
        return len(self.shapes)

    def draw(self, numbers: Sequence[int]) -> Iterator[tuple[Any, int]]:
        """Yield some shapes one by one, each in one of its variants."""
        for shape in numbers:
            yield self[shape * self.variants + int(torch.randint(self.variants, ()))], 1

    def _identity(self, shape: int) -> int:
        """Return a number of a shape that other splits of the same data give it, too, where shapes have names."""
        names = getattr(self.shapes, "names", None)
        return shape if names is None else zlib.crc32(names[shape].encode())

    def __iter__(self) -> Iterator[Any]:
        return (self[item] for item in range(len(self)))

    def prepare(self, workers: int = 1) -> Generator[int, None, None]:
        """Fill the cache, with several processes if asked; yields each item's number, for a progress bar."""
        yield from parallel_map(partial(_touch, self), range(len(self)), workers)


def _touch(prepared: Prepared, item: int) -> int:
    prepared[item]
    return item
