/// Tests of Conf.
import Testing
