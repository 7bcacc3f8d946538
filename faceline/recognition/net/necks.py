"""What can make the features of a backbone an embedding, by name; `EmbeddingNet` builds it."""

NECKS = ("bn_fc_bn", "fc_bn", "flat_bn_fc_bn")
