"""A rack that lives, and fails on demand (whitepaper 16.2)."""
