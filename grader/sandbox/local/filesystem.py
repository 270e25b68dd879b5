"""What a sandbox sees of the file system.

    /            tmpfs, read-only: folders, links and a few small files
    /usr/lib...  shared libraries, Python's standard library and site-packages: read-only, at their own paths
    /dev         null, zero, full, random, urandom
    /proc        this pid namespace only, without the machine's own files
    /sandbox     one sized tmpfs, the only writable place: tmp, home, shm, submission
    /tmp, /dev/shm   links into /sandbox; TMPDIR names it too

The fork server builds this once and moves into it (`enter_template`), so a start has only two mounts to make
(`mount_private`). Folders that must stay hidden are covered, even inside a folder that is shown.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.errors import InfrastructureError
from grader.sandbox.base import MIB, Limits
from grader.sandbox.local import syscalls as sys_

PRIVATE = "/sandbox"
_GPU_NODES = "/gpus"  # of the template: every GPU's device nodes. A sandbox takes its own and lets go of it
WORKING_FOLDER = f"{PRIVATE}/submission"
HOME = f"{PRIVATE}/home"
_TMP = f"{PRIVATE}/tmp"  # noqa: S108  the sandbox's own
_FOLDERS = ("tmp", "home", "shm", "submission")
_LINKS = {
    "tmp": _TMP,
    "var/tmp": _TMP,
    "dev/shm": f"{PRIVATE}/shm",
    "dev/fd": "/proc/self/fd",
}
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
_FILES = {
    "etc/passwd": "student:x:1000:1000:student:/sandbox/home:/bin/false\n",
    "etc/group": "student:x:1000:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_STAGE = "/tmp"  # noqa: S108  any folder that exists everywhere: covered in our own mount namespace only
_TEMPLATE_OPTIONS = f"size={4 * MIB},nr_inodes=4096,mode=0755"
_READ_ONLY = sys_.MOUNT_ATTR_RDONLY | sys_.MOUNT_ATTR_NOSUID | sys_.MOUNT_ATTR_NODEV


@dataclass(frozen=True)
class View:
    """Folders of the host that every sandbox sees, read-only, and those that none may see."""

    shown: tuple[Path, ...]
    hidden: tuple[Path, ...]

    def check(self) -> None:
        """Look again from inside.

        Raises:
            InfrastructureError: something hidden is still there.
        """
        for path in self.hidden:
            if path.exists() and not _is_only_a_way(path, self.shown):
                raise InfrastructureError(f"{path} is to be hidden from sandboxes, but is visible in them.")


def python_view(hidden: tuple[Path, ...], further: tuple[Path, ...] = ()) -> View:
    """What this Python needs, and `further` folders, and no more of `hidden` than the way to it.

    Raises:
        InfrastructureError: it needs a folder that is to be hidden.
    """
    packages = [Path(entry).resolve() for entry in sys.path if entry.endswith(("-packages", "lib-dynload"))]
    stdlib = Path(os.__file__).resolve().parent
    libraries = [Path(name) for name in _LIBRARIES if Path(name).is_dir() and not Path(name).is_symlink()]
    wanted = {*packages, stdlib, *libraries, *_mapped_folders(), *further}
    for path in wanted.intersection(hidden):
        raise InfrastructureError(f"{path} is to be hidden from sandboxes, but Python needs it.")
    return View(tuple(sorted(path for path in wanted if path.is_dir())), hidden)


def _mapped_folders() -> set[Path]:
    """Folders of the shared libraries that this process has loaded, wherever they are."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    files = {Path(line.split(None, 5)[5]) for line in lines if ".so" in line.rpartition("/")[2]}
    return {path.parent for path in files if path.exists()}


def _is_only_a_way(hidden: Path, shown: tuple[Path, ...]) -> bool:
    """Whether a hidden folder holds nothing but the folders that lead to shown ones."""
    ways = {way for path in shown for way in (path, *path.parents)}
    return all(
        entry in ways and (entry in shown or _is_only_a_way(entry, shown)) for entry in hidden.iterdir()
    )


def enter_template(view: View, gpu_nodes: tuple[Path, ...] = ()) -> None:
    """Move this process (in a mount namespace of its own) into the read-only tree and let go of the host's.

    gpu_nodes: device nodes that `mount_private` can give to a sandbox; by default it gets none of them.

    Raises:
        OSError: the kernel refused a mount.
        InfrastructureError: something hidden would be visible.
    """
    sys_.mount("", "/", "", sys_.MS_REC | sys_.MS_PRIVATE)
    files = {name: text.encode() for name, text in _FILES.items()} | _copied_files()
    aliases = (Path(f"/{name}") for name in ("lib", "lib32", "lib64"))
    links = {path.name: str(path.readlink()) for path in aliases if path.is_symlink()}
    copies = {path: _copy(path, _READ_ONLY) for path in _outermost(view)}
    devices = {name: _copy(Path("/dev") / name, sys_.MOUNT_ATTR_NOSUID) for name in _DEVICES}
    gpus = {path.name: _copy(path, sys_.MOUNT_ATTR_NOSUID) for path in gpu_nodes}
    _tmpfs(_STAGE)
    root = Path(_STAGE)
    _write_files(root, files, links | _links_beside(view))
    _attach_devices(root, devices)
    _attach_gpus(root, gpus)
    _attach_trees(root, copies, view)
    _mount_proc(f"{_STAGE}/proc")
    Path(f"{_STAGE}{PRIVATE}").mkdir()
    _seal(_STAGE)
    _pivot(_STAGE)
    view.check()


