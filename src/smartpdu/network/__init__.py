"""Layer 5: what the world sees and may ask (whitepaper 14)."""
