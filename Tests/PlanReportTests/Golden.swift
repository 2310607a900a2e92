import FoundationEssentials

/// Expected texts, kept as files so that they can be read and reviewed as what a user sees.
///
/// With `BERTH_RECORD_GOLDEN=1` in the environment they are written anew instead of compared.
enum Golden {
    static func matches(_ text: String, _ file: String) throws -> Bool {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
        let url = folder.appending(path: file)
        if ProcessInfo.processInfo.environment["BERTH_RECORD_GOLDEN"] != nil {
            try Data(text.utf8).write(to: url)
            return true
        }
        return try Data(contentsOf: url) == Data(text.utf8)
    }
}
