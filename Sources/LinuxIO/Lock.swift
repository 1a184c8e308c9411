/// A mutual exclusion around one value, made of pthread_mutex_t because ThreadSanitizer understands that one.
import Glibc

/// A value that several threads use, one at a time.
///
/// It is Sendable without the compiler's proof because `value` is only touched in `withLock`, between
/// pthread_mutex_lock and pthread_mutex_unlock, and the mutex has an address of its own that never moves.
/// (Synchronization.Mutex would need no comment, but its futex code is invisible to ThreadSanitizer.)
package final class Lock<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let result = pthread_mutex_init(mutex, nil)
        precondition(result == 0, "a default mutex needs no resources")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the value while no other thread has it. Keep it short: the threads that wait are stopped.
    package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }
}
