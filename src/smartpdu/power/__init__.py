"""Layer 1, the power path: supply, load, breakers, cords (whitepaper 3 to 6)."""
