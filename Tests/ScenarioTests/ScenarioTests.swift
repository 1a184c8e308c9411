/// Tests of Scenario.
import Testing
