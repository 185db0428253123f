"""Boxes as JSON that stands by itself: classes by name, places and directions in space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.coordinates import surface_of
from gaugenet.detection.surface import Surface

_NUMBERS = {"vertex": (), "offset": (3,), "direction": (3,), "extent": (2,), "score": ()}
# A direction of which less than this part is along the surface is none: a normal, rounded.
_ALONG = 1e-2


def to_json(boxes: Boxes, data: Data | Surface, label_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a record of each box that ``json.dump`` takes, and that depends on no frames.

    ``label``, by name, ``score``; ``centre`` [x, y, z], on the surface; ``direction``, a unit vector in space, on
    meshes that at the vertex, whose tangent plane may lean a little against that of the centre; half lengths
    ``extent`` [along, across]. For ``from_json`` also ``vertex`` and ``offset``, a tangent vector in space.
    Where the centre is off the surface, beyond a boundary, ``centre`` is null.

    Raises:
        ValueError: for labels without a name.
    """
    surface = surface_of(data)
    boxes = surface.checked(boxes)
    if len(boxes) and int(boxes.label.max()) >= len(label_names):
        raise ValueError(
            f"boxes have labels up to {int(boxes.label.max())}, got {len(label_names)} names: name every label"
        )
    centre = surface.centre(boxes)
    offset = (boxes.offset[:, :, None] * surface.frame[boxes.vertex, :2]).sum(1)
    columns = {"direction": surface.direction(boxes), "extent": boxes.extent, "vertex": boxes.vertex, "offset": offset}
    return [
        {
            "label": label_names[int(boxes.label[k])],
            "score": float(boxes.score[k]),
            "centre": centre[k].tolist() if bool(centre[k].isfinite().all()) else None,
            **{name: column[k].tolist() for name, column in columns.items()},
        }
        for k in range(len(boxes))
    ]


def from_json(records: Sequence[Mapping[str, Any]], data: Data | Surface, label_names: Sequence[str]) -> Boxes:
    """Return the boxes of records that ``to_json`` made of the same surface, in the frames of this bundle.

    Raises:
        ValueError: for records without what is needed, unknown names, directions that are zero or normal to the
            surface, and vertices that it does not have.
    """
    surface = surface_of(data)
    column = {name: _column(records, name, shape) for name, shape in _NUMBERS.items()}
    unknown = [record.get("label") for record in records if record.get("label") not in label_names]
    if unknown:
        raise ValueError(f"expected labels among {', '.join(label_names)}, got {unknown[0]!r}: name every label")
    if bool((column["vertex"] % 1 != 0).any()):
        raise ValueError('records of boxes need "vertex", an integer each: write them with to_json')
    label = torch.tensor([label_names.index(record["label"]) for record in records], dtype=torch.int64)
    vertex = column["vertex"].long()
    straight = Boxes(
        vertex, torch.zeros(len(vertex), 2), torch.zeros(len(vertex)), column["extent"], label, column["score"]
    )
    frame = surface.frame[surface.checked(straight).vertex]
    offset = (frame[:, :2] * column["offset"][:, None]).sum(-1)
    # The direction that the angle 0 has at the centre, and the one that a quarter turn has: the angle is between them.
    along, across = (
        surface.direction(straight.moved(vertex, offset, torch.full((len(vertex),), turn, dtype=torch.float64)))
        for turn in (0.0, 0.5 * torch.pi)
    )
    way = column["direction"]
    cos, sin = (way * along).sum(1), (way * across).sum(1)
    if bool((torch.hypot(cos, sin) <= _ALONG * way.norm(dim=1)).any()):
        raise ValueError(
            'records of boxes need "direction", a vector along the surface, got one that is zero or normal to it'
        )
    return straight.moved(vertex, offset, torch.atan2(sin, cos))


def _column(records: Sequence[Mapping[str, Any]], name: str, shape: tuple[int, ...]) -> Tensor:
    try:
        return torch.tensor([record[name] for record in records], dtype=torch.float64).reshape(len(records), *shape)
    except (KeyError, TypeError, ValueError, RuntimeError):
        size = f"{shape[0]} numbers" if shape else "a number"
        raise ValueError(f'records of boxes need "{name}", {size} each: write them with to_json') from None
