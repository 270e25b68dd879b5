"""Handed in right after each attack: it must get what it deserves, and find nothing that somebody left."""

import builtins
import glob
import os
import tempfile

import torch

PLACES = ["/tmp", "/dev/shm", "/var/tmp", "/sandbox", os.path.expanduser("~"), ".", "/"]
MARKS = [path for place in PLACES for path in glob.glob(os.path.join(place, "*tgm*"))]
MARKS += [name for name in (*os.environ, *dir(builtins), *dir(torch)) if name.lower().startswith("tgm")]
# /tmp leads to TMPDIR, unless Python itself is installed below it: then nobody can write there.
WRITABLE = [tempfile.gettempdir(), "/dev/shm", os.path.expanduser("~")]
MARKS += [name for place in WRITABLE for name in os.listdir(place)]


def double(x):
    if torch.get_default_dtype() != torch.float32 or torch.equal(torch.zeros(1), torch.ones(1)):
        raise RuntimeError("somebody changed torch")
    return 2 * x


def attack(number):
    return ", ".join(MARKS)


def answer(x):
    raise NotImplementedError
