"""The hands: each file one kind of hardware; none knows another."""
