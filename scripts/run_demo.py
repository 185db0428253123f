"""python scripts/run_demo.py [-o DIR] [--epochs N] [--seed N]

Train a small network on the creatures in meshes/, segment the ones it has not seen, print how much of their area it
labels right, and write coloured meshes and a picture. The exit code is 1 if that is less than 90 %.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from gaugenet import LabelledFolder, save, write_mesh
from gaugenet.cli.arguments import at_least
from gaugenet.cli.message import bar
from gaugenet.io.file import make_folder
from gaugenet.models.comparison import area_accuracy, face_areas
from gaugenet.train import FitSettings
from gaugenet.train.recipes import shapes
from gaugenet.viz import Panel, palette, segmentation_picture

ROOT = Path(__file__).parents[1]
TEST = [f"{creature}_{number:02}" for creature in ("biped", "quadruped") for number in (8, 9, 10)]
VARIANTS = 4  # each shape and three deformed copies of it
GOAL = 0.9


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "demo", metavar="DIR", help="%(default)s")
    parser.add_argument("--epochs", type=at_least(1), default=30, metavar="N", help="over the shapes, %(default)s")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of everything random, %(default)s")
    args = parser.parse_args(argv)
    started = time.monotonic()
    # Matrices this small gain little from a second thread, and lose much to it where another program runs, too.
    torch.set_num_threads(1)
    folder = make_folder(args.output)
    train, test = (LabelledFolder(ROOT / "meshes" / "creatures", split, test=TEST) for split in ("train", "test"))

    settings = FitSettings(epochs=args.epochs, variants=VARIANTS, seed=args.seed)
    job = shapes.segmentation(
        train, levels=(512, 128), rep="16x0 + 8x1 + 8x2", settings=settings, cache=folder / "bundles"
    )
    net = job.net
    labels = ", ".join(train.label_names)
    print(f"{len(train)} shapes to learn from, {len(test)} to test on; labels: {labels}", flush=True)
    job.fit(show=bar)
    save(net, folder / "net", {"data": "meshes/creatures", "test": TEST, "seed": args.seed})

    panels, scores = [], []
    for name, mesh in bar(zip(test.names, test), "segment", len(test)):
        label = net.segment(mesh.clone())
        pos, face = mesh.pos.numpy(), mesh.face.numpy().T
        scores.append(area_accuracy(label, mesh.face_label, face_areas(mesh.pos, mesh.face)))
        write_mesh(folder / f"{name}.ply", pos, face, palette(len(net.label_names))[label.numpy()], label.numpy())
        panels.append(Panel(f"{name}: prediction, {scores[-1]:.1%} of the area right", pos, face, label.numpy()))
        panels.append(Panel(f"{name}: truth", pos, face, mesh.face_label.numpy()))
    mean = sum(scores) / len(scores)
    print("area with the right label, on shapes that the network has not seen:")
    for name, score in [*zip(test.names, scores), ("mean", mean)]:
        print(f"  {name:<16}{score:7.1%}")
    print(f"coloured meshes: {folder}/*.ply", flush=True)
    picture = folder / "prediction_and_truth.png"
    segmentation_picture(picture, panels, net.label_names, views=2, columns=2, up=(0, 0, 1))
    print(f"picture: {picture}\ntook {time.monotonic() - started:.0f} s")
    if mean < GOAL:
        print(f"error: expected at least {GOAL:.0%}", file=sys.stderr)
    return 0 if mean >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
