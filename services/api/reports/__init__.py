"""Reports of a shift, a day, a month: asked for, due, made in a process of their own, kept."""
