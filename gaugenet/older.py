"""Import paths of the release before, for one release: they work, with a DeprecationWarning that names the new path.

``MODULES`` lists modules that moved, ``NAMES`` classes and functions that left their module or were renamed. To drop
the old paths, delete this file and its call in ``gaugenet/__init__.py``; nothing else knows of them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# fmt: off
MODULES: dict[str, str] = {
    "gaugenet.benchmark.per_edge": "gaugenet.benchmark.convolution",
    "gaugenet.benchmark.spheres": "gaugenet.benchmark.surfaces",
    "gaugenet.benchmark.tori": "gaugenet.benchmark.surfaces",
    "gaugenet.bundle.connection": "gaugenet.surface.connection",
    "gaugenet.bundle.connection_spectrum": "gaugenet.bundle.connection_laplacian",
    "gaugenet.bundle.edges": "gaugenet.surface.edges",
    "gaugenet.bundle.frame": "gaugenet.surface.connection",
    "gaugenet.bundle.frame_bundle": "gaugenet.bundle.bundle",
    "gaugenet.bundle.geodesic": "gaugenet.surface.discs",
    "gaugenet.bundle.geodesic_means": "gaugenet.surface.geodesic_means",
    "gaugenet.bundle.heap": "gaugenet.surface.front",
    "gaugenet.bundle.intrinsic_fields": "gaugenet.bundle.direction_field",
    "gaugenet.bundle.marching": "gaugenet.surface.front",
    "gaugenet.bundle.pooling": "gaugenet.surface.edges",
    "gaugenet.bundle.sheets": "gaugenet.surface.sheets",
    "gaugenet.bundle.singularities": "gaugenet.bundle.direction_field",
    "gaugenet.bundle.smooth_basis": "gaugenet.surface.spectrum",
    "gaugenet.bundle.spectrum": "gaugenet.surface.spectrum",
    "gaugenet.bundle.unfolding": "gaugenet.surface.unfolding",
    "gaugenet.bundle.vector_heat": "gaugenet.surface.discs",
    "gaugenet.cli.allocator": "gaugenet.cli.program",
    "gaugenet.cli.detection_scores": "gaugenet.cli.outcome",
    "gaugenet.cli.job": "gaugenet.train.recipes.job",
    "gaugenet.cli.labelled": "gaugenet.cli.data",
    "gaugenet.cli.outlined": "gaugenet.cli.pictures",
    "gaugenet.cli.progress": "gaugenet.cli.message",
    "gaugenet.cli.run_folder": "gaugenet.train.recipes.job",
    "gaugenet.cli.shape_scores": "gaugenet.cli.evaluate",
    "gaugenet.data.bundle_arrays": "gaugenet.transforms.bundle_transform",
    "gaugenet.data.bundle_file": "gaugenet.io.bundle_file",
    "gaugenet.data.cache": "gaugenet.transforms.cache",
    "gaugenet.data.connection_spectrum": "gaugenet.transforms.connection_spectrum",
    "gaugenet.data.continents": "gaugenet.datasets.earth",
    "gaugenet.data.earth": "gaugenet.datasets.earth",
    "gaugenet.data.equirectangular": "gaugenet.transforms.equirectangular",
    "gaugenet.data.file": "gaugenet.io.file",
    "gaugenet.data.folder": "gaugenet.datasets.folder",
    "gaugenet.data.frame_bundle": "gaugenet.transforms.frame_bundle",
    "gaugenet.data.gauge": "gaugenet.transforms.gauge",
    "gaugenet.data.homogeneous_bundle": "gaugenet.transforms.homogeneous_bundle",
    "gaugenet.data.idx": "gaugenet.datasets.spherical_mnist",
    "gaugenet.data.input_fields": "gaugenet.transforms.input_fields",
    "gaugenet.data.labels": "gaugenet.io.labels",
    "gaugenet.data.mesh_data": "gaugenet.io.mesh_data",
    "gaugenet.data.mesh_dataset": "gaugenet.datasets.mesh_dataset",
    "gaugenet.data.obj": "gaugenet.io.obj",
    "gaugenet.data.off": "gaugenet.io.off",
    "gaugenet.data.parallel": "gaugenet.transforms.parallel",
    "gaugenet.data.part_boundaries": "gaugenet.models.segmentation",
    "gaugenet.data.perturbation": "gaugenet.transforms.perturbation",
    "gaugenet.data.ply": "gaugenet.io.ply",
    "gaugenet.data.polygon_file": "gaugenet.io.polygon_file",
    "gaugenet.data.polygon_mesh": "gaugenet.io.polygon_mesh",
    "gaugenet.data.psb": "gaugenet.datasets.psb",
    "gaugenet.data.reach": "gaugenet.transforms.reach",
    "gaugenet.data.read": "gaugenet.io.mesh_file",
    "gaugenet.data.reduction": "gaugenet.transforms.gauge",
    "gaugenet.data.shape_classes": "gaugenet.datasets.folder",
    "gaugenet.data.spherical_image": "gaugenet.io.spherical_image",
    "gaugenet.data.spherical_mnist": "gaugenet.datasets.spherical_mnist",
    "gaugenet.data.spherical_scenes": "gaugenet.datasets.spherical_scenes",
    "gaugenet.data.write": "gaugenet.io.mesh_file",
    "gaugenet.detection.outline": "gaugenet.detection.coordinates",
    "gaugenet.detection.scene": "gaugenet.detection.average_precision",
    "gaugenet.detection.suppression": "gaugenet.detection.overlap",
    "gaugenet.detection.targets": "gaugenet.detection.box_code",
    "gaugenet.group.irrep": "gaugenet.group.group",
    "gaugenet.homogeneous.areas": "gaugenet.homogeneous.triangulation",
    "gaugenet.homogeneous.hyperbolic": "gaugenet.homogeneous.planes",
    "gaugenet.homogeneous.lattices": "gaugenet.homogeneous.tilings",
    "gaugenet.homogeneous.plane": "gaugenet.homogeneous.planes",
    "gaugenet.homogeneous.subdivision": "gaugenet.homogeneous.triangulation",
    "gaugenet.homogeneous.tiling": "gaugenet.homogeneous.tilings",
    "gaugenet.mesh.crease": "gaugenet.mesh.graph_cut",
    "gaugenet.mesh.gradient": "gaugenet.mesh.laplacian",
    "gaugenet.mesh.openness": "gaugenet.mesh.ray_fan",
    "gaugenet.mesh.shape_diameter": "gaugenet.mesh.ray_fan",
    "gaugenet.mesh.smoothing": "gaugenet.mesh.laplacian",
    "gaugenet.models.classification_net": "gaugenet.models.classification",
    "gaugenet.models.correspondence_net": "gaugenet.models.correspondence",
    "gaugenet.models.detection_net": "gaugenet.models.detection",
    "gaugenet.models.detector": "gaugenet.models.detection",
    "gaugenet.models.evaluating": "gaugenet.models.network",
    "gaugenet.models.functional_map": "gaugenet.models.correspondence",
    "gaugenet.models.memory": "gaugenet.models.patches",
    "gaugenet.models.on_image": "gaugenet.models.spherical",
    "gaugenet.models.plain_classification_net": "gaugenet.models.spherical",
    "gaugenet.models.plain_detection_net": "gaugenet.models.spherical",
    "gaugenet.models.plain_segmentation_net": "gaugenet.models.spherical",
    "gaugenet.models.segmentation_net": "gaugenet.models.segmentation",
    "gaugenet.models.sphere_sample": "gaugenet.models.spherical",
    "gaugenet.models.spherical_check": "gaugenet.models.check",
    "gaugenet.models.spherical_classification_net": "gaugenet.models.spherical",
    "gaugenet.models.spherical_detection_net": "gaugenet.models.spherical",
    "gaugenet.models.spherical_segmentation_net": "gaugenet.models.spherical",
    "gaugenet.models.tangent_field_net": "gaugenet.models.tangent_field",
    "gaugenet.nn.attend": "gaugenet.nn.convolution.attend",
    "gaugenet.nn.convolve": "gaugenet.nn.convolution.convolve",
    "gaugenet.nn.differential_conv": "gaugenet.nn.gauge_conv",
    "gaugenet.nn.diffusion_time": "gaugenet.nn.diffusion",
    "gaugenet.nn.fused_sweep": "gaugenet.nn.convolution.fused_sweep",
    "gaugenet.nn.gated_block": "gaugenet.nn.pointwise_network",
    "gaugenet.nn.geometry": "gaugenet.nn.entry",
    "gaugenet.nn.group_function": "gaugenet.nn.group_pool",
    "gaugenet.nn.heat_solve": "gaugenet.nn.connection_laplacian",
    "gaugenet.nn.implicit_diffusion": "gaugenet.nn.diffusion",
    "gaugenet.nn.inner_product": "gaugenet.nn.tensor_product",
    "gaugenet.nn.jet": "gaugenet.nn.convolution.jet",
    "gaugenet.nn.kernel_weights": "gaugenet.nn.convolution.learned_kernel",
    "gaugenet.nn.laplacian": "gaugenet.nn.derivative",
    "gaugenet.nn.matrices": "gaugenet.nn.convolution.kernel_space",
    "gaugenet.nn.padding": "gaugenet.nn.convolution.padding",
    "gaugenet.nn.plan": "gaugenet.nn.convolution.plan",
    "gaugenet.nn.polynomial_conv": "gaugenet.nn.polynomial_block",
    "gaugenet.nn.quantiles": "gaugenet.nn.global_pool",
    "gaugenet.nn.regular_block": "gaugenet.nn.pointwise_network",
    "gaugenet.nn.regular_nonlinearity": "gaugenet.nn.nonlinearity",
    "gaugenet.nn.standardize": "gaugenet.nn.layer_norm",
    "gaugenet.nn.stencil": "gaugenet.nn.convolution.stencil",
    "gaugenet.nn.threads": "gaugenet.nn.convolution.fused_sweep",
    "gaugenet.nn.tile": "gaugenet.nn.convolution.tile",
    "gaugenet.representation.characters": "gaugenet.representation.grammar",
    "gaugenet.so3.wigner_table": "gaugenet.so3.wigner",
    "gaugenet.sphere.harmonic_norm": "gaugenet.sphere.power",
    "gaugenet.sphere.packing": "gaugenet.sphere.harmonic_transform",
    "gaugenet.sphere.power_spectrum": "gaugenet.sphere.power",
    "gaugenet.train.augment": "gaugenet.train.prepared",
    "gaugenet.train.examples": "gaugenet.train.fit",
    "gaugenet.train.objective": "gaugenet.train.metrics",
    "gaugenet.viz.confusion": "gaugenet.viz.plots",
    "gaugenet.viz.corner_normals": "gaugenet.viz.renderer",
    "gaugenet.viz.curves": "gaugenet.viz.plots",
    "gaugenet.viz.drawable": "gaugenet.viz.viewpoint",
    "gaugenet.viz.growth": "gaugenet.viz.plots",
    "gaugenet.viz.tube": "gaugenet.viz.boxes",
}
NAMES: dict[str, str] = {
    "gaugenet.bundle.connection_laplacian:cotangent_stiffness": "gaugenet.surface.stiffness:cotangent_stiffness",
    "gaugenet.bundle.connection_laplacian:kernel_stiffness": "gaugenet.surface.stiffness:kernel_stiffness",
    "gaugenet.bundle.connection_laplacian:length_stiffness": "gaugenet.surface.stiffness:length_stiffness",
    "gaugenet.bundle.levels:Level": "gaugenet.bundle.bundle:Stage",
    "gaugenet.bundle.neighbourhood:discs_of_count": "gaugenet.bundle.bundle:discs_of_count",
    "gaugenet.bundle.neighbourhood:symmetric": "gaugenet.surface.edges:symmetric",
    "gaugenet.bundle.sampling:Samples": "gaugenet.surface.sampling:Samples",
    "gaugenet.bundle.sampling:farthest_point_samples": "gaugenet.surface.sampling:farthest_on_mesh",
    "gaugenet.cli.arguments:check_output": "gaugenet.io.file:check_folder",
    "gaugenet.cli.arguments:output_folder": "gaugenet.io.file:make_folder",
    "gaugenet.cli.earth:EPOCHS": "gaugenet.cli.train:EPOCHS",
    "gaugenet.cli.earth:MAP": "gaugenet.cli.pictures:MAP",
    "gaugenet.cli.earth:earth_job": "gaugenet.train.recipes.earth:segmentation",
    "gaugenet.cli.shapes:shapes_job": "gaugenet.train.recipes.shapes:segmentation",
    "gaugenet.cli.spherical:FAMILIES": "gaugenet.cli.train:FAMILIES",
    "gaugenet.cli.spherical:NETS": "gaugenet.cli.train:NETS",
    "gaugenet.cli.spherical:images_job": "gaugenet.train.recipes.images:digits",
    "gaugenet.data.folder:spread": "gaugenet.datasets.mesh_dataset:spread",
    "gaugenet.data.labels:LABEL_SUFFIXES": "gaugenet.io.label_file:LABEL_SUFFIXES",
    "gaugenet.data.labels:block_names": "gaugenet.io.label_file:block_names",
    "gaugenet.data.labels:parse_blocks": "gaugenet.io.label_file:parse_blocks",
    "gaugenet.data.labels:read_labels": "gaugenet.io.label_file:read_labels",
    "gaugenet.data.labels:write_labels": "gaugenet.io.label_file:write_labels",
    "gaugenet.data.polygon_file:without_seams": "gaugenet.io.polygon_mesh:without_seams",
    "gaugenet.data.read:mesh_data": "gaugenet.io.mesh_file:to_data",
    "gaugenet.data.shape_classes:PSBShapes": "gaugenet.datasets.psb:PSBShapes",
    "gaugenet.detection.coordinates:surface_of": "gaugenet.detection.coordinates:charts_of",
    "gaugenet.detection.mesh_surface:MeshSurface": "gaugenet.detection.mesh_charts:MeshCharts",
    "gaugenet.detection.space_surface:SpaceSurface": "gaugenet.detection.space_charts:SpaceCharts",
    "gaugenet.detection.surface:Coordinates": "gaugenet.detection.charts:Coordinates",
    "gaugenet.detection.surface:Difference": "gaugenet.detection.charts:Difference",
    "gaugenet.detection.surface:Surface": "gaugenet.detection.charts:Charts",
    "gaugenet.detection.surface:in_box": "gaugenet.detection.charts:in_box",
    "gaugenet.detection.surface:of_one_size": "gaugenet.detection.charts:of_one_size",
    "gaugenet.detection:Surface": "gaugenet.detection:Charts",
    "gaugenet.detection:surface_of": "gaugenet.detection:charts_of",
    "gaugenet.mesh.connectivity:orientation": "gaugenet.mesh.orientation_cover:orientation",
    "gaugenet.models.classifier:Classifier": "gaugenet.models.classification:ClassificationNet",
    "gaugenet.models.detector:Detector": "gaugenet.models.detection:DetectionNet",
    "gaugenet.models.grid_net:GridNet": "gaugenet.models.trunk:GridTrunk",
    "gaugenet.models.grid_segmenter:GridSegmenter": "gaugenet.models.segmentation:SegmentationNet",
    "gaugenet.models.plain_net:PlainNet": "gaugenet.models.plain_trunk:PlainTrunk",
    "gaugenet.models.segmentation_net:Logits": "gaugenet.models.network:Logits",
    "gaugenet.models.sphere_sample:SphereSample": "gaugenet.models.trunk:SphereSample",
    "gaugenet.models.spherical_net:SphericalNet": "gaugenet.models.harmonic_trunk:HarmonicTrunk",
    "gaugenet.models.store:FORMAT": "gaugenet.models.files:FORMAT",
    "gaugenet.models.surface_net:SurfaceNet": "gaugenet.models.gauge_trunk:GaugeTrunk",
    "gaugenet.models.vertex_net:VertexNet": "gaugenet.models.gauge_trunk:GaugeTrunk",
    "gaugenet.models:Detector": "gaugenet.models.detection:DetectionNet",
    "gaugenet.models:GridSegmenter": "gaugenet.models.segmentation:SegmentationNet",
    "gaugenet.models:SphericalNet": "gaugenet.models.harmonic_trunk:HarmonicTrunk",
    "gaugenet.models:SurfaceNet": "gaugenet.models.gauge_trunk:GaugeTrunk",
    "gaugenet.models:VertexNet": "gaugenet.models.gauge_trunk:GaugeTrunk",
    "gaugenet.nn.convolve:Factors": "gaugenet.nn.convolution.plan:Factors",
    "gaugenet.nn.heat_solve:Geometry": "gaugenet.nn.connection_laplacian:HeatSystem",
    "gaugenet.nn.pool:LevelMap": "gaugenet.nn.level_map:LevelMap",
    "gaugenet.nn:Geometry": "gaugenet.nn.entry:Geometry",
    "gaugenet.so3.arguments:check_degree": "gaugenet.so3.wigner:check_degree",
    "gaugenet.so3.arguments:check_real": "gaugenet.so3.rotation:check_real",
}
# fmt: on

_WITH_NAMES = {row.partition(":")[0] for row in NAMES}
# Packages that are gone, such as `gaugenet.data`.
_PARENTS = {row.rpartition(".")[0] for row in (*MODULES, *_WITH_NAMES)}


def install() -> None:
    """Serve the old paths from now on; further calls change nothing."""
    if not any(isinstance(finder, (_MovedModules, _MovedNames)) for finder in sys.meta_path):
        sys.meta_path.append(_MovedModules())
        sys.meta_path.insert(0, _MovedNames())
        _serve_names(sys.modules["gaugenet"])


# Neither derives from the classes of importlib.abc, whose import takes longer than that of this package.


class _MovedModules:
    """Finds modules that are gone; it comes last, so imports that succeed never ask it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in MODULES or fullname in _WITH_NAMES or fullname in _PARENTS:
            return ModuleSpec(fullname, self, is_package=fullname in _PARENTS)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ in MODULES:
            _warn(module.__name__, MODULES[module.__name__])
        _serve_names(module)


