"""The Docker backend: single-use containers from a warm pool, through the engine's API alone."""
