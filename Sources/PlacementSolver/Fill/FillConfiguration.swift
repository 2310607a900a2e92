/// How much work the fill planner puts into one plan. None of it depends on a workload.
struct FillConfiguration: Sendable {
    /// Whether parts of devices and what is left of devices are measured so that whatever fits is sure to be counted as fitting.
    var roundsPartsDown = false
    /// Rooms looked at anew in one plan; of more, the rest keep the patterns they hold.
    var roomLimit = 150
    /// Shapes planned for; of more, those with the largest demand in devices.
    var shapeLimit = 512
    /// Pods offered to one room when it is filled at random.
    var offerCount = 60
    /// Random fills per room at the start: at least so many, and one per two nodes of the room, up to a limit.
    var firstFills = 30
    var firstFillLimit = 200
    /// As `firstFills`, for rooms of one node where there are many rooms: most hold a pattern already.
    var firstFillsOfSingleRoom = 2
    /// Where there are at least so many rooms.
    var manyRooms = 60
    /// Fills per room and round once prices are known: pods drawn at random, and shapes by worth.
    var pricedDraws = 8
    var pricedOrders = 12
    /// The best of them that become columns.
    var columnsPerRound = 8
    /// Rounds of pricing: at least and at most, and in between as many as `roomRounds` divided by the number of rooms.
    var fewestRounds = 6
    var mostRounds = 40
    var roomRounds = 4_000
    /// Ends the rounds when three in a row gained less than this part of the objective.
    var leastGain = 5e-4
    var iterationsPerRound = 400
    var tolerance: Float = 1e-3
    /// What a pattern must gain over the room's price to become a column, in devices.
    var leastReducedValue = 1e-3

    /// For demand that is all there and does not fit: nobody waits for the next pod.
    static var thorough: FillConfiguration {
        var configuration = FillConfiguration()
        configuration.pricedDraws = 16
        configuration.pricedOrders = 24
        configuration.mostRounds = 120
        configuration.roomRounds = 10_000
        configuration.leastGain = 1e-5
        configuration.iterationsPerRound = 1_500
        configuration.tolerance = 1e-4
        return configuration
    }

    /// For a few nodes that are filled anew, again and again.
    static var ofRefill: FillConfiguration {
        var configuration = FillConfiguration()
        configuration.roomLimit = 80
        return configuration
    }

    /// For a bound: every shape counts, and nothing that fits may be missed.
    static var ofBound: FillConfiguration {
        var configuration = FillConfiguration()
        configuration.roundsPartsDown = true
        configuration.shapeLimit = .max
        return configuration
    }
}
