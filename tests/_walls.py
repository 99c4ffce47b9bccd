"""What the house plan allows a file of the package to import, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# From the bottom up; rooms of one floor do not know each other.
FLOORS = [
    {"_core"},
    {"signals"},
    {"datasets"},
    {"measures"},
    {"features"},
    {"feature_selection"},
    {"fuzzy", "ensemble", "evolution", "moe"},
    {"postprocessing"},
    {"metrics"},
    {"model_selection"},
    {"inspection"},
    {"models"},
    {"benchmark"},
    {"report"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# These see the rooms below as a user does.
OUTSIDERS = {"datasets", "benchmark", "cli"}
# Libraries that take long to import, and the rooms that need them.
HEAVY = {
    "torch": {"ensemble", "moe"},
    "skorch": {"moe"},
    "mne": {"signals"},
    "matplotlib": {"inspection", "report", "cli"},
    "numba": {"_core", "measures", "feature_selection", "evolution"},
}


@dataclass(frozen=True)
class Import:
    """One imported name: by which file, from where, and when."""

    file: str  # dotted, below the package; "" is the package itself
    module: str  # dotted, with the package's name if it is of the package
    name: str  # "" for `import module`
    on_use: bool  # inside a function
    for_types: bool  # under TYPE_CHECKING

    def __str__(self) -> str:
        what = f"from {self.module} import {self.name}" if self.name else f"import {self.module}"
        return f"{self.file}: {what}"


class House:
    """The files of a package and their imports."""

    def __init__(self, root: Path) -> None:
        self.package = root.name
        paths = sorted(root.rglob("*.py"))
        self.files = {self._dotted(path.relative_to(root)): path for path in paths}
        self.imports = [found for name in self.files for found in self._read(name)]

    @staticmethod
    def _dotted(path: Path) -> str:
        parts = path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _read(self, file: str) -> Iterator[Import]:
        """Return the imports of a file, relative ones made absolute."""
        path = self.files[file]
        package = [self.package, *file.split(".")] if file else [self.package]
        if path.name != "__init__.py":
            package = package[:-1]

        def visit(node: ast.AST, on_use: bool, for_types: bool) -> Iterator[Import]:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(file, alias.name, "", on_use, for_types)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
                for alias in node.names:
                    yield Import(file, module, alias.name, on_use, for_types)
            on_use |= isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for child in ast.iter_child_nodes(node):
                inside = checking and child not in node.orelse
                yield from visit(child, on_use, for_types or inside)

        return visit(ast.parse(path.read_text(encoding="utf-8")), False, False)

    def target(self, found: Import) -> str | None:
        """Return the file of the package that an import leads to, None for other packages."""
        for dotted in (f"{found.module}.{found.name}", found.module):
            top, _, file = dotted.partition(".")
            if top == self.package and file in self.files:
                return file
        return None

    def upward(self) -> list[str]:
        """Return the imports that lead up, or to a neighbour on the same floor."""
        wrong = []
        for found in self.imports:
            mine, other = room(found.file), room(self.target(found) or "")
            if mine and other and mine != other and FLOOR[other] >= FLOOR[mine]:
                wrong.append(str(found))
        return wrong

    def unknown_rooms(self) -> set[str]:
        """Return the rooms that the plan does not have."""
        return {room(file) for file in self.files} - {"", *FLOOR}

    def circle(self) -> list[str]:
        """Return files that import each other in a circle, for types and on use, too."""
        graph: dict[str, set[str]] = {file: set() for file in self.files}
        for found in self.imports:
            target = self.target(found)
            # The package itself holds the version, and imports rooms on use.
            if target and target != found.file and found.file:
                graph[found.file].add(target)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            return error.args[1]
        return []

    def private(self, public: dict[str, set[str]]) -> list[str]:
        """Return what outsiders import that the rooms below do not list as public.

        Parameters
        ----------
        public : dict of str to set of str
            The public names of each room.

        Returns
        -------
        list of str
            Imports. Those from ``_core`` are not among them: its files are made for all.
        """
        wrong = []
        for found in self.imports:
            target = self.target(found)
            mine, other = room(found.file), room(target or "")
            if mine in OUTSIDERS and other not in {"", "_core", mine}:
                as_listed = target == other and found.name in public[other]
                # `from .. import datasets`
                whole = target == other and found.name == other
                if not as_listed and not whole:
                    wrong.append(str(found))
        return wrong

    def heavy(self) -> list[str]:
        """Return imports of slow libraries in other rooms, or that a room waits for."""
        wrong, slow = [], {}
        for found in self.imports:
            library = found.module.split(".")[0]
            if library in HEAVY:
                if room(found.file) not in HEAVY[library]:
                    wrong.append(str(found))
                elif not found.on_use and not found.for_types:
                    slow[found.file] = str(found)
        growing = True
        while growing:  # a file is as slow as those that it imports at once
            before = len(slow)
            for found in self.imports:
                target = self.target(found)
                if target in slow and not found.on_use and not found.for_types:
                    slow.setdefault(found.file, str(found))
            growing = len(slow) > before
        return wrong + [text for file, text in slow.items() if file in {"", *FLOOR}]


def room(file: str) -> str:
    """Return the room of a file."""
    return file.split(".")[0]
