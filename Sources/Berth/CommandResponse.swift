/// What a command has to say, before it touches a terminal.
struct CommandResponse: Hashable, Sendable {
    var standardOutput = ""
    /// Whole lines.
    var standardError = ""
    var status: ExitStatus

    static func failed(_ status: ExitStatus, _ lines: [String]) -> CommandResponse {
        CommandResponse(standardError: lines.map { $0 + "\n" }.joined(), status: status)
    }
}
