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
    from gaugenet.datasets.folder import LabelledFolder
    from gaugenet.datasets.psb import PSB
    from gaugenet.datasets.shape_classes import ClassFolder, PSBShapes
    from gaugenet.group import Group
    from gaugenet.io.bundle_file import load_bundle, save_bundle
    from gaugenet.io.mesh_data import MeshData
    from gaugenet.io.read import read_mesh
    from gaugenet.io.write import write_mesh
    from gaugenet.models.check import check
    from gaugenet.models.classification import ClassificationNet
    from gaugenet.models.correspondence import CorrespondenceNet
    from gaugenet.models.segmentation import SegmentationNet
    from gaugenet.models.store import load, save
    from gaugenet.models.tangent_field import TangentFieldNet
    from gaugenet.nn.gauge_conv import GaugeConv
    from gaugenet.representation import Representation
    from gaugenet.transforms.cache import Cached
    from gaugenet.transforms.connection_spectrum import ConnectionSpectrum
    from gaugenet.transforms.equirectangular import Equirectangular
    from gaugenet.transforms.frame_bundle import FrameBundle
    from gaugenet.transforms.gauge import change_gauge
    from gaugenet.transforms.homogeneous_bundle import HomogeneousBundle
    from gaugenet.transforms.input_fields import InputFields
    from gaugenet.transforms.perturbation import Perturbation

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
    "Cached": "gaugenet.transforms.cache",
    "ClassFolder": "gaugenet.datasets.shape_classes",
    "ClassificationNet": "gaugenet.models.classification",
    "ConnectionSpectrum": "gaugenet.transforms.connection_spectrum",
    "CorrespondenceNet": "gaugenet.models.correspondence",
    "Equirectangular": "gaugenet.transforms.equirectangular",
    "FrameBundle": "gaugenet.transforms.frame_bundle",
    "GaugeConv": "gaugenet.nn.gauge_conv",
    "Group": "gaugenet.group",
    "HomogeneousBundle": "gaugenet.transforms.homogeneous_bundle",
    "InputFields": "gaugenet.transforms.input_fields",
    "LabelledFolder": "gaugenet.datasets.folder",
    "MeshData": "gaugenet.io.mesh_data",
    "PSB": "gaugenet.datasets.psb",
    "PSBShapes": "gaugenet.datasets.shape_classes",
    "Perturbation": "gaugenet.transforms.perturbation",
    "Representation": "gaugenet.representation",
    "SegmentationNet": "gaugenet.models.segmentation",
    "TangentFieldNet": "gaugenet.models.tangent_field",
    "change_gauge": "gaugenet.transforms.gauge",
    "check": "gaugenet.models.check",
    "load": "gaugenet.models.store",
    "load_bundle": "gaugenet.io.bundle_file",
    "read_mesh": "gaugenet.io.read",
    "save": "gaugenet.models.store",
    "save_bundle": "gaugenet.io.bundle_file",
    "write_mesh": "gaugenet.io.write",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gaugenet' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
