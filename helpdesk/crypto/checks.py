"""What must hold before a desk may run: models that can be sealed, and keys that open."""
