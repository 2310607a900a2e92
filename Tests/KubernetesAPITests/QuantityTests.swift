import KubernetesAPI
import Testing

@Suite("A quantity")
struct QuantityTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let up: Int64
        let down: Int64
        let milliUp: Int64

        init(_ text: String, _ up: Int64, _ down: Int64, _ milliUp: Int64) {
            (self.text, self.up, self.down, self.milliUp) = (text, up, down, milliUp)
        }

        var testDescription: String { self.text }
    }

    static let legal: [Row] = [
        Row("0", 0, 0, 0), Row("-0", 0, 0, 0), Row("8", 8, 8, 8_000), Row("+8", 8, 8, 8_000),
        Row("008", 8, 8, 8_000), Row("5.", 5, 5, 5_000), Row(".5", 1, 0, 500), Row("1.5", 2, 1, 1_500),
        Row("500m", 1, 0, 500), Row("1500m", 2, 1, 1_500), Row("1u", 1, 0, 1), Row("1n", 1, 0, 1),
        Row("0.0001m", 1, 0, 1), Row("2k", 2_000, 2_000, 2_000_000), Row("3M", 3_000_000, 3_000_000, 3_000_000_000),
        Row("1G", 1_000_000_000, 1_000_000_000, 1_000_000_000_000),
        Row("1T", 1_000_000_000_000, 1_000_000_000_000, 1_000_000_000_000_000),
        Row("1P", 1_000_000_000_000_000, 1_000_000_000_000_000, 1_000_000_000_000_000_000),
        Row("1E", 1_000_000_000_000_000_000, 1_000_000_000_000_000_000, .max),
        Row("1e3", 1_000, 1_000, 1_000_000), Row("1E3", 1_000, 1_000, 1_000_000), Row("1E+3", 1_000, 1_000, 1_000_000),
        Row("15e-1", 2, 1, 1_500), Row("1e-30", 1, 0, 1), Row("1e-9223372036854775808", 1, 0, 1),
        Row("0e99999999", 0, 0, 0), Row("000000000000000000000000000000000001", 1, 1, 1_000),
        Row("1Ki", 1_024, 1_024, 1_024_000), Row("1.5Ki", 1_536, 1_536, 1_536_000), Row("0.1Ki", 103, 102, 102_400),
        Row(".5Mi", 524_288, 524_288, 524_288_000), Row("2Gi", 2_147_483_648, 2_147_483_648, 2_147_483_648_000),
        Row("1Ti", 1_099_511_627_776, 1_099_511_627_776, 1_099_511_627_776_000),
        Row("1Pi", 1_125_899_906_842_624, 1_125_899_906_842_624, 1_125_899_906_842_624_000),
        Row("7Ei", 8_070_450_532_247_928_832, 8_070_450_532_247_928_832, .max),
        // The API server caps binary amounts instead of refusing them.
        Row("8Ei", .max, .max, .max), Row("99999999999999999999Ki", .max, .max, .max),
        Row("9223372036854775807", .max, .max, .max),
        Row("0.0000000000000000000000000000001Ei", 1, 0, 1),
        // "Up" is towards more also below zero.
        Row("-1.5", -1, -2, -1_500), Row("-500m", 0, -1, -500), Row("-2Ki", -2_048, -2_048, -2_048_000),
    ]

    @Test("is rounded up for what is asked and down for what there is", arguments: Self.legal)
    func rounding(row: Row) throws {
        let quantity = try Quantity(parsing: row.text)
        #expect(quantity.units(rounding: .up) == row.up)
        #expect(quantity.units(rounding: .down) == row.down)
        #expect(quantity.thousandths(rounding: .up) == row.milliUp)
        #expect(quantity.text == row.text)
    }

    static let illegal: [(String, QuantityError.Code)] = [
        ("", .empty), (".", .notANumber), ("+", .notANumber), ("-", .notANumber), ("Ki", .notANumber),
        ("abc", .notANumber), ("NaN", .notANumber), ("Infinity", .notANumber), (" 1", .notANumber),
        ("1 ", .unknownSuffix), ("1.1.1", .unknownSuffix), ("1+1", .unknownSuffix), ("0.1mi", .unknownSuffix),
        ("0.1am", .unknownSuffix), (".5i", .unknownSuffix), ("1i", .unknownSuffix), ("-3.01i", .unknownSuffix),
        ("-3.01e-", .unknownSuffix), ("1e", .unknownSuffix), ("1e1.5", .unknownSuffix), ("1K", .unknownSuffix),
        ("1KI", .unknownSuffix), ("1gi", .unknownSuffix), ("1_000", .unknownSuffix), ("0x10", .unknownSuffix),
        ("1m\u{0}", .unknownSuffix), ("1e99999999999999999999", .unknownSuffix), ("--1", .notANumber),
        ("9223372036854775808", .tooLarge), ("10E", .tooLarge), ("1e19", .tooLarge),
        ("1e9223372036854775807", .tooLarge), ("٣", .notANumber),
    ]

    @Test(
        "is refused with a reason where Kubernetes refuses it, or where it cannot be counted", arguments: Self.illegal)
    func refusal(text: String, code: QuantityError.Code) {
        #expect { try Quantity(parsing: text) } throws: { ($0 as? QuantityError)?.code == code }
    }

    @Test("knows whether it is a whole number, as amounts of devices have to be")
    func wholeNumbers() throws {
        #expect(try Quantity(parsing: "2000m").isWholeNumber)
        #expect(try !Quantity(parsing: "1500m").isWholeNumber)
        #expect(try !Quantity(parsing: "1n").isWholeNumber)
        #expect(try Quantity(parsing: "-1").isNegative)
    }

    @Test("may be written as a JSON number, as some clients do")
    func numbers() throws {
        let text = pod(spec: "{overhead: {cpu: 2, memory: 1.5, pods: 1e3, x: [], z: true}}")
        let (pod, findings) = try read(text, as: Pod.self)
        let overhead = try #require(pod?.spec.overhead)
        #expect(overhead["cpu"] == Quantity(2))
        #expect(overhead["memory"]?.thousandths(rounding: .up) == 1_500)
        #expect(overhead["pods"]?.units(rounding: .down) == 1_000)
        #expect(
            findings == [
                "spec.overhead.x: found an array, expected a quantity such as 2, 500m or 1.5Gi",
                "spec.overhead.z: found true, expected a quantity such as 2, 500m or 1.5Gi",
            ])
    }
}
