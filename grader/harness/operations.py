"""What each request does. One function per message, found by its type."""

from __future__ import annotations

import ast
import dis
import importlib
import itertools
import random
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader.harness import describe, folder, loader, program, salvage, stepwise
from grader.harness.failures import Missing
from grader.harness.objects import Objects
from grader.wire import messages as m
from grader.wire.codec import Decoder, NotPlain


class Operations:
    """The state of one sandbox: its folder, its objects and the entry module."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = Objects()
        self._alias = ""
        self._seed = 0
        self._modules: dict[str, str] = {}
        self._stepwise = stepwise.Stepwise(())
        self._entry: types.ModuleType | None = None

    def run(self, operation: m.Operation, decoder: Decoder) -> Any:
        """Carry out one operation; its result, plain or not. Raises whatever the submission raises."""
        return _OPERATIONS[type(operation)](self, operation, decoder)

    def load(self, request: m.Load, decoder: Decoder) -> list[tuple[int, str, str]]:
        """Seed, write the files, import the entry; the statements that salvage skipped."""
        self._seed, self._modules = request.seed, request.modules
        _seed(request.seed)
        for file in request.files:
            loader.write(self.root, file.path, decoder.take(file.buffer))
        if request.stepwise:
            self._stepwise = stepwise.install(self.root / path for path in request.stepwise)
        self._alias = request.alias
        if request.entry is None:
            return []
        self._entry, skipped = loader.load(self.root, request.entry, request.alias, salvaging=request.salvage)
        if request.entry in request.stepwise:
            _seed(request.seed)  # what an alarm cut off drew who knows how many numbers
        return _rows(skipped)

    def import_(self, request: m.Import, _: Decoder) -> Any:
        """The entry by its alias, a further module with what was skipped of it, or any importable one."""
        if request.name == self._alias:
            if self._entry is None:
                raise Missing("The submission has no code.")
            return self._entry
        if request.name in self._modules:
            return self._load_module(self._modules[request.name], request.name)
        return importlib.import_module(request.name)

    def _load_module(self, path: str, name: str) -> tuple[types.ModuleType, list[tuple[int, str, str]]]:
        _seed(self._seed)
        try:
            salvaging = self._stepwise.means(self.root / path)
            module, skipped = loader.load_module(self.root, path, name, salvaging=salvaging)
        finally:
            _seed(self._seed)  # random numbers afterwards do not depend on how far it came
        return module, _rows(skipped or self._stepwise.skipped.get(str(self.root / path), []))

    def get(self, request: m.Get, _: Decoder) -> Any:
        """An attribute; a name that the submission's own module or class lacks counts as not implemented."""
        target = self.objects.find(request.target)
        try:
            return getattr(target, request.name)
        except AttributeError as error:
            if self._is_theirs(target) and not hasattr(type(target), "__getattr__"):
                raise Missing(_missing_name(target, request.name)) from error
            raise

    def set(self, request: m.Set, decoder: Decoder) -> None:
        """Write an attribute."""
        setattr(self.objects.find(request.target), request.name, decoder.decode(request.value))

    def call(self, request: m.Call, decoder: Decoder) -> Any:
        """Call an object. A stub that returns nothing counts as not implemented."""
        function = self.objects.find(request.target)
        args = [decoder.decode(value) for value in request.args]
        kwargs = {name: decoder.decode(value) for name, value in request.kwargs.items()}
        result = function(*args, **kwargs)
        if result is None and is_stub(function):
            raise Missing(f"{getattr(function, '__name__', 'the function')} has no body yet.")
        return result

    def index(self, request: m.Index, decoder: Decoder) -> Any:
        """An item."""
        return self.objects.find(request.target)[decoder.decode(request.key)]

    def iterate(self, request: m.Iterate, _: Decoder) -> list[Any]:
        """The first items."""
        return list(itertools.islice(self.objects.find(request.target), request.most))

    def length(self, request: m.Length, _: Decoder) -> int:
        """len()."""
        return len(self.objects.find(request.target))

    def fetch(self, request: m.Fetch, _: Decoder) -> Any:
        """The data of an object."""
        return plain(self.objects.find(request.target))

    def define(self, request: m.Define, _: Decoder) -> Any:
        """A function from the author's source."""
        return define(request.source)

    def put(self, request: m.Put, decoder: Decoder) -> m.Handle:
        """Keep a value here."""
        return self.objects.keep(decoder.decode(request.value))

    def put_file(self, request: m.PutFile, decoder: Decoder) -> str:
        """Write a file; its absolute path."""
        return str(loader.write(self.root, request.path, decoder.take(request.buffer)))

    def describe(self, request: m.Describe, _: Decoder) -> list[dict[str, Any]]:
        """A network's modules."""
        return describe.modules(self.objects.find(request.target))

    def is_instance(self, request: m.IsInstance, _: Decoder) -> bool:
        """isinstance() by name."""
        module, _dot, name = request.type_name.rpartition(".")
        return isinstance(self.objects.find(request.target), getattr(importlib.import_module(module), name))

    def locate(self, request: m.Locate, _: Decoder) -> tuple[str, int] | None:
        """Where the submission defines an object."""
        target = self.objects.find(request.target)
        code = getattr(target, "__code__", None)
        if code is None or not code.co_filename.startswith(str(self.root)):
            return None
        return code.co_filename[len(str(self.root)) + 1 :], code.co_firstlineno

    def run_program(self, request: m.RunProgram, decoder: Decoder) -> tuple[Any, ...]:
        """Run a file of theirs as a program."""
        for file in request.files:
            loader.write(self.root, request.folder + file.path, decoder.take(file.buffer))
        return program.run(self.root, request.folder, request.path, request.args)

    def read_file(self, request: m.ReadFile, _: Decoder) -> bytes:
        """A file that a program wrote."""
        return folder.read(self.root, request.folder, request.path, request.most_bytes)

    def _is_theirs(self, target: Any) -> bool:
        if isinstance(target, types.ModuleType):
            return str(getattr(target, "__file__", "")).startswith(str(self.root))
        kind = target if isinstance(target, type) else type(target)
        module = importlib.import_module(kind.__module__) if kind.__module__ != "builtins" else None
        return module is not None and self._is_theirs(module)


