"""The lab's pytest fixtures."""
