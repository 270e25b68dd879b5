"""Grades: how a student stands, and the gradebook of the staff."""
