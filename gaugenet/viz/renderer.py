"""Shaded pictures of coloured meshes, ray-traced by Mitsuba without a screen or a graphics driver."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gaugenet.viz.colour import linear_rgb, srgb
from gaugenet.viz.viewpoint import camera_axes, drawable

MARGIN = 2  # white on each side of the shape [pixel]
SAMPLES = 16  # rays for each pixel; square numbers stratify best
AMBIENT = 0.5  # light from all around, weaker in crevices
KEY = 0.6  # light from above the viewer's left shoulder; a lit face then has about its own colour
KEY_DIRECTION = np.array([-0.5, 0.8, 1.0])  # in the camera's axes: right, up, towards the viewer
KEY_SPREAD = 0.25  # tangent of the key light's angular radius, which softens its shadows


def render(
    pos: np.ndarray,
    face: np.ndarray,
    face_rgb: np.ndarray,
    *,
    direction: ArrayLike,
    up: ArrayLike,
    size: tuple[int, int],
) -> np.ndarray:
    """Draw a coloured mesh on white, in parallel projection, as large as fits.

    Both sides of a face are visible; faces without an area are left out. Light is white and not reflected between
    faces: the linear RGB of a pixel is that of its face times a brightness. The same input gives the same picture.

    Args:
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``.
        face_rgb: Colours of the faces ``(F, 3)``, uint8 sRGB.
        direction: Direction ``(3,)`` from the shape to the viewer.
        up: Upright direction ``(3,)`` in the picture.
        size: Height and width (H, W) [pixel].

    Returns:
        Picture ``(H, W, 3)``, uint8 sRGB.

    Raises:
        ValueError: If an argument has the wrong shape or type, indices are invalid, or no face has an area.
    """
    face_rgb = np.asarray(face_rgb)
    if face_rgb.shape != np.shape(face) or face_rgb.dtype != np.uint8:
        expected = f"expected face_rgb {np.shape(face)} uint8, one colour for each face"
        raise ValueError(f"{expected}, got {face_rgb.dtype} {face_rgb.shape}")
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"expected a size (H, W) of at least 1 x 1 pixel, got {size}")
    shape = drawable(pos, face)
    points = shape.pos @ camera_axes(direction, up).T
    low, high = points[shape.face].min(axis=(0, 1)), points[shape.face].max(axis=(0, 1))
    extent = high - low
    H, W = size
    pixel = max(extent[0] / max(W - 2 * MARGIN, W / 2), extent[1] / max(H - 2 * MARGIN, H / 2))
    scale = pixel * W / 2  # half the width that the camera sees; the shape is centred, its nearest point at depth 0
    points = (points - [*(low[:2] + high[:2]) / 2, high[2]]) / scale
    image = _traced(points, shape.face, linear_rgb(face_rgb[shape.kept]), depth=float(extent[2] / scale), size=size)
    return srgb(image[..., :3] + (1 - image[..., 3:]))


def _traced(
    points: np.ndarray, face: np.ndarray, reflectance: np.ndarray, depth: float, size: tuple[int, int]
) -> np.ndarray:
    """Return linear RGB, black in the background, and coverage ``(H, W, 4)``, seen from +z with |x| <= 1 in view."""
    middle = np.array([0.0, 0.0, -depth / 2])
    radius = np.linalg.norm(points[face] - middle, axis=-1).max()
    distance = float(1 + 10 * radius)
    key = middle + distance * KEY_DIRECTION / np.linalg.norm(KEY_DIRECTION)
    with _scalar_mitsuba() as mitsuba:
        transform = mitsuba.ScalarTransform4f
        film = {
            "type": "hdrfilm",
            "height": size[0],
            "width": size[1],
            "pixel_format": "rgba",
            "rfilter": {"type": "tent"},
        }
        scene = mitsuba.load_dict(
            {
                "type": "scene",
                # Each block has its own random numbers; with a fixed block size, pictures do not depend on the cores.
                "integrator": {"type": "direct", "hide_emitters": True, "block_size": 32},
                "sensor": {
                    "type": "orthographic",
                    "to_world": transform().look_at(origin=[0, 0, 1], target=[0, 0, 0], up=[0, 1, 0]),
                    "far_clip": depth + 2,
                    "film": film,
                    "sampler": {"type": "multijitter", "sample_count": SAMPLES},
                },
                # Rays in random directions sample the ambient light; all rays aimed at a light sample the key light.
                "ambient": {"type": "constant", "radiance": {"type": "rgb", "value": AMBIENT}, "sampling_weight": 0.0},
                "key": {
                    "type": "disk",
                    "to_world": transform()
                    .look_at(origin=key.tolist(), target=middle.tolist(), up=[0, 1, 0])
                    .scale(KEY_SPREAD * distance),
                    "light": {"type": "area", "radiance": {"type": "rgb", "value": KEY / KEY_SPREAD**2}},
                },
                "shape": _shape(mitsuba, points, face, reflectance),
            }
        )
        return np.array(mitsuba.render(scene))


def _shape(mitsuba: ModuleType, points: np.ndarray, face: np.ndarray, reflectance: np.ndarray) -> object:
    """Return a Mitsuba mesh with a normal at each corner and a colour for each face."""
    diffuse = {"type": "diffuse", "reflectance": {"type": "mesh_attribute", "name": "face_color"}}
    properties = mitsuba.Properties()
    properties["bsdf"] = mitsuba.load_dict({"type": "twosided", "diffuse": diffuse})
    mesh = mitsuba.Mesh("shape", 3 * len(face), len(face), props=properties, has_vertex_normals=True)
    mesh.add_attribute("face_color", 3, reflectance.ravel().tolist())
    parameters = mitsuba.traverse(mesh)
    parameters["faces"] = np.arange(3 * len(face), dtype=np.uint32)
    parameters["vertex_positions"] = points[face].astype(np.float32).ravel()
    parameters.update()  # versions before 3.8 compute normals from the positions here, replaced below
    parameters["vertex_normals"] = corner_normals(points, face).astype(np.float32).ravel()
    parameters.update()
    return mesh


@contextmanager
def _scalar_mitsuba() -> Iterator[ModuleType]:
    """Use the variant of Mitsuba that compiles nothing, then restore the caller's choice."""
    # The import takes a second, looks for LLVM and CUDA, and prints warnings if there are none.
    with redirect_stderr(io.StringIO()):
        import mitsuba
    chosen = mitsuba.variant()
    mitsuba.set_variant("scalar_rgb")
    try:
        yield mitsuba
    finally:
        if chosen is not None:
            mitsuba.set_variant(chosen)


