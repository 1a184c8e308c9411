/// Tests of Wire.
import Testing
