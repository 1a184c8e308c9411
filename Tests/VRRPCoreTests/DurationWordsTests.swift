/// Spans in the words of log lines.
import Testing
import VRRPCore

@Suite struct DurationWordsTests {
    @Test(
        "a span is said as a person would say it",
        arguments: [
            (Duration.seconds(20), "20 s"), (.milliseconds(1_500), "1.5 s"), (.milliseconds(100), "100 ms"),
            (.microseconds(218), "0.218 ms"), (.nanoseconds(3_218_750_000), "3.218 s"), (.zero, "0 ms"),
            (.milliseconds(40_950), "40.95 s"), (.milliseconds(1_005), "1.005 s"),
        ])
    func words(span: Duration, expected: String) { #expect(span.inWords == expected) }
}
