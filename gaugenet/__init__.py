"""Gauge-equivariant neural networks on triangle meshes.

A mesh becomes labels in four lines (``gaugenet segment`` does the same):

    mesh = gaugenet.read_mesh("hand.off")
    net = gaugenet.load("psb-hand")
    data = net.transform(mesh)
    labels = net.segment(data)

Layers are in ``gaugenet.nn``, pictures in ``gaugenet.viz``, fitting in ``gaugenet.train``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaugenet.data.bundle_file import load_bundle, save_bundle
    from gaugenet.data.cache import Cached
    from gaugenet.data.connection_spectrum import ConnectionSpectrum
    from gaugenet.data.equirectangular import Equirectangular
    from gaugenet.data.folder import LabelledFolder
    from gaugenet.data.frame_bundle import FrameBundle
    from gaugenet.data.gauge import change_gauge
    from gaugenet.data.homogeneous_bundle import HomogeneousBundle
    from gaugenet.data.input_fields import InputFields
    from gaugenet.data.mesh_data import MeshData
    from gaugenet.data.perturbation import Perturbation
    from gaugenet.data.psb import PSB
    from gaugenet.data.read import read_mesh
    from gaugenet.data.shape_classes import ClassFolder, PSBShapes
    from gaugenet.data.write import write_mesh
    from gaugenet.group import Group
    from gaugenet.models.check import check
    from gaugenet.models.classification_net import ClassificationNet
    from gaugenet.models.correspondence_net import CorrespondenceNet
    from gaugenet.models.segmentation_net import SegmentationNet
    from gaugenet.models.store import load, save
    from gaugenet.models.tangent_field_net import TangentFieldNet
    from gaugenet.nn.gauge_conv import GaugeConv
    from gaugenet.representation import Representation

__version__ = "0.1.0"

__all__ = [
    "PSB",
    "Cached",
    "ClassFolder",
    "ClassificationNet",
    "ConnectionSpectrum",
    "CorrespondenceNet",
    "Equirectangular",
    "FrameBundle",
    "GaugeConv",
    "Group",
    "HomogeneousBundle",
    "InputFields",
    "LabelledFolder",
    "MeshData",
    "PSBShapes",
    "Perturbation",
    "Representation",
    "SegmentationNet",
    "TangentFieldNet",
    "__version__",
    "change_gauge",
    "check",
    "load",
    "load_bundle",
    "read_mesh",
    "save",
    "save_bundle",
    "write_mesh",
]

# Names are imported when they are first used: PyTorch takes seconds, and `gaugenet --help` does without.
_HOME = {
    "Cached": "gaugenet.data.cache",
    "ClassFolder": "gaugenet.data.shape_classes",
    "ClassificationNet": "gaugenet.models.classification_net",
    "ConnectionSpectrum": "gaugenet.data.connection_spectrum",
    "CorrespondenceNet": "gaugenet.models.correspondence_net",
    "Equirectangular": "gaugenet.data.equirectangular",
    "FrameBundle": "gaugenet.data.frame_bundle",
    "GaugeConv": "gaugenet.nn.gauge_conv",
    "Group": "gaugenet.group",
    "HomogeneousBundle": "gaugenet.data.homogeneous_bundle",
    "InputFields": "gaugenet.data.input_fields",
    "LabelledFolder": "gaugenet.data.folder",
    "MeshData": "gaugenet.data.mesh_data",
    "PSB": "gaugenet.data.psb",
    "PSBShapes": "gaugenet.data.shape_classes",
    "Perturbation": "gaugenet.data.perturbation",
    "Representation": "gaugenet.representation",
    "SegmentationNet": "gaugenet.models.segmentation_net",
    "TangentFieldNet": "gaugenet.models.tangent_field_net",
    "change_gauge": "gaugenet.data.gauge",
    "check": "gaugenet.models.check",
    "load": "gaugenet.models.store",
    "load_bundle": "gaugenet.data.bundle_file",
    "read_mesh": "gaugenet.data.read",
    "save": "gaugenet.models.store",
    "save_bundle": "gaugenet.data.bundle_file",
    "write_mesh": "gaugenet.data.write",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gaugenet' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
