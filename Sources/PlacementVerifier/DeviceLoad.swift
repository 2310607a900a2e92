/// Who is on one device, and how much of it they take.
struct DeviceLoad {
    /// Pod indices, one entry per client.
    var clients: [Int] = []
    var memoryMiB: Int64 = 0
    var thousandths = 0
    /// A client that bears no other: anything but a fraction on a device that is not shared.
    var isTakenWhole = false
}
