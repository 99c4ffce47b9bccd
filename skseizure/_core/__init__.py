"""Small tools that every sub-package shares."""
