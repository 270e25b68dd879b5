"""Objects of the sandbox as a spec sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.errors import RemoteException, SandboxDied, SpecError, WireError
from grader.proxy import program
from grader.proxy.session import Session
from grader.wire import messages as m
from grader.wire.codec import Encoder

_MOST_ITEMS = 100_000
_SETTLED = {"module", "class"}  # whose functions and classes stay what they are: asked for once
_EXECUTOR_NAMES = {"execute_example", "setup_example", "teardown_example"}


def _asked_by_hypothesis(name: str) -> bool:
    """Whether hypothesis looks for this on the first argument of a property test, to see if it is special."""
    return name in _EXECUTOR_NAMES or name.startswith("hypothesis_internal")


class Remote:
    """An object that lives in the sandbox. Attributes, calls, items and iteration go over the pipe;
    plain results come back by value.

    `.value` is a copy of its data. What it says of itself is the sandbox's claim: check what matters.
    """

    __slots__ = ("_generation", "_handle", "_session")
    __tensorgrade_remote__ = True

    def __init__(self, session: Session, handle: m.Handle) -> None:
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "_generation", session.generation)

    def __tensorgrade_handle__(self) -> m.Handle:
        """The handle, as long as the sandbox it belongs to is there."""
        if self._generation != self._session.generation:
            raise self._session.last_end or SandboxDied(
                "stopped", "The sandbox that held this object has ended."
            )
        return self._handle  # type: ignore[no-any-return]

    @property
    def value(self) -> Any:
        """A copy of the object's data: tensors without graph, containers as plain ones."""
        return self._ask(lambda target, _: m.Fetch(target))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or _asked_by_hypothesis(name):
            raise AttributeError(name)  # Python's own protocols are not forwarded
        target = self.__tensorgrade_handle__()
        if target.kind in _SETTLED:
            return self._session.remember((target.id, name), lambda: self._get(name))
        return self._get(name)

    def _get(self, name: str) -> Any:
        return self._ask(lambda target, _: m.Get(target, name))

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.forget((self._handle.id, name))
        self._ask(lambda target, encoder: m.Set(target, name, encoder.encode(value)))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the sandbox."""

        def request(encoder: Encoder) -> m.Operation:
            handle: m.Handle = self.__tensorgrade_handle__()
            named = {name: encoder.encode(value) for name, value in kwargs.items()}
            return m.Call(handle.id, [encoder.encode(value) for value in args], named)

        return ask(self._session, request)

    def __getitem__(self, key: Any) -> Any:
        return self._ask(lambda target, encoder: m.Index(target, encoder.encode(key)))

    def __iter__(self) -> Iterator[Any]:
        items = self._ask(lambda target, _: m.Iterate(target, _MOST_ITEMS))
        if not isinstance(items, list):
            raise WireError("Iteration did not give a list.")
        return iter(items)

    def __len__(self) -> int:
        try:
            length = self._ask(lambda target, _: m.Length(target))
        except RemoteException as error:
            raise _NoLength(error.type_name, error.message, error.frames) from error
        if type(length) is not int or length < 0:
            raise WireError("A length is not a number.")
        return length

    def __bool__(self) -> bool:
        raise SpecError(f"{self!r} is always true: compare its .value, or a result, instead.")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if hasattr(type(other), "__tensorgrade_comparison__"):
            return NotImplemented
        raise SpecError(f"{self!r} is compared as an object: compare its .value, or use close().")

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{self._handle.kind} {self._handle.type_name} in the sandbox>"

    def __del__(self) -> None:
        self._session.release(self._handle.id, self._generation)

    def _ask(self, make: Callable[[int, Encoder], m.Operation]) -> Any:
        return ask(self._session, lambda encoder: make(self.__tensorgrade_handle__().id, encoder))


class _NoLength(RemoteException, TypeError):
    """Also a TypeError, so that `list(remote)` of a generator goes on without its length."""


def ask(session: Session, make: Callable[[Encoder], m.Operation], seconds: float | None = None) -> Any:
    """One request whose result may be a remote object."""
    return session.ask(make, lambda handle: Remote(session, handle), seconds)


class RemoteSubmission:
    """The root: `submission.solution` is the student's entry module, `submission.NAME` one of [[modules]], or
    any other module of the sandbox.
    """

    def __init__(self, session: Session, alias: str) -> None:
        self._session = session
        self._alias = alias
        self._work: str | None = None  # where the last program ran

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or _asked_by_hypothesis(name):
            raise AttributeError(name)
        self._session.ready()
        failure = self._session.failure(name)
        if failure is not None:
            raise failure
        if self._session.has_module(name):
            return self.once(("module", name), lambda: self._further(name))
        return self.once(("module", name), lambda: ask(self._session, lambda _: m.Import(name)))

    def _further(self, name: str) -> Any:
        return self._session.import_module(name, lambda handle: Remote(self._session, handle))

    def define(self, source: str) -> Any:
        """A function made in the sandbox from the author's source: an expression, or `def`s of which the
        last one counts.

        `torch`, `nn`, `F` (torch.nn.functional), `np` and `math` are in scope. Made once per sandbox.
        """
        return self.once(("define", source), lambda: ask(self._session, lambda _: m.Define(source)))

    def put(self, value: Any, *, requires_grad: bool = False) -> Any:
        """A copy of `value` that lives in the sandbox."""
        if requires_grad:
            value = value.detach().clone().requires_grad_(True)
        return ask(self._session, lambda encoder: m.Put(encoder.encode(value)))

    def put_file(self, path: str, data: bytes) -> str:
        """Write a file below the folder that the student's code runs in; its absolute path there."""
        return str(ask(self._session, lambda encoder: m.PutFile(path, encoder.buffer(data))))

    def run_program(
        self,
        path: str,
        args: Sequence[str] = (),
        *,
        files: Mapping[str, bytes] | None = None,
        seconds: float | None = None,
    ) -> program.ProgramResult:
        """Run a file of theirs as `python path args` would, in the top folder of what was handed in.

        Take `fresh_submission` for it: a program may leave anything behind.

        Args:
            path: below that folder.
            args: its command line.
            files: path below that folder -> content, written before it starts: data, for example.
            seconds: patience; by default that of any call.

        Raises:
            StudentCodeError: it raised something else than SystemExit, ran too long, or ended the process.
        """
        self._work = program.top_of(self._session, (path, *(files or ())))
        make = program.request(self._work, path, args, files or {})
        return program.result(ask(self._session, make, seconds))

    def read_file(self, path: str, most_bytes: int = 1 << 20) -> bytes:
        """A file that a program wrote, by its path below the top folder; links are not followed.

        Raises:
            NotImplementedYet: there is none of at most so many bytes.
        """
        work = program.top_of(self._session, (path,)) if self._work is None else self._work
        return program.content(ask(self._session, lambda _: m.ReadFile(work, path, most_bytes)), most_bytes)

    def once(self, key: object, factory: Callable[[], Any]) -> Any:
        """What `factory` returns, made once per sandbox: for objects that many tests read and none
        changes.
        """
        return self._session.once(key, factory)


