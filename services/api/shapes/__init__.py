"""What requests and answers look like, a module per resource."""
