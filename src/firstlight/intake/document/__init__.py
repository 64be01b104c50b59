"""Pictures and files inside documents, mail and thumbnail stores.

Each module reads one format and gives its contents as members of an archive are given
(``intake.archive.member``). What can be handed over byte for byte is: the digests of a picture
inside a document are then those of the picture itself.
"""
