"""Reading a WordPress site over its REST API, and keeping the content store in step with it."""
