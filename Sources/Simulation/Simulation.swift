/// Simulation: see ARCHITECTURE.md.
