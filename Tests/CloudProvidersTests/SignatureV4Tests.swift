import CloudProviders
import HTTPTransport
import Testing

@Suite("AWS Signature Version 4")
struct SignatureV4Tests {
    private func signature(_ headers: HTTPHeaders, _ body: String, token: String? = nil) -> String {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            sessionToken: token)
        let signer = SignatureV4(credentials: credentials, region: "us-east-1", service: "service")
        return signer.signed(headers, body: Array(body.utf8), timestamp: "20150830T123600Z")["authorization"] ?? ""
    }

    @Test("AWS's test vector post-vanilla")
    func vanilla() {
        #expect(
            self.signature(["Host": "example.amazonaws.com"], "")
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, "
                + "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
    }

    @Test("AWS's test vector post-x-www-form-urlencoded")
    func form() {
        let headers: HTTPHeaders = [
            "Content-Type": "application/x-www-form-urlencoded", "Host": "example.amazonaws.com",
        ]
        #expect(
            self.signature(headers, "Param1=value1").hasSuffix(
                "SignedHeaders=content-type;host;x-amz-date, "
                    + "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"))
    }

    @Test("a session token is signed too")
    func sessionToken() {
        let signed = self.signature(["Host": "example.amazonaws.com"], "", token: "token")
        #expect(signed.contains("SignedHeaders=host;x-amz-date;x-amz-security-token"))
    }

    @Test("AWS's test vector get-vanilla, and a path whose escapes are escaped again (figure from botocore)")
    func otherMethods() {
        let signer = SignatureV4(
            credentials: AWSCredentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "service")
        for (path, expected) in [
            ("/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("/clusters/a%20b/x", "b46ae7268d7fbaeb8b226f6a466f9bf43587b1a48ca2465c33ac58b52d50717f"),
        ] {
            let signed = signer.signed(
                ["Host": "example.amazonaws.com"], method: "GET", path: path, body: [], timestamp: "20150830T123600Z")
            #expect(signed["authorization"]?.hasSuffix("Signature=\(expected)") == true, "\(path)")
        }
    }
}
