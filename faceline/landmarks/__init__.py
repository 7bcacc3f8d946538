"""The stacked hourglass that finds five landmarks: its codec, net, training, data sets and evaluation."""
