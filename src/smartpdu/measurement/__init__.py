"""Layer 2, measurement and its quality (whitepaper 7, 8, 12)."""
