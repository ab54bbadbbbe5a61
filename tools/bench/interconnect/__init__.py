"""How fast documents are exchanged, what one costs, and how large one may be."""