class _MovedNames:
    """Adds the old names to modules that are still there; of other imports it looks at the name alone."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _WITH_NAMES else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _serve_names(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _serve_names(module: ModuleType) -> None:
    """Let a module find what moved where it has no attribute of its own."""
    path, own = module.__name__, module.__dict__.get("__getattr__")

    def find(name: str) -> object:
        if own is not None and name in module.__dict__.get("__all__", ()):  # even where a module once had its name
            return own(name)
        if f"{path}:{name}" in NAMES:
            new, _, new_name = NAMES[f"{path}:{name}"].partition(":")
            _warn(f"{path}.{name}", f"{new}.{new_name}")
            return getattr(import_module(new), new_name)
        if f"{path}.{name}" in MODULES or f"{path}.{name}" in _PARENTS:
            return import_module(f"{path}.{name}")
        if own is not None:
            return own(name)
        if path in MODULES and not name.startswith("__"):
            return getattr(import_module(MODULES[path]), name)
        raise AttributeError(f"module {path!r} has no attribute {name!r}")

    module.__dict__["__getattr__"] = find


def _warn(old: str, new: str) -> None:
    # The caller of the caller; frames of the import system do not count.
    warnings.warn(f"{old} is now {new}; the old path goes with the next release", DeprecationWarning, stacklevel=3)
