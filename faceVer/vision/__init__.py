"""Images to facts: detection, alignment, embedding, attributes, PAD. The only importers of insightface."""
