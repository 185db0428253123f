"""Train on the left half of a brain, test on the right: what is lost by groups with and without reflections.

Reads surfaces, cortical maps and the seven networks of Yeo et al. (2011) of the HCP S1200 group average (fs_LR 32k)
from one .npz file; writes networks, predictions and a table. docs/results.md has what came out.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from gaugenet import MeshData, SegmentationNet, save
from gaugenet.io.file import open_atomic
from gaugenet.mesh import Mesh
from gaugenet.mesh.geometry import vertex_areas
from gaugenet.models.comparison import area_accuracy
from gaugenet.surface.sampling import farthest_on_mesh
from gaugenet.surface.unfolding import Unfolding
from gaugenet.train.fit import Fit, FitSettings

MAPS = ("sulc", "curvature", "thickness", "t1wt2w")
# As many numbers at a vertex: a third of the invariants of SO(2) are odd under reflections in the network of O(2).
REPS = {"SO2": "24x0 + 12x1 + 12x2", "O2": "O2: 16x0e + 8x0o + 12x1 + 12x2"}
LEVELS = (2048, 512, 128)
CELLS, HELD_BACK = 60, 12


def hemisphere(
    archive: np.lib.npyio.NpzFile, side: str, scale: tuple[np.ndarray, np.ndarray] | None = None
) -> MeshData:
    """Return a half as a mesh with standardised maps ``x`` and labels, -1 on the medial wall."""
    maps = np.stack([archive[f"{side}_{name}"] for name in MAPS], axis=1).astype(np.float64)
    known = np.isfinite(maps).all(axis=1) & (archive[f"{side}_yeo7"] > 0)
    mean, spread = maps[known].mean(axis=0), maps[known].std(axis=0)
    x = np.where(known[:, None], (maps - mean) / spread, 0.0)
    return MeshData(
        pos=torch.from_numpy(archive[f"{side}_midthickness"].astype(np.float64)),
        face=torch.from_numpy(archive[f"{side}_faces"].astype(np.int64).T.copy()),
        x=torch.from_numpy(x),
        vertex_label=torch.from_numpy(archive[f"{side}_yeo7"].astype(np.int64)) - 1,
    )


def mirrored(data: MeshData) -> MeshData:
    """Return the mirror image in x, normals outwards again."""
    out = data.clone()
    out.pos, out.face = data.pos * data.pos.new_tensor([-1.0, 1.0, 1.0]), data.face[[0, 2, 1]]
    return out


def held_back(data: MeshData, seed: int) -> Tensor:
    """Mark the vertices (V,) of random cells around evenly spread points, a fifth of the surface."""
    mesh = Mesh(data.pos.numpy(), data.face.numpy().T.copy(), np.arange(data.face.shape[1]))
    centre = farthest_on_mesh(mesh, Unfolding.build(mesh), CELLS).vertex[:CELLS]
    cell = torch.cdist(data.pos, data.pos[torch.from_numpy(centre)]).argmin(dim=1)
    chosen = torch.from_numpy(np.random.default_rng(seed).permutation(CELLS)[:HELD_BACK].copy())
    return torch.isin(cell, chosen)


class OneShape:
    """One training shape, as ``Fit`` draws examples."""

    variants = count = 1

    def __init__(self, data: MeshData) -> None:
        self.data = data

    def draw(self, numbers: Sequence[int]) -> Iterator[tuple[MeshData, int]]:
        for _ in numbers:
            yield self.data.clone(), 1


def run(group: str, seed: int, archive: np.lib.npyio.NpzFile, names: Sequence[str], steps: int, folder: Path) -> dict:
    """Train one network; return accuracies by area and the predictions on the right half."""
    started = time.perf_counter()
    torch.manual_seed(seed)
    net = SegmentationNet(
        names, levels=LEVELS, rep=REPS[group], inputs=f"{group}: 4x{'0e' if group == 'O2' else '0'}", output="vertex"
    )
    left, right = hemisphere(archive, "L"), hemisphere(archive, "R")
    image = mirrored(left)
    left, right, image = (net.transform(data) for data in (left, right, image))
    hidden = held_back(left, seed)
    train = left.clone()
    train.vertex_label = torch.where(hidden, -1, left.vertex_label)
    fit = Fit(net, OneShape(train), None, FitSettings(epochs=steps, variants=1, seed=seed))
    fit.run()
    with torch.no_grad():
        scores = {name: net(data) for name, data in (("left", left), ("image", image), ("right", right))}
    guess = {name: score.argmax(dim=1) for name, score in scores.items()}
    area = left.area_0
    row = {
        "group": group,
        "seed": seed,
        "parameters": sum(p.numel() for p in net.parameters()),
        "train": area_accuracy(guess["left"], torch.where(hidden, -1, left.vertex_label), area),
        "validation": area_accuracy(guess["left"], torch.where(hidden, left.vertex_label, -1), area),
        "validation_mirrored": area_accuracy(guess["image"], torch.where(hidden, left.vertex_label, -1), area),
        "mirror_error": float((scores["image"] - scores["left"]).abs().max() / scores["left"].abs().max()),
        "right": area_accuracy(guess["right"], right.vertex_label, right.area_0),
        "minutes": (time.perf_counter() - started) / 60,
    }
    save(net, folder / f"{group}-{seed}", row)
    np.savez_compressed(folder / f"{group}-{seed}.npz", **{name: one.numpy() for name, one in guess.items()})
    print(json.dumps(row), flush=True)
    return row


def picture(archive: np.lib.npyio.NpzFile, folder: Path, path: Path) -> None:
    """Draw the right half from outside: truth, left labels copied over, and what the first seeds say."""
    matplotlib.use("agg")
    right = archive["R_inflated"]
    face = archive["R_faces"].astype(np.int64)
    truth = archive["R_yeo7"].astype(np.int64)
    panels = {"truth": truth, "left labels copied": archive["L_yeo7"].astype(np.int64)}
    for group, title in (("O2", "O(2)"), ("SO2", "SO(2)")):
        panels[title] = np.where(truth > 0, np.load(folder / f"{group}-0.npz")["right"] + 1, 0)
    colours = np.array([[0.85, 0.85, 0.85], *plt.get_cmap("tab10")(range(7))[:, :3]])
    figure, axes = plt.subplots(1, 4, figsize=(14, 3.4))
    seen = right[face].mean(axis=1)
    normal = np.cross(right[face[:, 1]] - right[face[:, 0]], right[face[:, 2]] - right[face[:, 0]])
    front = np.flatnonzero(normal[:, 0] > 0)  # the side away from the other half
    order = front[np.argsort(seen[front, 0])]
    light = 0.6 + 0.4 * normal[order, 0] / np.linalg.norm(normal[order], axis=1)
    for axis, (title, label) in zip(axes, panels.items(), strict=True):
        most = np.array([np.bincount(corner, minlength=8).argmax() for corner in label[face[order]]])
        polygons = matplotlib.collections.PolyCollection(
            right[face[order]][:, :, 1:], facecolors=np.clip(colours[most] * light[:, None], 0, 1), edgecolors="none",
            antialiased=False,
        )  # fmt: skip
        axis.add_collection(polygons)
        axis.autoscale_view()
        axis.set_aspect("equal")
        axis.axis("off")
        axis.set_title(title)
    names = [str(name) for name in archive["yeo7_names"][1:]]
    patches = [
        matplotlib.patches.Patch(color=colour, label=name) for colour, name in zip(colours[1:], names, strict=True)
    ]
    figure.legend(handles=patches, loc="lower center", ncol=len(names), frameon=False)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    with open_atomic(path) as file:
        figure.savefig(file, dpi=110, format="png")
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="NPZ", help="hcp_s1200_fsLR32k.npz")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for networks and results"
    )
    parser.add_argument("--groups", nargs="+", choices=REPS, default=list(REPS), help="default: both")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--steps", type=int, default=1000, help="of training (default: 1000)")
    parser.add_argument(
        "--picture", type=Path, metavar="PNG", help="draw the networks of seed 0 that are in DIR already"
    )
    args = parser.parse_args()
    if not args.data.is_file():
        parser.error(f"{args.data}: no such file; expected the archive of the cortex")
    try:
        archive = np.load(args.data)
        missing = {f"{side}_{name}" for side in "LR" for name in (*MAPS, "yeo7", "faces", "midthickness")} - {*archive}
    except (ValueError, OSError) as error:
        parser.error(f"{args.data}: no archive of numpy ({error}); expected that of the cortex")
    if missing:
        parser.error(f"{args.data}: has no {', '.join(sorted(missing))}; expected the archive of the cortex")
    if args.picture is not None:
        picture(archive, args.output, args.picture)
        return
    args.output.mkdir(parents=True, exist_ok=True)
    names = [str(name) for name in archive["yeo7_names"][1:]]
    copied = area_of_copies(archive)
    rows = [run(group, seed, archive, names, args.steps, args.output) for seed in args.seeds for group in args.groups]
    path = args.output / f"cortex-{'-'.join([*args.groups, *map(str, args.seeds)])}.json"
    with open_atomic(path) as file:
        file.write(json.dumps({"copied": copied, "rows": rows}, indent=1).encode() + b"\n")


def area_of_copies(archive: np.lib.npyio.NpzFile) -> float:
    """Return the area accuracy of copying each left label to the homologous right vertex."""
    label = [torch.from_numpy(archive[f"{side}_yeo7"].astype(np.int64)) - 1 for side in "LR"]
    area = vertex_areas(archive["R_midthickness"].astype(np.float64), archive["R_faces"].astype(np.int64))
    return area_accuracy(label[0], label[1], torch.from_numpy(area))


if __name__ == "__main__":
    main()
