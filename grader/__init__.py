"""tensorgrade's engine: grades submissions without the tests and the student's code ever sharing a process."""
