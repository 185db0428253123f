"""Shapes prepared for training: deformed variants, transformed once and cached on disk."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform, Compose

from gaugenet.train.named import named
from gaugenet.transforms import Cached, FrameBundle, HomogeneousBundle, InputFields, Perturbation, parallel_map

WAVES = 6
# Range of the number of vertices of remeshed shapes: fewer lose thin parts, more only cost time.
FEWEST, MOST = 1500, 15000


class RandomDeformation(BaseTransform):
    """Stretch a mesh along random axes and bend it by a few long waves, which changes proportions and pose.

    The factors of the stretch are exp of normal numbers with standard deviation ``stretch``. Each of six waves moves
    points by a sine of their position, with about one period over the shape; the size of their total strain is about
    ``bend``. The shape is never mirrored.

    Args:
        stretch: Size of the stretch; 0 is none.
        bend: Size of the bending; 0 is none.
        generator: Source of the random numbers.
    """

    def __init__(self, stretch: float, bend: float, generator: torch.Generator | None = None) -> None:
        self.stretch, self.bend, self.generator = stretch, bend, generator

    def forward(self, data: Data) -> Data:
        """Deform the mesh ``data``."""
        pos = data.pos.double()
        noise = self._normal(3, 4)
        axes = torch.linalg.qr(noise[:, :3]).Q
        pos = pos @ (axes * torch.exp(self.stretch * noise[:, 3]) @ axes.T).to(pos.device)
        data.pos = (pos + self._waves(pos)).to(data.pos.dtype)
        return data

    def _waves(self, pos: Tensor) -> Tensor:
        extent = (pos.amax(0) - pos.amin(0)).max()
        vector, phase, direction = self._normal(WAVES, 3), math.tau * self._normal(WAVES), self._normal(WAVES, 3)
        # Strain = amplitude x wave number; very long waves are capped, or they would only move the shape.
        strain = self.bend / math.sqrt(3 * WAVES)
        amplitude = strain / (math.tau * vector.norm(dim=1).clamp_min(0.5))
        place = (pos - pos.mean(0)) @ vector.T.to(pos.device) / extent
        return (
            extent
            * torch.sin(math.tau * place + phase.to(pos.device))
            @ (direction * amplitude[:, None]).to(pos.device)
        )

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def __repr__(self) -> str:
        return f"RandomDeformation(stretch={self.stretch}, bend={self.bend})"


class RandomResolution(BaseTransform):
    """Remesh a shape to a random number of vertices, so that a network does not learn from the triangulation.

    The number is drawn between 1,500 and 15,000, evenly in its logarithm. For a smaller number of vertices edges are
    collapsed (quadric decimation); for more than twice the number each triangle is split into four, unevenly; between,
    the mesh stays.

    Args:
        generator: Source of the random numbers.
    """

    def __init__(self, generator: torch.Generator | None = None) -> None:
        self.generator = generator

    def forward(self, data: Data) -> Data:
        """Remesh the shape ``data``."""
        draw, seed = torch.rand(2, generator=self.generator, dtype=torch.float64).tolist()
        share = FEWEST * (MOST / FEWEST) ** draw / len(data.pos)
        if 0.9 < share < 2.0:
            return data
        kind, amount = ("coarser", share) if share < 1 else ("finer", None)
        return Perturbation(kind, amount, seed=int(2**31 * seed))(data)

    def __repr__(self) -> str:
        return "RandomResolution()"


class Prepared(Dataset[Any]):
    """Variants of labelled shapes, transformed for a network: item ``shape * variants + v``; variant 0 is the shape.

    The deformation of a variant depends on the name of its shape, so that runs on other splits share the cache.

    Args:
        shapes: Labelled meshes; with several variants, without fields, normals or other vectors.
        transform: Transform whose result the network reads.
        folder: Folder of the cache on disk.
        variants: Number of variants of each shape.
        stretch: Stretch of the ``RandomDeformation`` of variants.
        bend: Bending of the ``RandomDeformation`` of variants.
        seed: Seed of the variants.
        remesh: Whether every other variant is remeshed by ``RandomResolution``.
        targets: Transform that adds training targets computed from geometry and labels, such as ``RegionTargets``; it
            is applied to each variant.

    Raises:
        ValueError: If several variants of points of a homogeneous space are asked for: deformed, they leave the space.
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
        if remesh and not any(isinstance(step, InputFields) for step in steps):  # which compute x
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
        """Draw a random variant of some shapes.

        Args:
            numbers: Numbers of the shapes.

        Yields:
            Data of one shape, and 1.
        """
        for shape in numbers:
            yield self[shape * self.variants + int(torch.randint(self.variants, ()))], 1

    def _identity(self, shape: int) -> int:
        """Return a number of a shape that is the same in all splits of the data, where shapes have names."""
        names = getattr(self.shapes, "names", None)
        return shape if names is None else zlib.crc32(names[shape].encode())

    def __iter__(self) -> Iterator[Any]:
        return (self[item] for item in range(len(self)))

    def prepare(self, workers: int = 1) -> Generator[int, None, None]:
        """Fill the cache. Warnings and errors name the shape where shapes have names.

        Args:
            workers: Number of processes.

        Yields:
            The number of each item that is done, for a progress bar.
        """
        names = getattr(self.shapes, "names", None)
        with closing(parallel_map(partial(_touch, self), range(len(self)), workers)) as items:
            for item in range(len(self)):
                with nullcontext() if names is None else named(names[item // self.variants]):
                    next(items)
                yield item


def _touch(prepared: Prepared, item: int) -> int:
    prepared[item]
    return item
