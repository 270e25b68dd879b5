# -*- coding: raw_unicode_escape -*-
"""Hides a forbidden import from the rules: in an encoding that turns a comment into code, and in exec."""
# nothing to see here \u000aimport colorsys as hidden


def double(x):
    return 2 * x


def attack(number):
    if number == 0:
        return "hidden" in globals()
    exec("import color" + "sys")
    return "not static"


def answer(x):
    return 0
