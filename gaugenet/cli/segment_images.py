"""Labelling the pixels of equirectangular images of the sphere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gaugenet.cli.arguments import output_folder
from gaugenet.cli.message import attempt
from gaugenet.cli.outcome import Outcome, exit_code
from gaugenet.cli.progress import bar
from gaugenet.io.spherical_image import read_image, write_label_image
from gaugenet.models import SegmentationNet, sphere_sample
from gaugenet.models.spherical import at_pixels, on_sample
from gaugenet.viz import enlarged, images_picture, palette


def segmented_images(net: SegmentationNet, args: argparse.Namespace, folder: Path) -> Outcome:
    """Label the images, and write what was found.

    Raises:
        ValueError: for arguments that are about meshes.
    """
    for name in ("up", "max_memory"):
        if getattr(args, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} is about meshes, got {args.model}, a network on the sphere")
    sample, colour = sphere_sample(net), palette(len(net.label_names))
    done: dict[str, Any] = {}
    failed: dict[str, str] = {}
    drawn: list[tuple[str, np.ndarray]] = []
    for path in bar(args.mesh, "segment", len(args.mesh)):
        with attempt(path, failed):
            pixels = read_image(path)
            label = net.segment(on_sample(net, sample, pixels))
            image = at_pixels(label, sample, *pixels.shape[:2]).numpy()
            file = output_folder(folder) / f"{path.stem}_labels.png"
            write_label_image(file, image, colour)
            area = torch.zeros(len(colour), dtype=torch.float64).index_add_(0, label, sample.weight)
            share = {name: float(part) for name, part in zip(net.label_names, area / area.sum()) if part > 0}
            done[str(path)] = {"labels": str(file), "area": share}
            if args.picture is not None:
                drawn.append((path.stem, (pixels // 2 + colour[image] // 2).astype(np.uint8)))
    picture = args.picture if drawn else None
    if picture is not None:
        images_picture(picture, [enlarged(image) for _, image in drawn], [name for name, _ in drawn], net.label_names)
    text = [f"{len(done)} of {len(args.mesh)} images labelled, results in {folder}"] if done else []
    text += [] if picture is None else [f"picture: {picture}"]
    content = {"images": done, "picture": None if picture is None else str(picture), "failed": failed}
    return Outcome(content, "\n".join(text), exit_code(len(done), len(failed)))
