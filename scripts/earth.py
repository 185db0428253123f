"""Predict the main groups of climate on each continent by a network that saw no label of it, as a table and a map.

Trains, as gaugenet train earth does, a network for each continent for which OUTPUT has none; arguments that are not
below go there, such as --family gauge --epochs 5. Baselines: area-weighted vote of the 100 nearest training points, by
absolute latitude and elevation, by elevation and colour, or by all three. Writes OUTPUT/earth.json.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from gaugenet import load
from gaugenet.cli import main as gaugenet
from gaugenet.datasets.earth import CONTINENTS, Earth
from gaugenet.io.file import open_atomic
from gaugenet.models import SphereSample, sphere_sample
from gaugenet.models.spherical import at_pixels
from gaugenet.train import Scores, TurnedEarth
from gaugenet.transforms.equirectangular import pixel_centres
from gaugenet.viz import images_picture, label_image, palette
from gaugenet.viz.png import png_path

NEAREST = 100
SCALE = {"latitude": 0.1, "elevation": 1.0, "colour": 5.0}  # of degrees, km and 0 to 1
BASELINES = {
    "latitude, elevation": ("latitude", "elevation"),
    "elevation, colour": ("elevation", "colour"),
    "latitude, elevation, colour": ("latitude", "elevation", "colour"),
}
MAP = (360, 720)


def pointwise(earth: Earth, sample: SphereSample, continent: str, names: Sequence[str]) -> Tensor:
    """Return the groups (V,) by the nearest points on labelled land elsewhere, of the fields that are named."""
    fields = earth.fields(sample.point)
    latitude = torch.rad2deg(torch.asin(sample.point[:, 2:].double().clamp(-1, 1))).abs()
    of = {"latitude": latitude, "elevation": fields[:, :1], "colour": fields[:, 1:]}
    x = torch.cat([SCALE[name] * of[name] for name in names], dim=1).numpy()
    label = earth.labels(sample.point)
    known = (label >= 0) & (earth.continents(sample.point) != CONTINENTS.index(continent))
    near = cKDTree(x[known.numpy()]).query(x, min(NEAREST, int(known.sum())))[1].reshape(len(x), -1)
    vote = torch.nn.functional.one_hot(label[known], len(Earth.label_names)) * sample.weight[known, None]
    return vote[torch.from_numpy(near)].sum(1).argmax(1)


def scored(found: Tensor, truth: Tensor, weight: Tensor) -> dict[str, Any]:
    """Return area accuracy, mean IoU and those of each group; truth is -1 where nothing counts."""
    scores = Scores(Earth.label_names)
    scores.add(found, truth, weight)
    return {"area_accuracy": scores.area_accuracy, "mean_iou": scores.mean_iou, "classes": scores.classes}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="NPZ", help="earth_025deg.npz")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of runs and the table")
    parser.add_argument("--continents", nargs="+", choices=CONTINENTS, default=list(CONTINENTS), help="default: all")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the map, true above predicted")
    args, training = parser.parse_known_args(argv)
    try:
        earth = Earth(args.data)
        if args.picture is not None:
            png_path(args.picture)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))

    pixel = pixel_centres(*MAP)
    truth_map, continent_map = earth.labels(pixel).unflatten(0, MAP), earth.continents(pixel).unflatten(0, MAP)
    found_map = torch.full(MAP, -1)
    rows: dict[str, dict[str, Any]] = {}
    parts: dict[str, list[Tensor]] = {}
    for continent in args.continents:
        run = args.output / continent.lower().replace(" ", "-")
        known = ["--resume"] if (run / "run.json").is_file() else []
        words = ["train", "earth", "--root", str(args.data), "--hold-out", continent, "-o", str(run)]
        code = gaugenet([*words, *known, *training])
        if code:
            return code
        net = load(run / "net")
        sample = sphere_sample(net)
        (data,) = TurnedEarth(earth, sample, [continent], rotate=False)
        predicted = {"network": net.evaluated(data).argmax(1)}
        predicted |= {name: pointwise(earth, sample, continent, fields) for name, fields in BASELINES.items()}
        rows[continent] = {name: scored(found, data.vertex_label, sample.weight) for name, found in predicted.items()}
        counted = data.vertex_label >= 0
        for name, found in {**predicted, "truth": data.vertex_label, "weight": sample.weight}.items():
            parts.setdefault(name, []).append(found[counted])
        here = (continent_map == CONTINENTS.index(continent)) & (truth_map >= 0)
        found_map = torch.where(here, at_pixels(predicted["network"], sample, *MAP), found_map)
    whole = {name: torch.cat(part) for name, part in parts.items()}
    truth, weight = whole.pop("truth"), whole.pop("weight")
    rows["all land"] = {name: scored(found, truth, weight) for name, found in whole.items()}

    print(f"area accuracy, mean IoU [%]   {'   '.join(f'{name:>12}' for name in whole)}")
    for continent, row in rows.items():
        numbers = [f"{100 * one['area_accuracy']:.1f} {100 * one['mean_iou']:5.1f}" for one in row.values()]
        print(f"{continent:<29} {'   '.join(f'{text:>{max(12, len(name))}}' for text, name in zip(numbers, row))}")
    with open_atomic(args.output / "earth.json") as file:
        file.write(json.dumps(rows, indent=1).encode() + b"\n")
    if args.picture is not None:
        shown = np.isin(continent_map.numpy(), [CONTINENTS.index(name) for name in args.continents])
        colour = palette(len(Earth.label_names))
        truth_image = label_image(truth_map.numpy(), colour, shown)
        accuracy = rows["all land"]["network"]["area_accuracy"]
        title = f"predicted, each continent without labels of its own: {100 * accuracy:.1f} % right by area"
        images = [outlined(image, continent_map.numpy(), truth_map.numpy() >= 0) for image in
                  (truth_image, label_image(found_map.numpy(), colour))]  # fmt: skip
        images_picture(args.picture, images, ["truth", title], Earth.label_names)
    return 0


def outlined(image: np.ndarray, region: np.ndarray, land: np.ndarray) -> np.ndarray:
    """Return an image with black lines on land between regions (H, W)."""
    line = np.zeros_like(land)
    for axis in (0, 1):
        line |= (region != np.roll(region, 1, axis)) & land & np.roll(land, 1, axis)
    return np.where(line[..., None], np.uint8(0), image)


if __name__ == "__main__":
    raise SystemExit(main())
