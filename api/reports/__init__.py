"""Reports: a PDF beside the code, drawn as pictures in a sandbox, and marked by people item by item."""