@dataclass(frozen=True)
class Layer:
    """One module of a network, as the sandbox describes it: a claim."""

    name: str  # dotted, "" for the network itself
    qualified: str  # module.Class
    config: dict[str, Any] = field(
        default_factory=dict
    )  # its plain attributes: in_features, kernel_size, ...

    @property
    def type(self) -> str:
        """The bare class name."""
        return self.qualified.rpartition(".")[2]


def describe(network: Remote) -> tuple[Layer, ...]:
    """Every module of a network, itself first, in the order of `named_modules()`.

    Raises:
        WireError: the sandbox's description is none.
    """
    rows = network._ask(lambda target, _: m.Describe(target))
    if not isinstance(rows, list):
        raise WireError("The description of a network is not a list.")
    return tuple(_layer(row) for row in rows)


def _layer(row: Any) -> Layer:
    if (
        not isinstance(row, dict)
        or set(row) != {"name", "type", "config"}
        or not isinstance(row["config"], dict)
    ):
        raise WireError("The description of a module is damaged.")
    return Layer(str(row["name"]), str(row["type"]), row["config"])


def is_remote(thing: Any, type_name: str) -> bool:
    """Whether `thing` is an object of the sandbox and, there, an instance of the class named by its
    dotted path.
    """
    if not isinstance(thing, Remote):
        return False
    return thing._ask(lambda target, _: m.IsInstance(target, type_name)) is True


def located(function: Remote) -> tuple[str, int] | None:
    """The file and line where the submission defines a function, as the sandbox claims; None if it
    does not.
    """
    where = function._ask(lambda target, _: m.Locate(target))
    if isinstance(where, tuple) and [type(cell) for cell in where] == [str, int]:
        return where[0], where[1]
    return None
