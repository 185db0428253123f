"""Import paths of the release before: each works, warns with the new path, and gives the same object."""

import pickle
import subprocess
import sys
import warnings
from importlib import import_module

import pytest

import gaugenet
from gaugenet import older


def public(module):
    return [name for name in vars(module) if not name.startswith("_")]


@pytest.mark.parametrize("old", older.MODULES)
def test_module(old, monkeypatch):
    monkeypatch.delitem(sys.modules, old, raising=False)  # imports warn once in a process
    new = import_module(older.MODULES[old])
    with pytest.warns(DeprecationWarning, match=rf"^{old} is now {new.__name__}; .* next release$") as warned:
        module = import_module(old)
    assert len(warned) == 1
    moved = {row.partition(":")[2] for row in older.NAMES if row.startswith(f"{old}:")}
    for name in set(public(new)) - moved:
        assert getattr(module, name) is getattr(new, name)


@pytest.mark.parametrize("old", older.NAMES)
def test_name(old):
    module, _, name = old.partition(":")
    new, _, new_name = older.NAMES[old].partition(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        home = import_module(module)
    with pytest.warns(DeprecationWarning, match=rf"^{module}.{name} is now {new}.{new_name}; .* next release$"):
        found = getattr(home, name)
    assert found is getattr(import_module(new), new_name)


def test_the_warning_names_the_line_of_the_import(monkeypatch):
    monkeypatch.delitem(sys.modules, "gaugenet.data.read", raising=False)
    with pytest.warns(DeprecationWarning) as warned:
        from gaugenet.data.read import read_mesh
    assert [one.filename for one in warned] == [__file__]
    assert read_mesh is gaugenet.read_mesh


def test_a_package_that_is_gone_is_an_attribute(monkeypatch):
    monkeypatch.delitem(sys.modules, "gaugenet.data.read", raising=False)
    monkeypatch.delattr(gaugenet.data, "read", raising=False)
    with pytest.warns(DeprecationWarning, match=r"gaugenet\.data\.read is now"):
        assert gaugenet.data.read.read_mesh is gaugenet.read_mesh
    with pytest.raises(ModuleNotFoundError, match=r"gaugenet\.data\.nonsense"):
        import_module("gaugenet.data.nonsense")
    with pytest.raises(AttributeError, match="nonsense"):
        gaugenet.data.nonsense  # noqa: B018


def test_objects_that_were_pickled_before_the_move():
    """As in the files of a PyTorch Geometric data set, which name the class by its old path."""
    data = gaugenet.MeshData(y=3)
    module = type(data).__module__
    text = pickle.dumps(data, protocol=0).replace(module.encode(), b"gaugenet.data.mesh_data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = pickle.loads(text)
    assert type(found) is gaugenet.MeshData and found.y == 3


def test_old_names_are_not_offered():
    assert "data" not in dir(gaugenet)
    old = [row.partition(":") for row in older.NAMES]
    assert [row for row in old if row[0] in sys.modules and row[2] in dir(sys.modules[row[0]])] == []


def test_a_name_that_left_a_module_or_package():
    """With rows made up for the test, in a process of its own: both modules are still there."""
    code = """
import warnings
from gaugenet import older
older.NAMES["gaugenet.group:Circle"] = "gaugenet.group.group:Group"
older.NAMES["gaugenet.kernel:Ripple"] = "gaugenet.kernel:Wave"
older._WITH_NAMES |= {"gaugenet.group", "gaugenet.kernel"}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import gaugenet
    from gaugenet.group import Circle, Group
    from gaugenet.kernel import Ripple, Wave
    assert Circle is gaugenet.group.Circle is Group and Ripple is Wave
print(*sorted({str(one.message).partition(";")[0] for one in caught}), sep="\\n")
try:
    gaugenet.group.Nonsense
except AttributeError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.splitlines() == [
        "gaugenet.group.Circle is now gaugenet.group.group.Group",
        "gaugenet.kernel.Ripple is now gaugenet.kernel.Wave",
        "No gaugenet.group attribute Nonsense",
    ]


def test_installing_twice_changes_nothing():
    finders = list(sys.meta_path)
    older.install()
    assert sys.meta_path == finders


def test_a_function_with_the_name_of_an_old_module_stays_a_function():
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from importlib import import_module\n"
        "module = import_module('gaugenet.models.functional_map')\n"
        "from gaugenet.models import functional_map\n"
        "assert module.functional_map is functional_map and module is not functional_map\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
