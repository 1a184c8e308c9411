/// Daemon: see ARCHITECTURE.md.
