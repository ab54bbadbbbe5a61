"""What ends an order, what a verdict is worth, and how long evidence holds. Pure."""
