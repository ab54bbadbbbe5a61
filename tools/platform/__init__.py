"""The platform on one machine: servers, services and the process that watches them."""
