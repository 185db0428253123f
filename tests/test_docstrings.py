"""Docstrings list the arguments that signatures have, one a line; see the rules in docstrings.py."""

import ast

import pytest
from docstrings import Library, parse
from test_architecture import library


@pytest.fixture(scope="module")
def faults():
    return Library(library()).faults()


PACKAGES = sorted({".".join(module.split(".")[:2]) for module in library()} - {"gaugenet"})


@pytest.mark.parametrize("package", PACKAGES)
def test_documented_arguments(package, faults):
    names = [name for name in faults if name.startswith(f"{package}.") and faults[name]]
    assert {name: faults[name] for name in names} == {}


CORRECT = '''
def f(a, *rest, b=1, **more):
    """Do it.

        y = x

    Args:
        a: ``(V,)`` Thing
            that goes on: yes.
        *rest: One of these: x, y.
        b: 3 by default.
        **more: Settings.

    Returns:
        Something.

    Raises:
        ValueError: If ``a`` is bad.
    """

@dataclass(frozen=True)
class Record:
    """Hold.

    Attributes:
        a: One.
        size: A property.
    """

    a: int
    _b: int = 0
    c: int = field(default=1, init=False)
    D: ClassVar[int] = 2

    @property
    def size(self):
        return 1

class Base:
    """Base.

    Args:
        x: One.
    """

    def __init__(self, x):
        pass

    def two(self, y, z):
        """Do.

        Args:
            y: One.
            z: Two.
        """

    def one(self, y):
        """Do something with ``y (V, C)``."""

    def _private(self, y):
        pass

class Derived(Base):
    """Derived, of features ``y``.

    Args:
        x: The same.
    """

    def two(self, y, z):
        """Do better."""

    def one(self, y):
        pass

    def three(self, y):
        pass
'''


def faults_of(source):
    return {name: found for name, found in Library({"gaugenet.m": source}).faults().items() if found}


def test_correct_docstrings_pass():
    assert faults_of(CORRECT) == {}


@pytest.mark.parametrize(
    ("right", "wrong", "name", "fault"),
    [
        ("        b: 3 by", "        d: 3 by", "f", "not documented: b"),
        ("        b: 3 by", "        d: 3 by", "f", "not in the signature: d"),
        ("(a, *rest, b=1", "(a, *rest, b=1, c=2", "f", "not documented: c"),
        ("(a, *rest, b", "(b, *rest, a", "f", "in another order than the signature: a, rest, b, more"),
        ("a: ``(V,)`` Thing", "a: thing", "f", "a: starts with a small letter: 'thing that goes on: yes.'"),
        ("        b: 3 by default.", "        b: 3 by default", "f", "b: no full stop at the end: '3 by default'"),
        ("x, y.\n", "x, y. b: Two.\n", "f", "one argument a line: b after rest"),
        ("        b: 3", "        a, b: 3", "f", "one argument a line: a, b"),
        ("    Returns:\n        Some", "    Raises:\n        Some", "f", "two sections Raises"),
        ("    Returns:\n", "    Example:\n", "f", "order of sections: Args, Example, Raises"),
        ("    a: int", "    a: int\n    e: int", "Record", "not documented: e"),
        ("        size: A", "        sighs: A", "Record", "not in the signature: sighs"),
        ("        x: One.", "        z: One.", "Base", "not documented: x"),
        ("            z: Two.\n", "", "Base.two", "not documented: z"),
        ("something with ``y (V, C)``", "something with y", "Base.one", "not documented: y"),
        ("Derived(Base)", "Derived", "Derived.two", "not documented: y, z"),
        ("x: The same", "w: The same", "Derived", "not in the signature: w"),
        ("Derived, of features ``y``.", "Derived.", "Derived.three", "no docstring (arguments y)"),
    ],
)  # fmt: skip
def test_a_planted_mistake_is_found(right, wrong, name, fault):
    assert CORRECT.count(right) == 1
    assert fault in faults_of(CORRECT.replace(right, wrong))[f"gaugenet.m.{name}"]


def test_a_class_or_function_without_docstring_is_found():
    assert faults_of("def f():\n    pass\nclass A:\n    pass\ndef _g():\n    pass\n") == {
        "gaugenet.m.f": ["no docstring"],
        "gaugenet.m.A": ["no docstring"],
    }


def test_text_after_a_section_is_no_argument():
    found = parse("Do.\n\n    Args:\n        a: One.\n\n    A sentence: with a colon.\n")
    assert found.arguments == ["a"] and found.faults == []


def test_every_module_is_looked_at(faults):
    public = {
        f"{module}.{node.name}"
        for module, source in library().items()
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    assert public <= faults.keys()
