"""What people can be asked, one field a file; a recipe names a field by its file."""
