"""What describes a media: digests, decoding, PDQ, video, metadata (pure functions)."""
