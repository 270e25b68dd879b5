"""What can go wrong on the command line's side.

ClientError            a sentence that tells what to do
|-- Refused            the service says no: the request is wrong (exit status 2)
|-- SignInNeeded       there is no valid token (2)
`-- ServiceTrouble     it cannot be reached, is broken, or could not grade (3)
"""

from __future__ import annotations

USAGE, TROUBLE = 2, 3


class ClientError(Exception):
    """Base of all of them."""

    status = TROUBLE


class Refused(ClientError):
    """The service says no; its sentence says why."""

    status = USAGE


class SignInNeeded(ClientError):
    """Nobody is signed in, or the token is no longer valid."""

    status = USAGE


class ServiceTrouble(ClientError):
    """Not the user's fault."""
