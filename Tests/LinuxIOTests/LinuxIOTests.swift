/// Tests of LinuxIO.
import Testing
