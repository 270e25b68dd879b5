"""What becomes of every submission in submissions/."""

from __future__ import annotations

from dataclasses import dataclass

from backends import KIND

ANY = ".*"
CONTAINED = KIND != "local"  # a container has an init, and a Debian's sitecustomize
LOOT = "failed"  # how test_attack ends that got something back
SENT_TOO_MUCH = "Your code raised grader.wire.codec.NotPlain: The result is too large to be sent."


@dataclass(frozen=True)
class Outcome:
    """What is expected. Several statuses in one text, separated by "|", mean that it is a matter of timing.

    attack:  the statuses of the three rounds of `attack`.
    says:    patterns that the first hint of each round matches in full; what came back follows "loot: ".
    honest:  the statuses of the honest tests: before the attack, right after it, at the end.
    """

    attack: tuple[str, str, str] = (LOOT, LOOT, LOOT)
    says: tuple[str, str, str] = (ANY, ANY, ANY)
    honest: tuple[str, str, str] = ("passed", "passed", "passed")
    salvaged: bool = False
    rules_broken: tuple[str, ...] = ()


def loot(*texts: str) -> tuple[str, str, str]:
    """Patterns of what three rounds brought back; one pattern for all, or one each."""
    first, second, third = texts * 3 if len(texts) == 1 else texts
    return f"loot: {first}", f"loot: {second}", f"loot: {third}"


NOTHING = loot(r"\[\]")
ALL_ERRORS = ("error", "error", "error")
ALL_KILLED = ("killed", "killed", "killed")
BAD_CALL = r".*ended by signal 31\."
OWN_AFFAIRS = "(timerslack_ns|clear_refs)" if CONTAINED else "timerslack_ns"  # of its init too
FORBIDDEN = r".*(not allowed|not permitted).*"
NOT_A_MESSAGE = r"Your code disturbed the grader's connection\..*"

