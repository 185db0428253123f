"""The estimate of how many vertices fit into memory."""

import layer_table
import pytest

from gaugenet.models import SegmentationNet
from gaugenet.models.patches import patch_limit

GB = 10**9


def network(levels, rep="8x0 + 4x1"):
    return SegmentationNet(("a", "b"), levels=levels, rep=rep)


@pytest.mark.parametrize("levels", [(40, 14), ()])
def test_more_memory_for_more_vertices_and_narrower_networks(levels):
    data = layer_table.bundle("sphere")
    few, many = (patch_limit(network(levels), data, allowed) for allowed in (30 * GB, 60 * GB))
    assert 10**5 < few < many < 10**9
    assert patch_limit(network(levels, "64x0 + 64x1"), data, 30 * GB) < few


def test_without_levels_operators_count():
    data = layer_table.bundle("sphere")
    assert patch_limit(network(()), data, 30 * GB) < patch_limit(network((40, 14)), data, 30 * GB)