_Operation = Callable[[Operations, Any, Decoder], Any]
_OPERATIONS: dict[type, _Operation] = {
    m.Load: Operations.load,
    m.Import: Operations.import_,
    m.Get: Operations.get,
    m.Set: Operations.set,
    m.Call: Operations.call,
    m.Index: Operations.index,
    m.Iterate: Operations.iterate,
    m.Length: Operations.length,
    m.Fetch: Operations.fetch,
    m.Define: Operations.define,
    m.Put: Operations.put,
    m.PutFile: Operations.put_file,
    m.Describe: Operations.describe,
    m.IsInstance: Operations.is_instance,
    m.Locate: Operations.locate,
    m.RunProgram: Operations.run_program,
    m.ReadFile: Operations.read_file,
}


_BASES = (bool, int, float, complex, str, bytes)


def plain(thing: Any) -> Any:
    """An object's data as plain data: tensors without graph or subclass, containers as their base types.

    Raises:
        NotPlain: it has none.
    """
    import numpy as np
    import torch

    if thing is None or isinstance(thing, np.generic | torch.dtype):
        return thing
    if isinstance(thing, torch.Tensor):
        return thing.detach().as_subclass(torch.Tensor)
    if isinstance(thing, np.ndarray):
        return np.asarray(thing)
    base = next((base for base in _BASES if isinstance(thing, base)), None)
    return _container(thing) if base is None else base(thing)


def _container(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        return {key: plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple):
        return tuple(plain(item) for item in thing)
    if isinstance(thing, list):
        return [plain(item) for item in thing]
    raise NotPlain(f"A {type(thing).__qualname__} cannot be read as data.")


def is_stub(function: Any) -> bool:
    """Whether a Python function does nothing but return None."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in {"RESUME", "NOP"}]
    return (len(steps) == 1 and steps[0].opname == "RETURN_CONST") or (
        [step.opname for step in steps] == ["LOAD_CONST", "RETURN_VALUE"] and steps[0].argval is None
    )


def define(source: str) -> Any:
    """What an author's source stands for: an expression's value, or the last function it defines."""
    import numpy as np
    import torch

    names: dict[str, Any] = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "np": np}
    names["math"] = importlib.import_module("math")
    tree = ast.parse(source)
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        return eval(compile(source.strip(), "<spec>", "eval"), names)  # noqa: S307 - the author's source, in the sandbox
    exec(compile(tree, "<spec>", "exec"), names)  # noqa: S102 - likewise
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return names[functions[-1]]


def _rows(skipped: list[salvage.Skipped]) -> list[tuple[int, str, str]]:
    return [(item.line, item.source, item.reason) for item in skipped]


def _missing_name(target: Any, name: str) -> str:
    owner = getattr(target, "__name__", None) or type(target).__name__
    if isinstance(target, types.ModuleType):
        return f"{Path(str(target.__file__)).name} does not define `{name}`."
    return f"{owner} has no `{name}`."


def _seed(seed: int) -> None:
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
