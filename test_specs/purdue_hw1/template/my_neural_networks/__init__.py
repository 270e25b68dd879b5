"""Feed-forward networks from scratch."""
