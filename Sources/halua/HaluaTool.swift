/// The operator's tool.
@main
enum HaluaTool {
    nonisolated static func main() {}
}
