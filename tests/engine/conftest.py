"""Offers the story to the tests of this folder."""

from story import story

__all__ = ["story"]
