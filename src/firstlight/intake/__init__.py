"""What opens material: folders, archives, list formats."""
