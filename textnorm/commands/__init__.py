"""The click commands, one file a command, imported only when run."""
