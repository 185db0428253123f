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
    "gaugenet.data.bundle_arrays": "gaugenet.transforms.bundle_arrays",
    "gaugenet.data.bundle_file": "gaugenet.io.bundle_file",
    "gaugenet.data.cache": "gaugenet.transforms.cache",
    "gaugenet.data.connection_spectrum": "gaugenet.transforms.connection_spectrum",
    "gaugenet.data.continents": "gaugenet.datasets.continents",
    "gaugenet.data.earth": "gaugenet.datasets.earth",
    "gaugenet.data.equirectangular": "gaugenet.transforms.equirectangular",
    "gaugenet.data.file": "gaugenet.io.file",
    "gaugenet.data.folder": "gaugenet.datasets.folder",
    "gaugenet.data.frame_bundle": "gaugenet.transforms.frame_bundle",
    "gaugenet.data.gauge": "gaugenet.transforms.gauge",
    "gaugenet.data.homogeneous_bundle": "gaugenet.transforms.homogeneous_bundle",
    "gaugenet.data.homogeneous_edges": "gaugenet.transforms.homogeneous_edges",
    "gaugenet.data.homogeneous_levels": "gaugenet.transforms.homogeneous_levels",
    "gaugenet.data.idx": "gaugenet.io.idx",
    "gaugenet.data.input_fields": "gaugenet.transforms.input_fields",
    "gaugenet.data.labels": "gaugenet.io.labels",
    "gaugenet.data.mesh_data": "gaugenet.io.mesh_data",
    "gaugenet.data.mesh_dataset": "gaugenet.datasets.mesh_dataset",
    "gaugenet.data.obj": "gaugenet.io.obj",
    "gaugenet.data.off": "gaugenet.io.off",
    "gaugenet.data.parallel": "gaugenet.transforms.parallel",
    "gaugenet.data.part_boundaries": "gaugenet.models.part_boundaries",
    "gaugenet.data.perturbation": "gaugenet.transforms.perturbation",
    "gaugenet.data.ply": "gaugenet.io.ply",
    "gaugenet.data.polygon_file": "gaugenet.io.polygon_file",
    "gaugenet.data.polygon_mesh": "gaugenet.io.polygon_mesh",
    "gaugenet.data.psb": "gaugenet.datasets.psb",
    "gaugenet.data.reach": "gaugenet.transforms.reach",
    "gaugenet.data.read": "gaugenet.io.read",
    "gaugenet.data.reduction": "gaugenet.transforms.reduction",
    "gaugenet.data.shape_classes": "gaugenet.datasets.shape_classes",
    "gaugenet.data.spherical_image": "gaugenet.io.spherical_image",
    "gaugenet.data.spherical_mnist": "gaugenet.datasets.spherical_mnist",
    "gaugenet.data.spherical_scenes": "gaugenet.datasets.spherical_scenes",
    "gaugenet.data.write": "gaugenet.io.write",
    "gaugenet.nn.attend": "gaugenet.nn.convolution.attend",
    "gaugenet.nn.convolve": "gaugenet.nn.convolution.convolve",
    "gaugenet.nn.fused_sweep": "gaugenet.nn.convolution.fused_sweep",
    "gaugenet.nn.jet": "gaugenet.nn.convolution.jet",
    "gaugenet.nn.kernel_weights": "gaugenet.nn.convolution.kernel_weights",
    "gaugenet.nn.matrices": "gaugenet.nn.convolution.matrices",
    "gaugenet.nn.padding": "gaugenet.nn.convolution.padding",
    "gaugenet.nn.plan": "gaugenet.nn.convolution.plan",
    "gaugenet.nn.stencil": "gaugenet.nn.convolution.stencil",
    "gaugenet.nn.threads": "gaugenet.nn.convolution.threads",
    "gaugenet.nn.tile": "gaugenet.nn.convolution.tile",
}
NAMES: dict[str, str] = {
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
