"""Pages of a PDF as pictures. A PDF is hostile: nothing here parses one, a sandbox does.

problem(data)                          magic, size and end, by bytes alone
pictures(data, backend, max_pages)     pages as PNG, drawn in a sandbox of their own
"""

from __future__ import annotations

from grader.pdf.pages import Picture, pictures
from grader.pdf.shape import problem

__all__ = ["Picture", "pictures", "problem"]
