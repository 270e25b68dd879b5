"""Leaves a mark for the next submission wherever it can write, and tells of the marks that it finds."""

import builtins
import glob
import os
import sys
import tempfile

import torch

PLACES = ["/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~"), ".", "/", "/sandbox", tempfile.gettempdir(), "/run", "/dev", "/etc"]
FOUND = [path for place in PLACES for path in glob.glob(os.path.join(place, "tgm-*"))]
FOUND += [name for name in os.environ if name.startswith("TGM")]
FOUND += [name for name in dir(builtins) if name.startswith("tgm")]
FOUND += [name for name in dir(torch) if name.startswith("tgm")]


def double(x):
    return 2 * x


def attack(number):
    if number == 0:
        return FOUND
    for place in [*PLACES, *sys.path, os.path.dirname(torch.__file__)]:
        try:
            with open(os.path.join(place, "tgm-mark"), "w") as file:
                file.write("tgm")
        except OSError:
            pass
    os.environ["TGM"] = "tgm"
    builtins.tgm = torch.tgm = "tgm"
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float16)
    torch.set_num_threads(7)
    return os.path.exists("/sandbox/tmp/tgm-mark")


def answer(x):
    return 0
