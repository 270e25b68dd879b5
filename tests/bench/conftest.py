"""The specs of the bench's own assignment are no tests of the project."""

collect_ignore = ["course"]
