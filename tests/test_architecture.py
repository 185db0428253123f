"""The shape of the code: which layer may import which, no import cycles, short files, a tidy top level."""

import ast
import collections
import graphlib
import subprocess
from pathlib import Path

import pytest

# Lowest first: a module imports from the layers named in its row, or from its own package.
LAYERS = {
    "older": [],
    "group": [],
    "so3": [],
    "representation": ["group"],
    "kernel": ["group", "representation"],
    "mesh": [],
    "homogeneous": ["group"],
    "surface": ["group", "mesh", "homogeneous"],
    "bundle": ["group", "mesh", "homogeneous", "surface"],
    "nn": ["group", "representation", "kernel"],
    "sphere": ["representation", "kernel", "so3", "nn"],
    "io": ["mesh"],
    "transforms": ["group", "representation", "mesh", "homogeneous", "surface", "bundle", "io"],
    "testing": ["group", "representation", "nn", "transforms"],
    "datasets": ["io", "transforms"],
    "detection": [
        "group",
        "representation",
        "mesh",
        "homogeneous",
        "surface",
        "bundle",
        "io",
        "transforms",
        "datasets",
    ],
    "models": [
        "group",
        "representation",
        "so3",
        "mesh",
        "homogeneous",
        "nn",
        "sphere",
        "io",
        "transforms",
        "detection",
    ],
    "train": ["so3", "homogeneous", "representation", "nn", "io", "transforms", "datasets", "detection", "models"],
    "viz": [],
    "benchmark": ["representation", "kernel", "homogeneous", "nn", "sphere", "io", "transforms", "datasets", "models"],
    "cli": [
        "group",
        "representation",
        "kernel",
        "mesh",
        "surface",
        "nn",
        "io",
        "transforms",
        "datasets",
        "detection",
        "models",
        "train",
        "viz",
        "benchmark",
    ],
    "__main__": ["cli"],
}
# What a layer must do without: meshes know no torch, layers know neither meshes nor files.
BANNED = {
    "mesh": {"torch", "torch_geometric"},
    "nn": {"io", "json", "matplotlib", "numpy", "os", "pathlib", "potpourri3d", "safetensors", "scipy", "trimesh"},
}
TOP_LEVEL = {"pyproject.toml", "gaugenet", "meshes", "scripts", "tests", "docs", "README.md"}
TOP_LEVEL |= {"LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
MAX_LINES = 300
VAGUE_NAMES = {"utils", "util", "helpers", "common", "misc"}

ROOT = Path(__file__).parents[1]


def library() -> dict[str, str]:
    """Source of each module, by dotted name; a package goes by its own name.

    The stub of a package lists what it imports on first use; it stands for the package where there is one.
    """
    sources = {}
    for path in sorted((ROOT / "gaugenet").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.name == "__init__.py" and path.with_suffix(".pyi").exists():
            path = path.with_suffix(".pyi")
        sources[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return sources


class AtRunTime(ast.NodeTransformer):
    """Drops the imports that only a type checker makes."""

    def visit_If(self, node):
        return node.orelse if ast.unparse(node.test).endswith("TYPE_CHECKING") else self.generic_visit(node)


def imports(module: str, sources: dict[str, str], types: bool = True) -> tuple[set[str], bool]:
    """Dotted names of the modules that `module` imports, inside functions too, and whether one is a star import.

    Without `types` those that only a type checker imports are left out.
    """
    package = module if any(name.startswith(module + ".") for name in sources) else module.rpartition(".")[0]
    names, star = set(), False
    tree = ast.parse(sources[module])
    for node in ast.walk(tree if types else AtRunTime().visit(tree)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parents = package.split(".")
                origin = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [node.module])])
            for alias in node.names:
                star |= alias.name == "*"
                submodule = f"{origin}.{alias.name}"
                names.add(submodule if submodule in sources else origin)
    return names, star


def violations(sources: dict[str, str]) -> list[str]:
    """One line for each import that the table does not allow."""
    found = []
    for module in sources:
        names, star = imports(module, sources)
        if star:
            found.append(f"{module}: star import")
        if module == "gaugenet":
            continue
        layer = module.split(".")[1]
        if layer not in LAYERS:
            found.append(f"{module}: layer {layer} has no row in LAYERS")
            continue
        for name in sorted(names):
            top, _, rest = name.partition(".")
            if top in BANNED.get(layer, ()):
                found.append(f"{module}: {layer} does without {top}")
            elif top == "gaugenet" and rest.partition(".")[0] not in [layer, *LAYERS[layer]]:
                found.append(f"{module}: {layer} may not import {name}")
    return found


def cycle(sources: dict[str, str]) -> list[str]:
    """Modules that import each other in a circle at run time; empty if there are none."""
    graph = {module: imports(module, sources, types=False)[0] & sources.keys() for module in sources}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_table_goes_upwards():
    rows = list(LAYERS)
    for layer, below in LAYERS.items():
        assert set(below) <= set(rows[: rows.index(layer)]), f"{layer} imports from a layer that is not below it"


def test_layers():
    assert violations(library()) == []


def test_no_cycles():
    assert cycle(library()) == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("gaugenet.nn.conv", "from gaugenet.mesh import Mesh", "nn may not import gaugenet.mesh"),
        ("gaugenet.nn.conv", "from ..mesh import Mesh", "nn may not import gaugenet.mesh"),
        ("gaugenet.nn.conv", "def f():\n    import gaugenet.io.labels", "nn may not import gaugenet.io.labels"),
        ("gaugenet.nn.conv", "from trimesh.path import Path2D", "nn does without trimesh"),
        ("gaugenet.mesh.geometry", "import torch.nn", "mesh does without torch"),
        ("gaugenet.kernel", "from gaugenet import GaugeConv", "kernel may not import gaugenet"),
        ("gaugenet.kernel", "from gaugenet.representation import *", "star import"),
        ("gaugenet.extras", "", "layer extras has no row in LAYERS"),
    ],
)
def test_violation_is_found(module, source, complaint):
    sources = {"gaugenet": "", "gaugenet.mesh": "", "gaugenet.nn": "", "gaugenet.representation": "", module: source}
    assert violations(sources) == [f"{module}: {complaint}"]


