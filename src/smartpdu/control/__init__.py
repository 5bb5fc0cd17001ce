"""Layer 4, control: who may, what is switched, who stands first (whitepaper 4.1, 15)."""
