/// LinuxIO: see ARCHITECTURE.md.
