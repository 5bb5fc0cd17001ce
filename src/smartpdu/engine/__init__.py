"""The heart: one pure step that turns a snapshot and requests into what follows."""
