"""Documented arguments against signatures: public classes, functions and methods, by ast only.

Public: no leading underscore in any part of the module's path or of the name. The rules:

 1. A public class and a public function have a docstring. Every parameter of a function is listed under `Args:`. The
    docstring of the class lists those of `__init__`.
 2. Fields of a dataclass, NamedTuple or TypedDict are listed under `Attributes:` or `Args:`. Not required: those with a
    leading underscore, `ClassVar`, `field(init=False)`, fields of a base class. Properties may be listed too.
 3. A class without an `__init__` of its own need list nothing; if it has Args, they are those of the inherited one.
 4. A public method lists its parameters too, unless it has none; or it has one and no Args, and its summary names it in
    double backquotes, alone or with its shape, as in ``x (V, C)`` (that of the class, if the method has no docstring);
    or a base class in the library documents the method with the same parameters.
 5. One argument a line, `name: Description.`, in the order of the signature. The description starts with a capital
    letter, a shape, a number or a quote, and ends with a full stop; further lines are indented.
 6. Sections stand in the order Args / Attributes, Returns / Yields, Raises, Example.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass, field

SECTIONS = {
    "Args": 0, "Attributes": 0, "Returns": 1, "Yields": 1, "Raises": 2,
    "Example": 3, "Examples": 3, "Note": 3, "Notes": 3, "References": 3,
}  # fmt: skip
_HEADER = re.compile(rf"({'|'.join(SECTIONS)}):\s*$")
_ENTRY = re.compile(r"(\*{0,2}\w+)(?: \([^)]*\))?:(?: (.*)|$)")
_SEVERAL = re.compile(r"\*{0,2}\w+(?:, \*{0,2}\w+)+(?: \([^)]*\))?:")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Documented:
    """Entries of the sections of one docstring, and faults of its layout."""

    entries: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> list[str]:
        return [*self.entries.get("Args", {}), *self.entries.get("Attributes", {})]


def parse(docstring: str) -> Documented:
    """Read the Args and Attributes sections of a docstring."""
    found, section, last, indent = Documented(), "", "", 0
    order: list[str] = []
    for line in inspect.cleandoc(docstring).splitlines():
        if header := _HEADER.match(line):
            section, last, indent = header[1], "", 0
            order.append(section)
            if section in found.entries:
                found.faults.append(f"two sections {section}")
            found.entries.setdefault(section, {})
            continue
        text = line.strip()
        if not text or section not in ("Args", "Attributes"):
            if text and line == text:
                section = ""
            continue
        depth = len(line) - len(line.lstrip())
        if not depth:
            section = ""  # a paragraph after the section
            continue
        indent = indent or depth
        if depth > indent and last:
            found.entries[section][last] += " " + text
        elif _SEVERAL.match(text):
            names = text.partition(":")[0]
            found.faults.append(f"one argument a line: {names}")
            for name in re.findall(r"\w+", names.partition("(")[0]):
                found.entries[section][name] = "."
            last = ""
        elif entry := _ENTRY.match(text):
            last = entry[1].lstrip("*")
            if last in found.entries[section]:
                found.faults.append(f"{last} is documented twice")
            found.entries[section][last] = entry[2] or ""
        else:
            found.faults.append(f"no argument: {text[:40]!r} under {section}")
            last = ""
    if [SECTIONS[name] for name in order] != sorted(SECTIONS[name] for name in order):
        found.faults.append(f"order of sections: {', '.join(order)}")
    return found


def descriptions(documented: Documented, known: set[str]) -> list[str]:
    """Return faults of the descriptions."""
    faults = []
    for entries in documented.entries.values():
        for name, text in entries.items():
            text = text.strip()
            second = [
                found for found in re.findall(r"(?<=[.;] )(\w+)(?=(?:, \w+)*: )", text) if found in known - {name}
            ]
            if not text:
                faults.append(f"{name}: no description")
            elif second:
                faults.append(f"one argument a line: {', '.join(second)} after {name}")
            elif text[0].islower():
                faults.append(f"{name}: starts with a small letter: {text[:30]!r}")
            if text and not re.search(r"\.[)\"'`]*$", text):
                faults.append(f"{name}: no full stop at the end: {text[-30:]!r}")
    return faults


@dataclass
class Class:
    """What a class of the library defines itself."""

    node: ast.ClassDef
    module: str
    bases: list[str]
    methods: dict[str, Function]
    properties: set[str]
    fields: dict[str, bool]  # of a dataclass or NamedTuple: whether it has to be documented
    is_record: bool


class Library:
    """The classes and functions of a source tree."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.trees: dict[str, ast.Module] = {}
        self.classes: dict[str, list[Class]] = {}
        for module, source in sources.items():
            self.add(module, ast.parse(source))

    def add(self, module: str, tree: ast.Module) -> None:
        """Add a module."""
        self.trees[module] = tree
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, []).append(_class(node, module))

    def bases(self, of: Class) -> list[Class]:
        """Return the base classes of the library in their order, as far as names tell."""
        found: list[Class] = []
        for name in of.bases:
            candidates = [one for one in self.classes.get(name, []) if one is not of]
            near = [one for one in candidates if one.module.split(".")[:2] == of.module.split(".")[:2]]
            for base in (near or candidates)[:1]:
                found += [base, *self.bases(base)]
        return found

    def faults(self) -> dict[str, list[str]]:
        """Return the faults of each public class, function and method, by module and name."""
        found: dict[str, list[str]] = {}
        for module, tree in self.trees.items():
            if any(part.startswith("_") for part in module.removesuffix(".__main__").split(".")):
                continue
            for node in tree.body:
                if getattr(node, "name", "_").startswith("_"):
                    continue
                if isinstance(node, ast.ClassDef):
                    one = next(one for one in self.classes[node.name] if one.node is node)
                    found |= {f"{module}.{name}": faults for name, faults in self.of_class(one)}
                elif isinstance(node, Function) and not _is(node, "overload"):
                    found[f"{module}.{node.name}"] = _function(node, parameters(node))
        return found

    def of_class(self, one: Class) -> list[tuple[str, list[str]]]:
        """Return the faults of a class and of its methods."""
        node, bases = one.node, self.bases(one)
        found = [(node.name, self.of_head(one, bases))]
        for name, method in one.methods.items():
            if name.startswith("_") or name in one.properties:
                continue
            names = parameters(method)[0 if _is(method, "staticmethod") else 1 :]
            inherited = any(name in base.methods and _documents(base.methods[name], names, base.node) for base in bases)
            faults = _method(method, names, node, inherited)
            found.append((f"{node.name}.{name}", faults))
        return found

    def of_head(self, one: Class, bases: list[Class]) -> list[str]:
        """Return the faults of the docstring of the class itself."""
        docstring = ast.get_docstring(one.node, clean=False)
        if docstring is None:
            return ["no docstring"]
        documented = parse(docstring)
        records = [base for base in (one, *bases) if base.is_record]
        if "__init__" in one.methods:
            names = parameters(one.methods["__init__"])[1:]
            return _compare(documented, documented.entries.get("Args", {}), names, set(names))
        if records:
            needed = [name for name, required in one.fields.items() if required] if one.is_record else []
            known = {name for base in (one, *bases) for name in (*base.fields, *base.properties)}
            return _compare(documented, documented.arguments, needed, known)
        if "Args" in documented.entries:
            inits = [base.methods["__init__"] for base in bases if "__init__" in base.methods]
            if not inits:
                return [*documented.faults, "Args of a class without __init__ (Attributes?)"]
            names = parameters(inits[0])[1:]
            return _compare(documented, documented.entries["Args"], [], set(names))
        return [*documented.faults, *descriptions(documented, set(documented.arguments))]


