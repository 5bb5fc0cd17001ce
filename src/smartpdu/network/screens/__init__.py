"""The web pages: what a person sees of a rack, live."""
