extension OwnerReference {
    /// The reference a controller writes into what it makes.
    public init(controllerOf apiVersion: String, kind: String, name: String, uid: String? = nil) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.isController = true
    }
}

extension Volume {
    public init(name: String, source: Source) {
        self.name = name
        self.source = source
    }
}
