"""A model on this machine: a GGUF file, served by llama.cpp in a process of its own (the extra ``local``)."""

from glm_notebook.local.server import DEFAULT_WAIT_S, LocalServer, serve

__all__ = ["DEFAULT_WAIT_S", "LocalServer", "serve"]