ATTACKS = {
    # Reading what it should not.
    "read_files": Outcome(says=loot(r"\[\]", r"\[\]", r"\[False, False, False, False\]")),
    "read_processes": Outcome(
        says=loot(r"\[\]", r"\(\['1'\], \d+, 1\)" if CONTAINED else r"\(\[\], 1, 0\)", r"\[\]")
    ),
    "scan_memory": Outcome((LOOT, "error", LOOT), (r"loot: \[\]", r".*Permission denied.*", r"loot: \[\]")),
    "scan_objects": Outcome(says=loot(r"\[\]", r"\[\]", r"\(\[\], \[\]\)")),
    "settrace": Outcome(says=loot(r"\(\[\], True\)")),
    "descriptors": Outcome(
        (LOOT, LOOT, "error" if CONTAINED else "killed"),
        (r"loot: \[\]", r"loot: \[\]", r".*non-socket.*" if CONTAINED else NOT_A_MESSAGE),
    ),
    # Changing how it is judged.
    "patch_everything": Outcome(
        (LOOT, LOOT, "killed|error|timeout"), honest=("passed", "passed|killed|error", "passed|killed|error")
    ),
    "patch_harness": Outcome(honest=("passed", "failed|error|killed", "failed|error|killed")),
    "equal_objects": Outcome(says=loot(r"<object solution\.\w+ in the sandbox>")),
    "network_lies": Outcome(says=loot(r"<network [\w.]+ in the sandbox>")),
    "objects_for_data": Outcome(says=loot(r"<\w+ [\w.]+ in the sandbox>")),
    "shipped_modules": Outcome(
        says=loot(r"\(\['sitecustomize'\], \['solution'\]\)" if CONTAINED else r"\(\[\], \['solution'\]\)")
    ),
    "smuggled_import": Outcome(says=loot("False", "not static", "not static")),
    "late_names": Outcome(
        says=loot(
            ANY, r"\(\['done', 'done', 'done'\], False, .*\)", r"\[('(OSError|PermissionError)'(, )?){12}\]"
        )
    ),
    # Ending it.
    "exit_at_import": Outcome(says=loot("alive"), salvaged=True),
    "sysexit": Outcome(
        ALL_ERRORS, (r".*SystemExit: 0", r".*KeyboardInterrupt", r".*GeneratorExit"), salvaged=True
    ),
    "exit_in_call": Outcome(
        ALL_KILLED, (r".*\(exit code 0\)\.", r".*\(exit code 70\)\.", r".*printed more than 256 KiB\.")
    ),
    # In a container it is not process 1 of its namespace, which signals from below do not reach.
    "kill": Outcome(ALL_KILLED if CONTAINED else (LOOT, LOOT, LOOT), salvaged=CONTAINED),
    "handlers": Outcome(
        (LOOT, "error|killed|failed", "error|killed|failed"),
        honest=("passed", "passed|killed|error", "passed"),
    ),
    "lowered_limits": Outcome(
        (LOOT, "killed" if CONTAINED else "error", "error"),
        (ANY, r".*signal 9\." if CONTAINED else FORBIDDEN, FORBIDDEN),
    ),
    # Staying.
    "daemons": Outcome(),
    "fork_the_harness": Outcome(("failed|killed",) * 3, honest=("passed", "passed|killed", "passed|killed")),
    "marker": Outcome(says=loot(r"\[\]", "True", "True")),
    # Speaking out of turn.
    "flood": Outcome(("failed|killed",) * 3, honest=("passed", "passed|killed", "passed|killed")),
    "forge_double_reply": Outcome(
        ("failed|killed",) * 3,
        (r".*(forged|real|disturbed).*",) * 3,
        ("passed", "passed|killed", "passed|killed"),
    ),
    "forge_frames": Outcome(ALL_KILLED, (r".*over the cap.*",) * 3, ("passed", "passed", "passed|killed")),
    "forge_slowly": Outcome(("timeout", LOOT, LOOT)),
    "forge_values": Outcome(("killed", "killed", LOOT), honest=("passed", "passed|killed", "passed|killed")),
    "forge_errors": Outcome(
        ("error|killed",) * 2 + ("error|killed",), honest=("passed", "passed|killed", "passed|killed")
    ),
    "forge_everything": Outcome(("failed|killed|error",) * 3, honest=("failed|killed|error",) * 3),
    # Results that are hard to take.
    "numbers": Outcome(
        says=loot(
            r"\[nan, inf, -inf\]", r"\[10{4000}, -10{4000}, \(nan\+infj\)\]", r"\{nan: nan, inf: -0\.0\}"
        )
    ),
    "huge_results": Outcome(("error", "error", "timeout"), (SENT_TOO_MUCH, SENT_TOO_MUCH, "No answer .*")),
    "slow_to_print": Outcome((LOOT, "error", LOOT)),
    "unfolding_results": Outcome(says=loot(r"tensor.*", r"tensor\(\[\], size=.*", r"tensor.*")),
    "exceptions": Outcome(
        ALL_ERRORS, (r".*\(its message cannot be read\)", r".*\(it cannot be described\)", ANY)
    ),
    "hooks": Outcome(says=loot(r".*Trap.*", r".*Recursive.*", r".*Recursive.*")),
    "text_bombs": Outcome((LOOT, "error", LOOT)),
    "print_bomb": Outcome(
        ("killed", LOOT, "killed|memory|timeout"),
        (r".*printed more than.*", "loot: written to descriptors", ANY),
    ),
    "nested_source": Outcome(ALL_ERRORS, honest=ALL_ERRORS, rules_broken=("no-colorsys",)),
    # Leaving the sandbox.
    "syscalls": Outcome(  # of the second round, numbers of another interface: the container's filter kills
        (LOOT, "killed" if CONTAINED else LOOT, "killed"),
        (r"loot: \[\]", BAD_CALL if CONTAINED else r"loot: \[\]", BAD_CALL),
    ),
    "sockets": Outcome(says=NOTHING),
    "escapes": Outcome(says=NOTHING),
    "privileges": Outcome(
        says=loot(
            r"\[\]",
            rf"\[('/proc/(self|1)/{OWN_AFFAIRS}'(, )?)*\]",
            r"\(\[.*'CapEff:', '0{16}'.*'NoNewPrivs:', '1'.*'Seccomp:', '2'.*\)",
        )
    ),
    # Taking everything.
    "fork_bomb": Outcome(
        ("timeout", LOOT, LOOT), ("No answer .*", r"loot: \(True, 11\)", r"loot: \(True, 11\)")
    ),
    "thread_bomb": Outcome(says=loot(r"\(True, .*\)")),
    "memory_bomb": Outcome(("memory|timeout", "failed|memory|timeout", "memory|error|timeout")),
    "disk_bomb": Outcome(
        says=loot(r"\(28, True\)", r"\(28, True\)", r"\(24, True\)")
    ),  # no space, no inode, no descriptor
    "cpu_bomb": Outcome(honest=("passed", "passed|timeout", "passed|timeout")),
    "hang_at_import": Outcome(says=loot("salvaged"), salvaged=True),
    "hang_in_call": Outcome(("timeout", LOOT, "timeout")),
    "slow_and_mortal": Outcome(ALL_KILLED, honest=ALL_KILLED),
}
