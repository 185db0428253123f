"""Boxes as self-contained JSON: classes by name, positions and directions in space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gaugenet.detection.boxes import Boxes
from gaugenet.detection.charts import Charts
from gaugenet.detection.coordinates import charts_of

_NUMBERS = {"vertex": (), "offset": (3,), "direction": (3,), "extent": (2,), "score": ()}
# A vector whose tangential part is a smaller share than this is a rounded normal, not a direction.
_ALONG = 1e-2


def to_json(boxes: Boxes, data: Data | Charts, label_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a record of each box that ``json.dump`` accepts, and that does not depend on frames.

    ``label``, by name, ``score``; ``centre`` [x, y, z], on the surface; ``direction``, a unit vector in space (on
    meshes at the vertex, whose tangent plane may differ a little from that of the centre); half lengths ``extent``
    [along, across]. For ``from_json`` also ``vertex`` and ``offset``, a tangent vector in space. Where the centre is
    off the surface, beyond a boundary, ``centre`` is null.

    Args:
        boxes: N boxes.
        data: Their bundle, or its charts.
        label_names: Names of the classes.

    Raises:
        ValueError: For labels without a name.
    """
    charts = charts_of(data)
    boxes = charts.checked(boxes)
    if len(boxes) and int(boxes.label.max()) >= len(label_names):
        raise ValueError(
            f"boxes have labels up to {int(boxes.label.max())}, got {len(label_names)} names: name every label"
        )
    centre = charts.centre(boxes)
    offset = (boxes.offset[:, :, None] * charts.frame[boxes.vertex, :2]).sum(1)
    columns = {"direction": charts.direction(boxes), "extent": boxes.extent, "vertex": boxes.vertex, "offset": offset}
    return [
        {
            "label": label_names[int(boxes.label[k])],
            "score": float(boxes.score[k]),
            "centre": centre[k].tolist() if bool(centre[k].isfinite().all()) else None,
            **{name: column[k].tolist() for name, column in columns.items()},
        }
        for k in range(len(boxes))
    ]


def from_json(records: Sequence[Mapping[str, Any]], data: Data | Charts, label_names: Sequence[str]) -> Boxes:
    """Return the boxes of records that ``to_json`` made of the same surface, in the frames of this bundle.

    Args:
        records: Records of boxes.
        data: The bundle, or its charts.
        label_names: Names of the classes.

    Raises:
        ValueError: For records with missing entries, unknown names, directions that are zero or normal to the surface,
            and vertices that it does not have.
    """
    charts = charts_of(data)
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
    frame = charts.frame[charts.checked(straight).vertex]
    offset = (frame[:, :2] * column["offset"][:, None]).sum(-1)
    # The direction that the angle 0 has at the centre, and the one that a quarter turn has: the angle is between them.
    along, across = (
        charts.direction(straight.moved(vertex, offset, torch.full((len(vertex),), turn, dtype=torch.float64)))
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
