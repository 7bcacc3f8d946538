"""The dozen figures by which runs are compared first."""
