"""The wire format: `tarjuman.v1`, and the stubs generated from it by `protos/generate.py`."""
