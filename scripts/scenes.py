"""Write scenes of digits on the sphere as equirectangular images, which gaugenet detect and segment read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from gaugenet.datasets.spherical_scenes import SphericalScenes
from gaugenet.io.spherical_image import write_image
from gaugenet.so3 import random_rotation
from gaugenet.transforms.equirectangular import pixel_centres


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python scripts/scenes.py --root mnist --count 4 --turn -o scenes"
    )
    parser.add_argument("--root", type=Path, required=True, metavar="MNIST", help="folder of the four IDX files")
    parser.add_argument("--count", type=int, default=4, metavar="N", help="how many, of the test split (default: 4)")
    parser.add_argument("--turn", action="store_true", help="turn each at random")
    parser.add_argument("--height", type=int, default=180, metavar="H", help="rows of the images (default: 180)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="for scene_0.png, ...")
    args = parser.parse_args(argv)
    try:
        scenes = SphericalScenes(args.root, "test", args.count)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    if args.height < 1:
        parser.error(f"expected a height >= 1, got {args.height}")
    args.output.mkdir(parents=True, exist_ok=True)
    point = pixel_centres(args.height, 2 * args.height)
    rotation = random_rotation(args.count, generator=torch.Generator().manual_seed(0)) if args.turn else None
    images = scenes.at(torch.arange(args.count), point, rotation).reshape(args.count, args.height, 2 * args.height)
    for number, image in enumerate(images.mul(255).round().byte()):
        write_image(args.output / f"scene_{number}.png", image.numpy())


if __name__ == "__main__":
    main()
