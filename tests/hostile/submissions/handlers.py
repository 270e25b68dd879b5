"""Signal handlers, timers and alarms that raise in the middle of the harness, or for ever."""

import signal


def double(x):
    return 2 * x


class Surprise(BaseException):
    pass


def surprise(*_):
    raise Surprise


def attack(number):
    if number == 0:
        signal.signal(signal.SIGALRM, surprise)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        return "timer"
    for name in (signal.SIGSEGV, signal.SIGPIPE, signal.SIGTERM):
        signal.signal(name, surprise)
    signal.alarm(1)
    signal.raise_signal([0, signal.SIGTERM, signal.SIGSEGV][number])


def answer(x):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while type(x) is int:
        try:
            while True:
                pass
        except BaseException:
            continue
