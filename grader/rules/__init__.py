from dataclasses import dataclass
@dataclass(frozen=True)
class Violation:
    rule_id: str; file: str; line: int; text: str; message: str; points: float; zero_parts: tuple[str, ...]
def check(submission, rules): return ()
