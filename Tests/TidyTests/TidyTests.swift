/// Tests of Tidy.
import Testing
