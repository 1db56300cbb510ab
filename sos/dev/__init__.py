"""``sos dev``: pages with the templates of a folder, live while one edits them.

In: a folder of templates, a content store. Out: one process that serves pages, and a browser that
follows each save. Never part of a node: nothing of it is imported by what serves the public.
"""
