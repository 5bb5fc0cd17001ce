"""The memory: journal, commands, settings, history in one file."""
