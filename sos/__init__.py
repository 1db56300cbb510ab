"""sos: a stateless homepage render tier for WordPress-sourced content."""

__version__ = "0.1.0"
