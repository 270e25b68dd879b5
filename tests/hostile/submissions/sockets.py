"""Opens sockets of every family, looks names up, and connects to what listens on the machine."""

import socket


def double(x):
    return 2 * x


def opened(family, kind, protocol=0):
    try:
        socket.socket(family, kind, protocol).close()
        return True
    except OSError:
        return False


def attack(number):
    if number == 0:
        found = []
        for family in range(46):
            for kind in (1, 2, 3, 5):
                if opened(family, kind) and family != socket.AF_UNIX:
                    found.append((family, kind))
        return found
    if number == 1:
        found = []
        for host in ("example.com", "localhost", "127.0.0.1", "169.254.169.254"):
            try:
                socket.create_connection((host, 80), timeout=0.3)
                found.append(host)
            except OSError:
                pass
        try:
            found.append(socket.getaddrinfo("example.com", 80))
        except OSError:
            pass
        return found
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect("\0LISTENER")
            return [probe.recv(100).decode()]
        except OSError:
            return []


def answer(x):
    return 0
