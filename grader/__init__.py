"""tensorgrade's engine: the hidden tests and the student's code never share a process."""
