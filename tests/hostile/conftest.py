"""The course and the submissions are data of test_hostile.py, not tests."""

collect_ignore = ["course", "submissions"]
