"""REST under /api/v1, one file for each family of resources (14.2)."""