def corner_normals(pos: np.ndarray, face: np.ndarray, crease: float = np.pi / 4) -> np.ndarray:
    """Return normals at the corners of faces: curved parts look smooth, edges stay sharp.

    An edge is smooth if the normals of its faces are less than ``crease`` apart. The normal of a corner is the
    area-weighted mean over the faces around its vertex that are connected to its own across smooth edges. Edges between
    faces of opposite orientation are never smooth.

    Args:
        pos: Positions ``(V, 3)``.
        face: Vertices of the faces ``(F, 3)``; each face has an area.
        crease: Largest angle at a smooth edge [rad].

    Returns:
        Unit normals ``(F, 3, 3)``.
    """
    F = len(face)
    area_normal = np.cross(pos[face[:, 1]] - pos[face[:, 0]], pos[face[:, 2]] - pos[face[:, 0]])
    normal = area_normal / np.linalg.norm(area_normal, axis=1, keepdims=True)

    # Half-edge h = 3f + k goes from corner k of face f to the next. Sorting puts the half-edges of an edge together.
    corner = np.arange(3 * F).reshape(F, 3)
    start, end = corner.ravel(), np.roll(corner, -1, axis=1).ravel()
    low, high = np.sort(np.stack([face.ravel()[start], face.ravel()[end]]), axis=0)
    order = np.lexsort((high, low))
    a, b = order[:-1], order[1:]
    beside = (low[a] == low[b]) & (high[a] == high[b])
    a, b = a[beside], b[beside]
    smooth = np.einsum("ed,ed->e", normal[a // 3], normal[b // 3]) > np.cos(crease)
    a, b = a[smooth], b[smooth]

    # Connect the corners at each end of a smooth edge.
    swapped = face.ravel()[start[a]] != face.ravel()[start[b]]
    row = np.concatenate([start[a], end[a]])
    column = np.concatenate([np.where(swapped, end[b], start[b]), np.where(swapped, start[b], end[b])])
    graph = coo_array((np.ones(len(row), bool), (row, column)), shape=(3 * F, 3 * F))
    groups, group = connected_components(graph, directed=False)
    total = np.stack([np.bincount(group, np.repeat(area_normal[:, d], 3), minlength=groups) for d in range(3)], axis=1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    # The normals of a group may cancel (a thin spike): its corners keep the normals of their faces.
    mean = total[group] / np.where(length > 0, length, 1)[group]
    return np.where(length[group] > 0, mean, np.repeat(normal, 3, axis=0)).reshape(F, 3, 3)
