"""The service's wire protocols, sans I/O: bytes in, deltas out, no loop, no clock, no socket."""
