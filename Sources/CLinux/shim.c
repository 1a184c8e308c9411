/// The module is its header; this file makes it a target that SwiftPM builds and whose header the compiler checks.
#include "CLinux.h"