@pytest.mark.parametrize(
    "source",
    ["from gaugenet.representation import Representation", "from .pool import Pool", "from gaugenet.nn import pool"],
)
def test_import_from_below_or_beside_is_allowed(source):
    sources = {"gaugenet": "", "gaugenet.representation": "", "gaugenet.nn": "", "gaugenet.nn.pool": ""}
    sources["gaugenet.nn.conv"] = source
    assert violations(sources) == []
    assert cycle(sources) == []


def test_cycle_is_found():
    sources = {"gaugenet.nn": "from gaugenet.nn.conv import Conv", "gaugenet.nn.conv": "from gaugenet.nn import Pool"}
    assert set(cycle(sources)) == {"gaugenet.nn", "gaugenet.nn.conv"}


def test_types_may_know_each_other():
    below = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gaugenet.nn.conv import Conv"
    sources = {"gaugenet.nn.pool": below, "gaugenet.nn.conv": "from gaugenet.nn.pool import Pool"}
    assert cycle(sources) == []
    assert violations({**sources, "gaugenet.mesh": below}) == ["gaugenet.mesh: mesh may not import gaugenet.nn.conv"]


def test_files_are_short():
    lines = {module: source.count("\n") for module, source in library().items()}
    assert {module: count for module, count in lines.items() if count > MAX_LINES} == {}


def test_names_say_something():
    assert [module for module in library() if VAGUE_NAMES & set(module.split("."))] == []


def test_one_name_means_one_class():
    names = collections.Counter(
        node.name
        for source in library().values()
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_every_layer_is_there():
    layers = {module.split(".")[1] for module in library() if "." in module}
    assert layers == LAYERS.keys()


def test_top_level():
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    top = {line.partition("/")[0].strip('"') for line in listing.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} == TOP_LEVEL
