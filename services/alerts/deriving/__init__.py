"""What is computed from readings and strikes, and becomes readings itself."""
