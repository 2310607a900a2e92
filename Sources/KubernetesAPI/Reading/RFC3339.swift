/// Times as Kubernetes writes them: `2026-01-02T03:04:05Z`, with fractions or an offset where another tool wrote them.
public enum RFC3339 {
    /// Seconds since 1970, fractions dropped; nil where the text is no time.
    public static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = self.digits(bytes[0..<4]), let month = self.digits(bytes[5..<7]),
            let day = self.digits(bytes[8..<10]), let hour = self.digits(bytes[11..<13]),
            let minute = self.digits(bytes[14..<16]), let second = self.digits(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
            let offset = self.offsetSeconds(bytes[19...])
        else { return nil }
        return self.daysSince1970(year: year, month: month, day: day) * 86_400
            + hour * 3_600 + minute * 60 + second - offset
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// Reads `Z`, `.123Z`, `+01:00`, `.5-02:30`.
    private static func offsetSeconds(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var rest = bytes
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !fraction.isEmpty else { return nil }
            rest = rest[fraction.endIndex...]
        }
        if rest.count == 1 { return rest.first == UInt8(ascii: "Z") || rest.first == UInt8(ascii: "z") ? 0 : nil }
        let start = rest.startIndex
        guard rest.count == 6, rest[start + 3] == UInt8(ascii: ":"),
            rest[start] == UInt8(ascii: "+") || rest[start] == UInt8(ascii: "-"),
            let hours = self.digits(rest[start + 1..<start + 3]),
            let minutes = self.digits(rest[start + 4..<start + 6]),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (rest[start] == UInt8(ascii: "-") ? -1 : 1)
    }

    /// Days of the proleptic Gregorian calendar; years are counted from March so that the leap day ends one.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
