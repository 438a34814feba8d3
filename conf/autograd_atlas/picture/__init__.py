"""From a :class:`~autograd_atlas.graph.Graph` to what a person sees of it, in any language."""
