"""Documents exchanged by real processes while they are killed, cut off, slowed and restarted."""
