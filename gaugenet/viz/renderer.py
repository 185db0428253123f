"""Shaded pictures of coloured meshes, traced by Mitsuba: no screen and no graphics driver needed."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gaugenet.viz.colour import linear_rgb, srgb
from gaugenet.viz.corner_normals import corner_normals
from gaugenet.viz.drawable import drawable
from gaugenet.viz.viewpoint import camera_axes

MARGIN = 2  # white on each side of the shape [pixel]
SAMPLES = 16  # rays a pixel; a square number, which stratifies them best
AMBIENT = 0.5  # light from all around, which crevices get less of
KEY = 0.6  # light from above the viewer's left shoulder; a lit face then shows in about its own colour
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
    """
    Return a picture (H, W, 3), uint8 sRGB, of a coloured mesh on white: parallel projection, as large as fits.

    pos (V, 3), face (F, 3) vertex ids, face_rgb (F, 3) uint8 sRGB. `direction` (3,) points from the shape to the
    viewer, `up` (3,) is upright in the picture, `size` is (H, W) in pixels. Both sides of a face show. Light is white
    and not passed on between faces, so that a pixel's linear RGB is its face's times a brightness. The same input gives
    the same picture. Faces without an area are left out.

    Raises `ValueError` if shapes, ids or numbers are not as above, or if no face has an area.
    """
    face_rgb = np.asarray(face_rgb)
    if face_rgb.shape != np.shape(face) or face_rgb.dtype != np.uint8:
        expected = f"expected face_rgb {np.shape(face)} uint8, one colour a face"
        raise ValueError(f"{expected}, got {face_rgb.dtype} {face_rgb.shape}")
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"expected a size (H, W) of at least 1 x 1 pixel, got {size}")
    shape = drawable(pos, face)
    points = shape.pos @ camera_axes(direction, up).T
    low, high = points[shape.face].min(axis=(0, 1)), points[shape.face].max(axis=(0, 1))
    extent = high - low
    H, W = size
    pixel = max(extent[0] / max(W - 2 * MARGIN, W / 2), extent[1] / max(H - 2 * MARGIN, H / 2))
    unit = pixel * W / 2  # of Mitsuba's camera; the shape is centred, and its nearest point is at depth 0
    points = (points - [*(low[:2] + high[:2]) / 2, high[2]]) / unit
    image = _traced(points, shape.face, linear_rgb(face_rgb[shape.kept]), depth=float(extent[2] / unit), size=size)
    return srgb(image[..., :3] + (1 - image[..., 3:]))


def _traced(
    points: np.ndarray, face: np.ndarray, reflectance: np.ndarray, depth: float, size: tuple[int, int]
) -> np.ndarray:
    """Return linear RGB, black in the background, and coverage (H, W, 4), as seen from +z where |x| <= 1 is in view."""
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
                # Each block has its own random numbers: with a fixed size, any number of cores makes the same picture.
                "integrator": {"type": "direct", "hide_emitters": True, "block_size": 32},
                "sensor": {
                    "type": "orthographic",
                    "to_world": transform().look_at(origin=[0, 0, 1], target=[0, 0, 0], up=[0, 1, 0]),
                    "far_clip": depth + 2,
                    "film": film,
                    "sampler": {"type": "multijitter", "sample_count": SAMPLES},
                },
                # Rays into random directions find the ambient light; those aimed at a light all go to the key light.
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


def _shape(mitsuba: Any, points: np.ndarray, face: np.ndarray, reflectance: np.ndarray) -> Any:
    """Return a Mitsuba mesh whose corners have normals of their own and whose faces have colours."""
    diffuse = {"type": "diffuse", "reflectance": {"type": "mesh_attribute", "name": "face_color"}}
    properties = mitsuba.Properties()
    properties["bsdf"] = mitsuba.load_dict({"type": "twosided", "diffuse": diffuse})
    mesh = mitsuba.Mesh("shape", 3 * len(face), len(face), props=properties, has_vertex_normals=True)
    mesh.add_attribute("face_color", 3, reflectance.ravel().tolist())
    parameters = mitsuba.traverse(mesh)
    parameters["faces"] = np.arange(3 * len(face), dtype=np.uint32)
    parameters["vertex_positions"] = points[face].astype(np.float32).ravel()
    parameters.update()  # versions before 3.8 make their own normals of the positions here
    parameters["vertex_normals"] = corner_normals(points, face).astype(np.float32).ravel()
    parameters.update()
    return mesh


@contextmanager
def _scalar_mitsuba() -> Iterator[Any]:
    """Use the variant of Mitsuba that compiles nothing, and give a caller's own choice back."""
    # Imported where it is used: that takes a second, looks for LLVM and CUDA, and complains where there are none.
    with redirect_stderr(io.StringIO()):
        import mitsuba
    chosen = mitsuba.variant()
    mitsuba.set_variant("scalar_rgb")
    try:
        yield mitsuba
    finally:
        if chosen is not None:
            mitsuba.set_variant(chosen)
