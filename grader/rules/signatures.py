"""Signatures as text and as syntax, and whether one serves the calls of another."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from grader.errors import SpecError

_MAX_TEXT = 100  # characters of a default
_SELF = ("self", "cls")


@dataclass(frozen=True)
class Parameter:
    """`default` is its source text, None if it has none."""

    name: str
    default: str | None = None

    def __str__(self) -> str:
        """As in a `def`."""
        return self.name if self.default is None else f"{self.name}={self.default}"


@dataclass(frozen=True)
class Signature:
    """Without annotations and without a leading self or cls.

    `positional` may be given by position and, but for the first `only_positional`, by name; `keywords` must
    be given by name.
    """

    name: str
    positional: tuple[Parameter, ...]
    only_positional: int
    keywords: tuple[Parameter, ...]
    stars: tuple[str, ...]  # "*args", "**kwargs"

    @staticmethod
    def of(name: str, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Signature:
        """The signature of a definition, called `name`."""
        arguments = function.args
        names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
        without = [None] * (len(names) - len(arguments.defaults))
        defaults = [*without, *map(_text, arguments.defaults)]
        skipped = 1 if names and names[0] in _SELF else 0
        return Signature(
            name,
            tuple(map(Parameter, names[skipped:], defaults[skipped:])),
            max(0, len(arguments.posonlyargs) - skipped),
            tuple(
                Parameter(argument.arg, _text(default))
                for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            ),
            tuple(
                f"{stars}{argument.arg}"
                for stars, argument in (("*", arguments.vararg), ("**", arguments.kwarg))
                if argument is not None
            ),
        )

    def serves(self, wanted: Signature) -> bool:
        """Whether every call that fits `wanted` fits this one too, by the same names and defaults.

        What is wanted without a default may have one, and more parameters may follow, with defaults.
        """
        count = len(wanted.positional)
        common, extra = self.positional[:count], self.positional[count:]
        keywords = {parameter.name: parameter for parameter in (*self.keywords, *extra)}
        return (
            len(common) == count
            and all(map(_fits, common, wanted.positional))
            and self.only_positional <= wanted.only_positional
            and all(_fits(keywords.pop(want.name, None), want) for want in wanted.keywords)
            and all(parameter.default is not None for parameter in keywords.values())
            and {star.count("*") for star in wanted.stars} <= {star.count("*") for star in self.stars}
        )

    def __str__(self) -> str:
        """As in a `def`."""
        positional = [str(parameter) for parameter in self.positional]
        if self.only_positional:
            positional.insert(self.only_positional, "/")
        args = [star for star in self.stars if not star.startswith("**")] or (["*"] if self.keywords else [])
        rest = [star for star in self.stars if star.startswith("**")]
        return f"{self.name}({', '.join([*positional, *args, *map(str, self.keywords), *rest])})"


def parse_signature(text: str) -> Signature:
    """`name(arg, arg=default)` or `Class.method(self, arg)`, as the author of a rule writes it.

    Raises:
        SpecError: it is not Python.
    """
    name, bracket, rest = text.strip().partition("(")
    try:
        function = ast.parse(f"def f{bracket}{rest}: pass").body[0]
    except (SyntaxError, ValueError):
        function = None
    if not isinstance(function, ast.FunctionDef) or not all(part.isidentifier() for part in name.split(".")):
        raise SpecError(f"Rule of kind signature: `{text}` is not a signature such as `f(a, b=1)`.")
    return Signature.of(name, function)


def _fits(actual: Parameter | None, wanted: Parameter) -> bool:
    same_default = wanted.default is None or (actual is not None and actual.default == wanted.default)
    return actual is not None and actual.name == wanted.name and same_default


def _text(node: ast.expr | None) -> str | None:
    """The normalised source of a default; equal values of numbers and texts have equal sources."""
    if node is None:
        return None
    try:
        value = ast.literal_eval(node)
        whole = isinstance(value, float) and value.is_integer()
        return repr(int(value) if whole else value)[:_MAX_TEXT]
    except (ValueError, TypeError, MemoryError, RecursionError):
        pass
    try:
        return ast.unparse(node)[:_MAX_TEXT]
    except (ValueError, RecursionError):
        return "..."
