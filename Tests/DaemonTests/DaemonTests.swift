/// Tests of Daemon.
import Testing
