import Testing

@testable import CloudProviders

@Suite("XML of AWS")
struct XMLElementTests {
    private func parse(_ text: String) -> XMLElement? { XMLElement(parsing: Array(text.utf8)) }

    @Test("elements, lists, entities, CDATA, attributes, comments and empty elements")
    func reads() throws {
        let root = try #require(
            self.parse(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <!-- before -->
                <Answer xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
                  <set>
                    <item><key a="1">a &lt;&amp;&#x41;&#66;&gt; &unknown; &</key></item>
                    <item><key><![CDATA[<b>]]></key></item>
                  </set>
                  <nothing/>
                  <empty></empty>
                </Answer>
                """))
        #expect(root.name == "Answer")
        #expect(root.list("set").map { $0.text("key") } == ["a <&AB> &unknown; &", "<b>"])
        #expect(root.text("nothing") == nil && root.text("empty") == nil && root["nothing"] != nil)
        #expect(root.text.isEmpty)
        #expect(root.first("key")?.text == "a <&AB> &unknown; &")
        #expect(root[["set", "item", "key"]]?.text == "a <&AB> &unknown; &")
    }

    @Test(
        "what is not one well-nested element is refused",
        arguments: [
            "", "text", "<a>", "<a></b>", "</a>", "<a", "<a><b></a></b>", "<>x</>", "<a><![CDATA[</a>",
            "<!DOCTYPE a><a/>",
            String(repeating: "<a>", count: 65) + String(repeating: "</a>", count: 65),
        ])
    func refuses(text: String) { #expect(self.parse(text) == nil) }

    @Test("cut anywhere, an answer is refused and never trapped on")
    func cut() {
        let text = Array("<a><b>x&amp;y</b><![CDATA[z]]><!-- c --><d/></a>".utf8)
        for length in text.indices { #expect(XMLElement(parsing: Array(text[..<length])) == nil) }
    }
}

@Suite("Times in signatures")
struct AWSTimeTests {
    @Test(
        "the civil calendar, leap years and the years before 1970",
        arguments: [
            (Int64(0), "19700101T000000Z"), (1_440_938_160, "20150830T123600Z"), (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"), (4_107_542_400, "21000301T000000Z"), (-1, "19691231T235959Z"),
        ])
    func timestamps(seconds: Int64, expected: String) { #expect(AWSTime.timestamp(seconds) == expected) }
}

@Suite("Addresses of AWS")
struct AWSAddressTests {
    @Test(
        "the host is signed as it is sent: with a port that is not the scheme's own",
        arguments: [
            ("https://ec2.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"),
            ("http://127.0.0.1:5000", "127.0.0.1:5000"), ("https://host:443", "host"), ("http://host:80", "host"),
            ("http://[::1]:5000", "[::1]:5000"),
        ])
    func host(server: String, expected: String) { #expect(AWSServiceClient.host(ofServer: server) == expected) }

    @Test("an endpoint of one service goes before that of all, and that before AWS's own")
    func endpoints() {
        var environment = ScriptedWorld().environment()
        #expect(environment.server(of: .eks, region: "cn-north-1") == "https://eks.cn-north-1.amazonaws.com.cn")
        environment.variables["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
        #expect(environment.server(of: .autoscaling, region: "us-east-1") == "http://127.0.0.1:1")
        environment.variables["AWS_ENDPOINT_URL_AUTO_SCALING"] = "http://127.0.0.1:2"
        #expect(environment.server(of: .autoscaling, region: "us-east-1") == "http://127.0.0.1:2")
    }
}
