/// Tests of LuaHost.
import Testing
