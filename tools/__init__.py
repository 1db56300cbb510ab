"""Programs that are run by hand, not by the package: what they make is committed."""
