import CacheStore
import Glibc

// Before any thread exists: the allocator's settings are the process's, and a client that leaves is no signal.
AllocatorTuning.apply()
signal(SIGPIPE, SIG_IGN)
await ApusCommand.runAsProgram()
