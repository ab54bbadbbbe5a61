"""A model of store, relay, broker and consumers around the real decision, for a state machine."""
