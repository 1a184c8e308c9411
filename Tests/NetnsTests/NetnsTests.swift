/// Tests of Netns.
import Testing
