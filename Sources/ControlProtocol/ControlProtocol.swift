/// ControlProtocol: see ARCHITECTURE.md.
