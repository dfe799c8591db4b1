"""The lab: the real parts that the product meets, on loopback, for tests and for trying it."""
