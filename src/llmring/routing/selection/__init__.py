"""The models that can serve a request, and the form in which each gets it."""
