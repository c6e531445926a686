import CachingRules
import HTTPWire

/// The moment at which the tests' responses arrive.
let arrival: Int64 = 1_800_000_000

func fields(_ pairs: [(String, String)]) -> FieldList {
    var list = FieldList()
    for (name, value) in pairs { list.append(name: name, value) }
    return list
}

func response(_ status: Int, _ pairs: [(String, String)]) -> ResponseHead {
    ResponseHead(status: status, fields: fields(pairs))
}

func control(_ lines: String...) -> CacheControl {
    CacheControl(fields(lines.map { ("Cache-Control", $0) }))
}

/// A date some seconds from the arrival.
func date(_ offset: Int64) -> String { HTTPDate.format(arrival + offset) }

func freshness(
    _ pairs: [(String, String)],
    status: Int = 200,
    defaultTTL: Int64? = nil,
    heuristics: Bool = true,
    policy: FreshnessPolicy? = nil,
    delay: Int64 = 0
) -> Freshness {
    Freshness.of(
        response(status, pairs),
        requestTime: arrival - delay,
        responseTime: arrival,
        policy: policy ?? FreshnessPolicy(defaultTTL: defaultTTL, heuristics: heuristics)
    )
}
