"""The development issuer: log-in for laptops and tests, where no OIDC provider is at hand."""
