/// Text to a descriptor, whole: for the terminal and for log files.
import Glibc

/// A line at once, also into a pipe: for commands whose output is followed while they run.
package func printLine(_ text: String) { writeAll(text + "\n", to: STDOUT_FILENO) }

/// A line on standard error, for the person who started the program.
package func printError(_ text: String) { writeAll(text + "\n", to: STDERR_FILENO) }

/// Writes everything, or as much as there is somebody to read it.
package func writeAll(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }
}
