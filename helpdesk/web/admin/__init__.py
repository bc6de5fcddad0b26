"""The Django admin, one module per area; admin classes stand only here."""
