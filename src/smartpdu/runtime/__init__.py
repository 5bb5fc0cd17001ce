"""The loop that turns the heart, and the desk where others look and ask."""
