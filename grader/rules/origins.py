"""The dotted names that rules are about, and what is worth knowing about any other.

An origin is a dotted name of a library ("torch.nn.functional.conv2d") or a builtin ("eval"), or
"<pkg/conv.py>.unfold" in the submission itself. Only origins that lead to a name of a rule are kept, so there
are finitely many however the source is written. What lies below a name is kept as "name.*", what fits a
pattern such as "torch.conv*" as that pattern.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

IMPORT_FUNCTIONS = frozenset({"__import__", "importlib.__import__", "importlib.import_module"})
RUN_FUNCTIONS = frozenset({"exec", "eval", "compile"})
GETTERS = frozenset({"operator.attrgetter", "operator.methodcaller"})
# What reaches anything, by a text or in ways of its own, and serves no homework.
OPAQUE = (
    *("importlib.util", "importlib.machinery", "runpy", "pkgutil.resolve_name", "pydoc.locate"),
    *("inspect.getattr_static", "inspect.getmembers", "gc.get_objects", "gc.get_referents", "ctypes"),
    *("code.InteractiveInterpreter", "code.InteractiveConsole", "sys._getframe"),
)
DICT = ".__dict__"
_ALWAYS = {
    *(
        *IMPORT_FUNCTIONS,
        *RUN_FUNCTIONS,
        "importlib",
        "getattr",
        "setattr",
        "delattr",
        "vars",
        "builtins",
        "__builtins__",
    ),
    *("sys", "sys.modules", "typing", "typing.TYPE_CHECKING", "operator", *GETTERS),
}


def is_below(name: str, top: str) -> bool:
    """Whether a dotted name is `top` or inside it."""
    return name == top or name.startswith(f"{top}.")


def matches(origin: str, name: str) -> bool:
    """Whether an origin that `Vocabulary.keep` gave is `name`, below it, or fits it as a pattern."""
    return origin in (name, f"{name}.*")


def own(path: str) -> str:
    """The origin of a module of the submission."""
    return f"<{path}>"


def split_own(origin: str) -> tuple[str, str] | None:
    """The path and the name in it ("" for the module) of an origin in the submission; None of another one."""
    if not origin.startswith("<"):
        return None
    path, _, name = origin[1:].rpartition(">")
    return path, name.removeprefix(".")


class Vocabulary:
    """The names of all rules."""

    def __init__(self, names: Iterable[str]) -> None:
        dotted = [name for name in names if not name.startswith(".")]
        self._plain = [name for name in dotted if "*" not in name]
        self._patterns = [name for name in dotted if "*" in name]
        starts = [*self._plain, *(pattern.partition("*")[0] for pattern in self._patterns)]
        self._leading = _ALWAYS | {
            start[:end] for start in starts for end, char in enumerate(start) if char == "."
        }

    def keep(self, origin: str) -> set[str]:
        """What to remember of an origin: nothing where no rule can care."""
        if origin.endswith(DICT):
            return {kept + DICT for kept in self.keep(origin.removesuffix(DICT)) if "*" not in kept}
        if origin.startswith("<") or "*" in origin:
            return {origin}
        kept = {pattern for pattern in self._patterns if fnmatchcase(origin, pattern)}
        if origin in self._leading:
            kept.add(origin)
        for name in self._plain:
            if is_below(origin, name):
                kept.add(origin if origin == name else f"{name}.*")
        return kept