def _class(node: ast.ClassDef, module: str) -> Class:
    bases = [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases]
    record = _is(node, "dataclass") or bool({"NamedTuple", "TypedDict"} & set(bases))
    methods = {
        one.name: one
        for one in node.body
        if isinstance(one, Function) and not _is(one, "overload") and not _is(one, "setter")
    }
    properties = {name for name, one in methods.items() if _is(one, "property") or _is(one, "cached_property")}
    fields = {}
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            kind, value = ast.unparse(one.annotation), one.value and ast.unparse(one.value).replace(" ", "")
            name = one.target.id
            fields[name] = not (name.startswith("_") or "ClassVar" in kind or "init=False" in (value or ""))
    return Class(node, module, bases, methods, properties, fields, record)


def _is(node: ast.ClassDef | Function, decorator: str) -> bool:
    for one in node.decorator_list:
        if ast.unparse(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2] == decorator:
            return True
    return False


def parameters(node: Function) -> list[str]:
    """Return the names of all parameters, self too, without those that begin with an underscore."""
    signature = node.args
    plain = [one.arg for one in (*signature.posonlyargs, *signature.args)]
    rest = [one.arg for one in (signature.vararg, *signature.kwonlyargs, signature.kwarg) if one is not None]
    return [name for name in (*plain, *rest) if not name.startswith("_")]


def _names_it(docstring: str, name: str) -> bool:
    summary = inspect.cleandoc(docstring).partition("\n\n")[0]
    return any(re.match(rf"{name}\b", quoted) for quoted in re.findall(r"``(.+?)``", summary, re.DOTALL))


def _documents(method: Function, names: list[str], owner: ast.ClassDef) -> bool:
    return [*parameters(method)[1:]] == names and not _method(method, names, owner, False)


def _method(node: Function, names: list[str], owner: ast.ClassDef, inherited: bool) -> list[str]:
    docstring = ast.get_docstring(node, clean=False)
    if docstring is None:
        if not names or inherited:
            return []
        whole = ast.get_docstring(owner) or ""
        named = any(re.match(rf"{names[0]}\b", quoted) for quoted in re.findall(r"``(.+?)``", whole, re.DOTALL))
        return [] if len(names) == 1 and named else [f"no docstring (arguments {', '.join(names)})"]
    explained = not names or inherited or (len(names) == 1 and _names_it(docstring, names[0]))
    if explained and "Args" not in parse(docstring).entries:
        return parse(docstring).faults
    return _function(node, names)


def _function(node: Function, names: list[str]) -> list[str]:
    docstring = ast.get_docstring(node, clean=False)
    if docstring is None:
        return ["no docstring"]
    documented = parse(docstring)
    return _compare(documented, documented.entries.get("Args", {}), names, set(names))


def _compare(
    documented: Documented, listed: dict[str, str] | list[str], needed: list[str], known: set[str]
) -> list[str]:
    listed = list(listed)
    found = [*documented.faults]
    if missing := [name for name in needed if name not in listed]:
        found.append(f"not documented: {', '.join(missing)}")
    if unknown := [name for name in listed if name not in known]:
        found.append(f"not in the signature: {', '.join(unknown)}")
    both = [name for name in listed if name in needed]
    if not missing and both != [name for name in needed if name in both]:
        found.append(f"in another order than the signature: {', '.join(both)}")
    return found + descriptions(documented, known)
