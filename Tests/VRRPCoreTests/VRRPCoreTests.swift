/// Tests of VRRPCore.
import Testing
