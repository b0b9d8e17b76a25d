"""GLM models in a Jupyter notebook."""
