"""The nouns of the house: what is built, measured, asked, commanded and what happened."""
