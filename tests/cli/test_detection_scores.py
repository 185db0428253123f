"""What is said of found objects, also where there are none or nothing is found."""

import math

import pytest
import torch
from box_table import bundle

from gaugenet.cli.outcome import detection_outcome
from gaugenet.detection import Boxes, Scene, average_precision


def outcome(detected, true):
    """Return what is said of one scene with some of three boxes of class 0; nothing is of class 1."""
    data = bundle("sphere")
    zero, size = torch.zeros(3, dtype=torch.float64), torch.full((3, 2), 0.3, dtype=torch.float64)
    boxes = Boxes.at_vertices(torch.tensor([0, 3, 6]), zero, size, torch.zeros(3, dtype=torch.int64))
    scene = Scene.of(boxes[detected], boxes[true], data)
    return detection_outcome(
        ["a", "b"], average_precision([scene], 2), {}, "one scene", lambda angle: f"{angle:.2f} rad"
    )


def test_all_is_found():
    found = outcome([0, 1, 2], [0, 1, 2])
    assert found.content["ap50"] == found.content["ap"] == 1 and found.content["centre_error"] < 1e-6
    assert math.isnan(found.content["classes"]["b"]["ap50"])
    assert found.text.splitlines()[1:] == [
        f"{'a':<20} 100.00 %",
        f"{'b':<20} no object",
        "AP50 100.00 %, AP 100.00 % of one scene",
        "found at IoU 0.5: centres off by 0.00 rad, directions by 0.00 degrees in the mean",
    ]


@pytest.mark.parametrize(
    ("detected", "true", "lines"),
    [
        ([], [0, 1], ["AP50 0.00 %, AP 0.00 % of one scene", "found at IoU 0.5: nothing"]),
        ([0], [], ["no object to find in one scene", "found at IoU 0.5: nothing"]),
        ([], [], ["no object to find in one scene", "found at IoU 0.5: nothing"]),
    ],
)
def test_where_there_is_nothing_no_number_is_made_up(detected, true, lines):
    found = outcome(detected, true)
    assert found.text.splitlines()[-2:] == lines and "nan" not in found.text
    assert math.isnan(found.content["centre_error"]) and math.isnan(found.content["angle_error"])
