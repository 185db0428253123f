"""Write the example meshes of the project: labelled creatures, meshes with known answers, broken meshes.

    python scripts/generate_meshes.py [--output DIR] [--seed N]

The same seed gives the same bytes. Needs scikit-image (pip install -e ".[dev]"). meshes/README.md says what each
file is.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import reference_meshes as reference
import trimesh
from creatures import CLASSES, limbs_are_apart
from implicit_surface import Bone, triangulate
from tqdm import tqdm

SHAPES = 10  # of each class
LABELS = ("head", "torso", "arm", "hand", "leg", "foot", "tail")
CELL, BLEND, GAP = 0.025, 0.05, 0.035  # marching cubes, rounding of creases, least distance of limbs [mesh unit]


def creature(name: str, number: int, seed: int) -> dict[str, bytes]:
    """Return the files of creature `number` (from 1) of a class: the mesh and its labels.

    A pose in which limbs meet, or a surface that is not sound, is drawn again.
    """
    for attempt in range(100):
        rng = np.random.default_rng([seed, list(CLASSES).index(name), number, attempt])
        vertices = int(rng.integers(1300, 1801))
        bones = CLASSES[name](rng)
        if not limbs_are_apart(bones, GAP):
            continue
        pos, face = triangulate(bones, vertices, CELL, BLEND)
        pos = pos.round(5).astype(np.float32)
        label = face_labels(bones, pos[face].astype(np.float64).mean(axis=1))
        if is_sound(bones, pos, face, label):
            stem = f"creatures/{name}_{number:02d}"
            return {f"{stem}.ply": ply(pos, face), f"{stem}_labels.txt": label_file(label)}
    raise ValueError(f"expected a sound {name} {number} within 100 poses, got none; choose another --seed than {seed}")


def face_labels(bones: Sequence[Bone], points: np.ndarray) -> np.ndarray:
    """Return the index in LABELS (N,) of the part nearest to each of points (N, 3)."""
    distance = np.full((len(LABELS), len(points)), np.inf)
    for bone in bones:
        row = LABELS.index(bone.part)
        distance[row] = np.minimum(distance[row], bone.distance(points))
    return distance.argmin(axis=0)


def is_sound(bones: Sequence[Bone], pos: np.ndarray, face: np.ndarray, label: np.ndarray) -> bool:
    """Tell whether the mesh is one smooth sphere and each part of each limb one patch of it."""
    mesh = trimesh.Trimesh(pos, face, process=False)
    patches = trimesh.graph.connected_components(
        mesh.face_adjacency[np.equal(*label[mesh.face_adjacency].T)], nodes=np.arange(len(face))
    )
    return bool(
        mesh.is_watertight
        and mesh.is_winding_consistent
        and mesh.euler_number == 2
        and len(patches) == len({(bone.part, bone.limb) for bone in bones})
        and mesh.face_adjacency_angles.max() < np.pi / 2.0
    )


def off(pos: np.ndarray, face: np.ndarray) -> bytes:
    lines = [f"OFF\n{len(pos)} {len(face)} 0\n"]
    lines += [f"{x:.6g} {y:.6g} {z:.6g}\n" for x, y, z in pos]
    return "".join(lines + [f"3 {a} {b} {c}\n" for a, b, c in face]).encode()


def obj(pos: np.ndarray, face: np.ndarray) -> bytes:
    lines = [f"v {x:.6g} {y:.6g} {z:.6g}\n" for x, y, z in pos]
    return "".join(lines + [f"f {a} {b} {c}\n" for a, b, c in face + 1]).encode()


def ply(pos: np.ndarray, face: np.ndarray) -> bytes:
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(pos)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        f"element face {len(face)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = np.zeros(len(face), dtype=[("count", "u1"), ("corner", "<i4", 3)])
    rows["count"], rows["corner"] = 3, face
    return header.encode() + pos.astype("<f4").tobytes() + rows.tobytes()


def stl(pos: np.ndarray, face: np.ndarray) -> bytes:
    rows = np.zeros(len(face), dtype=[("normal", "<f4", 3), ("corner", "<f4", (3, 3)), ("attribute", "<u2")])
    normal = np.cross(pos[face[:, 1]] - pos[face[:, 0]], pos[face[:, 2]] - pos[face[:, 0]])
    rows["normal"] = (normal / np.linalg.norm(normal, axis=1, keepdims=True)).round(5)
    rows["corner"] = pos[face]
    return bytes(80) + np.uint32(len(face)).astype("<u4").tobytes() + rows.tobytes()


def glb(pos: np.ndarray, face: np.ndarray) -> bytes:
    file = io.BytesIO()
    trimesh.Trimesh(pos, face, process=False).export(file, file_type="glb")
    return file.getvalue()


def label_file(label: np.ndarray) -> bytes:
    """Return labels (F,) in the format of the Labelled PSB: a name, then the 1-based ids of its faces."""
    blocks = [(name, np.flatnonzero(label == index) + 1) for index, name in enumerate(LABELS)]
    return "".join(f"{name}\n{' '.join(map(str, ids))}\n" for name, ids in blocks if len(ids)).encode()


def references() -> dict[str, bytes]:
    """Return the files of known/ and broken/."""
    known = {
        "tetrahedron.off": off,
        "icosphere.stl": stl,
        "torus.glb": glb,
        "cylinder.obj": obj,
        "moebius.ply": ply,
        "klein.off": off,
        "two_spheres.ply": ply,
    }
    broken = {f"{name}.off": off for name in ("nonmanifold_edge", "bowtie_vertex", "degenerate_face", "zero_area_face")}
    broken |= {f"{name}.off": off for name in ("duplicate_face", "isolated_vertex", "no_faces", "index_out_of_range")}
    broken |= {"flipped_faces.ply": ply, "nan_vertex.ply": ply}
    files = {}
    for folder, writers in (("known", known), ("broken", broken)):
        for name, write in writers.items():
            pos, face = getattr(reference, Path(name).stem)()
            # Rounded, so that the last bit of a sine does not decide about the bytes; + 0.0 turns -0.0 into 0.0.
            files[f"{folder}/{name}"] = write(pos.round(6) + 0.0, face)
    whole = reference.octahedron()
    files["broken/empty_file.off"] = b""
    files["broken/truncated.off"] = off(*whole)[:-100]
    files["broken/truncated.ply"] = ply(*whole)[:-100]
    return files


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    os.replace(partial, path)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = Path(__file__).resolve().parent.parent / "meshes"
    parser.add_argument("--output", type=Path, default=folder, help="folder to write to (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of proportions and poses (default: %(default)s)")
    arguments = parser.parse_args(argv)
    if arguments.seed < 0:
        parser.error(f"argument --seed: expected 0 or more, got {arguments.seed}")
    for name, content in references().items():
        write(arguments.output / name, content)
    shapes = [(name, number) for name in CLASSES for number in range(1, SHAPES + 1)]
    for name, number in tqdm(shapes, desc="creatures", unit="shape"):
        for path, content in creature(name, number, arguments.seed).items():
            write(arguments.output / path, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
