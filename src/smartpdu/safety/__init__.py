"""Layer 3, environment and safety (whitepaper 6.3, 9 to 11)."""
