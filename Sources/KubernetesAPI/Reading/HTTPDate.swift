/// Times as HTTP writes them: `Fri, 27 Jan 2023 06:02:51 GMT`.
public enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970; nil where the text is no such time.
    public static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[0].hasSuffix(","),
            let month = self.months.firstIndex(of: String(words[2]))
        else { return nil }
        let padded = { (text: Substring) in text.count == 1 ? "0\(text)" : String(text) }
        return RFC3339.seconds("\(words[3])-\(padded("\(month + 1)"))-\(padded(words[1]))T\(words[4])Z")
    }
}
