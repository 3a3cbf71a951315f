"""A task with a server and an image, and the services that it needs."""

ALL = frozenset({"compute", "image", "identity"})
TASK = """\
version: 2
title: T
subtasks:
  - title: one
    scenario:
      NovaServers.boot_and_delete_server:
        image: {name: cirros}
        flavor: {name: m1.nano}
  - title: two
    scenario:
      GlanceImages.create_and_delete_image:
        {container_format: bare, disk_format: raw, image_location: some.raw}
"""
