"""The stacked hourglass: codec, net, and the trained net in use."""
