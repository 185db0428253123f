"""Names are found where users look: lazily, by tab, from one stub per package."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import gaugenet

ROOT = Path(__file__).parents[1]
STUBS = {
    ".".join(path.relative_to(ROOT).parent.parts): path for path in sorted((ROOT / "gaugenet").rglob("__init__.pyi"))
}


def listed(package):
    """Public names of a stub, and the module that each is imported from; None for submodules."""
    names = {}
    for node in ast.parse(STUBS[package].read_text()).body:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 1
            assert all(alias.asname == alias.name for alias in node.names), "mypy takes `X as X` for a public name"
            names |= {alias.name: node.module for alias in node.names}
    return names


def run(code):
    """Standard output of a Python program of its own."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout


@pytest.mark.parametrize("package", STUBS)
def test_names_are_what_their_modules_define(package):
    """Also where a function has the name of its module, whichever is imported first."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    for name, module in listed(package).items():
        found = getattr(importlib.import_module(package), name)
        if module is None:
            assert found is importlib.import_module(f"{package}.{name}")
        else:
            assert found is vars(importlib.import_module(f"{package}.{module}"))[name]


@pytest.mark.parametrize("package", STUBS)
def test_dir_is_the_public_names(package):
    module = importlib.import_module(package)
    assert dir(module) == sorted(listed(package)) == sorted(module.__all__)


def test_packages_of_the_library_are_attributes():
    packages = {module.name for module in pkgutil.iter_modules(gaugenet.__path__) if module.ispkg}
    assert packages - {"benchmark", "cli"} <= set(dir(gaugenet))
    assert {"kernel", "testing"} <= set(dir(gaugenet))


def test_every_package_has_a_stub():
    packages = {".".join(path.relative_to(ROOT).parent.parts) for path in (ROOT / "gaugenet").rglob("__init__.py")}
    assert packages - STUBS.keys() == {"gaugenet.benchmark", "gaugenet.cli", "gaugenet.nn.convolution"}


def test_importing_a_package_imports_none_of_its_modules():
    code = f"""
import importlib, sys
for package in {list(STUBS)}:
    importlib.import_module(package)
print(*(name for name in sys.modules if name.startswith("gaugenet")))
print(*({{"numpy", "torch", "torch_geometric", "scipy", "numba"}} & sys.modules.keys()))
"""
    modules, libraries = run(code).splitlines()
    assert set(modules.split()) <= {*STUBS, "gaugenet.older"}
    assert libraries == ""


def test_a_name_is_imported_when_it_is_used():
    code = """
import sys
import gaugenet
gaugenet.Representation
print("gaugenet.representation.representation" in sys.modules, "torch_geometric" in sys.modules)
"""
    assert run(code).split() == ["True", "False"]


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"gaugenet\.nn.*Nonsense"):
        gaugenet.nn.Nonsense  # noqa: B018
    with pytest.raises(ImportError, match="Nonsense"):
        from gaugenet import Nonsense  # noqa: F401


def test_stubs_are_packaged():
    """`packages.find` takes every package, and this line their stubs; Python 3.10 has no TOML reader."""
    assert '\n"*" = ["py.typed", "*.pyi"]\n' in (ROOT / "pyproject.toml").read_text()


def test_setuptools_can_read_the_version():
    """It evaluates a literal, without an import of the package."""
    tree = ast.parse((ROOT / "gaugenet" / "__init__.py").read_text())
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert [ast.literal_eval(value) for value in values] == [gaugenet.__version__]
