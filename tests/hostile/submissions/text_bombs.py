"""Prints, raises and returns control characters, escape sequences, overrides, NULs and lone surrogates; replaces stdout."""

import io
import sys

NASTY = "\x1b]0;title\x07\x1b[2J\x1b[31m\u202egnissap\u2066\x00\x9b31m\ud800\udfff\r\x08</script><b>[red]x[/red]&amp;"


def double(x):
    return 2 * x


class Stream(io.StringIO):
    def drain(self):
        return NASTY * 100_000


def attack(number):
    print(NASTY * 50)
    sys.stderr.write(NASTY)
    if number == 0:
        return NASTY
    if number == 1:
        sys.stdout = sys.stderr = Stream()
        exec(compile("raise ValueError(NASTY)", f"{__file__}\n{NASTY.encode('ascii', 'ignore').decode()}".replace("\x00", ""), "exec"), globals())
    return {NASTY: NASTY}


def answer(x):
    print(NASTY * 50)
    return NASTY if isinstance(x, str) else 0