def _copy(path: Path, attributes: int) -> int:
    descriptor = sys_.copy_mount(str(path))
    sys_.set_mount_flags(descriptor, attributes)
    return descriptor


def _copied_files() -> dict[str, bytes]:
    """Files of the host's /etc that are shown: where libraries are, and what time it is."""
    names = ("etc/ld.so.cache", "etc/localtime")
    return {name: Path(f"/{name}").read_bytes() for name in names if Path(f"/{name}").is_file()}


def _outermost(view: View) -> list[Path]:
    """Shown folders that must be bound: not inside another one, or cut off from it by a hidden folder."""
    bound: list[Path] = []
    for path in view.shown:  # sorted: a parent comes first
        above = [parent for parent in bound if path.is_relative_to(parent)]
        if not above or _is_between(above[-1], view.hidden, path):
            bound.append(path)
    return bound


def _is_between(above: Path, hidden: tuple[Path, ...], below: Path) -> bool:
    return any(path.is_relative_to(above) and below.is_relative_to(path) for path in hidden)


def _links_beside(view: View) -> dict[str, str]:
    """The links, but for those in the way of a shown folder: below /tmp, say. It stays read-only then."""
    return {
        name: target
        for name, target in _LINKS.items()
        if not any(path.is_relative_to(f"/{name}") for path in view.shown)
    }


def _write_files(root: Path, files: dict[str, bytes], links: dict[str, str]) -> None:
    for name in ("dev", "proc"):
        (root / name).mkdir()
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)


def _attach_devices(root: Path, devices: dict[str, int]) -> None:
    for name, descriptor in devices.items():
        place = root / "dev" / name
        place.touch()
        _attach(descriptor, place)


def _attach_gpus(root: Path, nodes: dict[str, int]) -> None:
    """All nodes in a folder of their own, and an empty file for each in /dev, to be covered by it."""
    if not nodes:
        return
    folder = root / _GPU_NODES.lstrip("/")
    folder.mkdir()
    _tmpfs(str(folder))
    for name, descriptor in nodes.items():
        place = root / "dev" / _below_dev(name)
        place.parent.mkdir(exist_ok=True)
        place.touch()
        (folder / name).touch()
        _attach(descriptor, folder / name)


def _below_dev(name: str) -> str:
    """Capabilities of MIG slices are in a folder of their own."""
    return f"nvidia-caps/{name}" if name.startswith("nvidia-cap") else name


def _attach_trees(root: Path, copies: dict[Path, int], view: View) -> None:
    """Attach parents before children, and cover what is hidden in a parent before its shown children come."""
    covers = []
    for path in sorted({*copies, *view.hidden}):
        place = root / path.relative_to("/")
        if path in copies:
            place.mkdir(parents=True, exist_ok=True)
            _attach(copies[path], place)
        elif place.is_dir():
            _tmpfs(str(place))
            covers.append(str(place))
    for cover in covers:
        _seal(cover)


def _tmpfs(place: str) -> None:
    """A small tmpfs, writable until `_seal`."""
    sys_.mount("tmpfs", place, "tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, _TEMPLATE_OPTIONS)


def _seal(place: str) -> None:
    flags = sys_.MS_REMOUNT | sys_.MS_RDONLY | sys_.MS_NOSUID | sys_.MS_NODEV
    sys_.mount("", place, "", flags, _TEMPLATE_OPTIONS)


def _attach(descriptor: int, place: Path) -> None:
    sys_.attach_mount(descriptor, str(place))
    os.close(descriptor)


def _pivot(root: str) -> None:
    os.chdir(root)
    sys_.pivot_root(".", ".")
    sys_.detach(".")
    os.chdir("/")


def _mount_proc(place: str) -> None:
    flags = sys_.MS_NOSUID | sys_.MS_NODEV | sys_.MS_NOEXEC
    sys_.mount("proc", place, "proc", flags, "subset=pid")


def mount_private(limits: Limits, owner: int, gpu_nodes: tuple[str, ...] = ()) -> None:
    """In the sandbox's own mount namespace: its sized tmpfs, owned by `owner`, and its own /proc.

    gpu_nodes: device nodes, below /dev, of the GPU that is this sandbox's.
    """
    _take_gpus(gpu_nodes)
    inodes = limits.tmp_files + len(_FOLDERS) + 1
    options = f"size={limits.tmp_bytes},nr_inodes={inodes},mode=0700,uid={owner},gid={owner}"
    sys_.mount("tmpfs", PRIVATE, "tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV | sys_.MS_NOEXEC, options)
    _mount_proc("/proc")


def _take_gpus(nodes: tuple[str, ...]) -> None:
    if Path(_GPU_NODES).is_dir():
        for node in nodes:
            sys_.mount(f"{_GPU_NODES}/{Path(node).name}", f"/dev/{node}", "", sys_.MS_BIND)
        sys_.detach(_GPU_NODES)  # with every other GPU


@contextmanager
def scratch() -> Iterator[None]:
    """The folders of a sandbox for a while, for the fork server itself."""
    _tmpfs(PRIVATE)
    make_folders()
    yield
    os.chdir("/")
    sys_.detach(PRIVATE)


def empty_folders() -> None:
    """Whatever imports have left in the private tmpfs is gone, as if it were new."""
    for path in Path(PRIVATE).iterdir():
        shutil.rmtree(path)
    make_folders()


def make_folders() -> None:
    """Make the folders of the private tmpfs, as their owner, and go to the working folder."""
    for name in _FOLDERS:
        Path(PRIVATE, name).mkdir(0o700)
    os.chdir(WORKING_FOLDER)
