"""The translation service: pipeline, server and client."""

__version__ = "0.1.0"
