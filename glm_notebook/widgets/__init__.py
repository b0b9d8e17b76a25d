"""What is shown in a page, as anywidgets."""
