"""From the store to other services: relay, deliveries, consumers, retries."""
