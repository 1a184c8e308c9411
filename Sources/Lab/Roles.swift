/// The small parts that halua's tool plays inside a lab, so that the lab needs neither Java nor Python.
import Glibc

/// Plays the part that the environment names, and never returns then; returns at once in every other process.
///
/// The tool's `main` calls this first. An environment variable and not an argument chooses the part, because the
/// stand-in for a Java machine must show a Java machine's arguments.
package func runLabRole() {}
