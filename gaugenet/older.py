"""Import paths of the release before, for one release: they work, with a DeprecationWarning that names the new path.

``older.txt`` has a row for each: a module that moved and its new path, or a class or function that left its module or
was renamed, as ``module:name``. To drop the old paths, delete both files and the call in ``gaugenet/__init__.py``.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

with open(os.path.join(os.path.dirname(__file__), "older.txt"), encoding="utf-8") as _file:
    _ROWS = dict(line.split() for line in _file)
MODULES = {old: new for old, new in _ROWS.items() if ":" not in old}
NAMES = {old: new for old, new in _ROWS.items() if ":" in old}

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
        package, _, name = module.__name__.rpartition(".")
        kind = type(sys.modules[package])
        if name in vars(sys.modules[package]).get("__all__", ()) and not issubclass(kind, _KeepsNames):
            sys.modules[package].__class__ = type(kind.__name__, (_KeepsNames, kind), {})


class _KeepsNames:
    """A package with a public name that a module once had: importing the old module does not replace it."""

    def __setattr__(self, name: str, value: object) -> None:
        loader = getattr(getattr(value, "__spec__", None), "loader", None)
        if not isinstance(loader, _MovedModules):
            super().__setattr__(name, value)


class _MovedNames:
    """Adds the old names to modules that are still there; for other imports it looks only at the name."""

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
