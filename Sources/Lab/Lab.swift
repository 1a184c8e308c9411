/// Lab: see ARCHITECTURE.md.
