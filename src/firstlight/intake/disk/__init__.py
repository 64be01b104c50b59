"""Disk images: E01, Ex01 and raw ones, their partitions, file systems, deleted entries.

An image is an archive like any other (``intake.archive``): every file in it is a member, named
``vol1-ntfs/`` and its path, byte for byte as the Sleuth Kit gives it, and read where it lies.
Nothing is copied, nothing is mounted, nothing is written.

- ``image``: the readers that the registry names.
- ``segment``: the files that an image is split into, and how they are named.
- ``source``: the bytes of a disk, wherever they come from; what of them is damaged or missing.
- ``ewf``: EnCase images (EWF-E01), chunk by chunk; ``library``: other EWF forms, by libewf.
- ``volume``: partitions, and what is known of those that are not read.
- ``tree``, ``entry``, ``content``: a file system's entries, what is said of them, their bytes.
"""
