/// Times as signatures carry them.
enum AWSTime {
    /// UTC, as `2015-08-30T12:36:00Z`.
    static func dateTime(_ secondsSince1970: Int64) -> String {
        let text = Array(self.timestamp(secondsSince1970))
        let parts = [text[0..<4], text[4..<6], text[6..<8], text[9..<11], text[11..<13], text[13..<15]].map {
            String($0)
        }
        return "\(parts[0..<3].joined(separator: "-"))T\(parts[3...].joined(separator: ":"))Z"
    }

    /// UTC, as `20150830T123600Z`.
    static func timestamp(_ secondsSince1970: Int64) -> String {
        let days = secondsSince1970.dividedFloor(by: 86_400)
        let second = secondsSince1970 - days * 86_400
        let (year, month, day) = self.date(days)
        return "\(self.padded(year, 4))\(self.padded(month, 2))\(self.padded(day, 2))T\(self.padded(second / 3_600, 2))"
            + "\(self.padded(second / 60 % 60, 2))\(self.padded(second % 60, 2))Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// The proleptic Gregorian calendar; years are counted from March so that the leap day ends one.
    private static func date(_ daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSince1970 + 719_468
        let era = days.dividedFloor(by: 146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func dividedFloor(by divisor: Int64) -> Int64 {
        (self >= 0 ? self : self - divisor + 1) / divisor
    }
}
