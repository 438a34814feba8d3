"""From code that runs under a recorder to a :class:`~autograd_atlas.graph.Graph`."""
