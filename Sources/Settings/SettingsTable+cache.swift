extension SettingsTable {
    /// What an edge keeps, and where.
    static let cache: [Setting] = [
        Setting("cache", .group, .otherwise("memory only, \(Defaults.memory)"), "Where fetched objects are kept."),
        Setting(
            "cache.memory",
            .size(SettingsLimits.memory),
            .preset(Defaults.memory.description),
            "Bytes of the memory tier, every overhead included."
        ),
        Setting(
            "cache.policy",
            .choice(EvictionPolicy.allCases.map(\.rawValue)),
            .preset(Defaults.policy.rawValue),
            "Which objects leave first when the memory tier is full; `apus replay` compares them."
        ),
        Setting(
            "cache.max_object",
            .size(SettingsLimits.maxObject),
            .otherwise("an eighth of the tier"),
            "Larger objects pass through without being kept."
        ),
        Setting(
            "cache.large_object",
            .size(SettingsLimits.largeObject),
            .preset(Defaults.largeObject.description),
            "Objects above this are kept in blocks of 1MiB, of which only those that are asked for are fetched."
        ),
        Setting(
            "cache.disk",
            .groupOrGroups,
            .otherwise("no disk tier"),
            "A second tier that survives restarts: one disk or several, each object on one of them."
        ),
        Setting(
            "cache.disk.path",
            .path(mustExist: false),
            .required,
            "A folder that belongs to this edge alone; it is made when it is missing and the folder it lies in is there."
        ),
        Setting("cache.disk.size", .size(SettingsLimits.disk), .required, "Bytes that the disk tier may use."),
        Setting(
            "cache.disk.admission",
            .choice(DiskAdmission.allCases.map(\.rawValue)),
            .preset(Defaults.diskAdmission.rawValue),
            "Whether bodies are written when they are asked for a second time, or always."
        ),
        Setting(
            "cache.disk.admit_at_once_below",
            .size(SettingsLimits.admitAtOnceBelow),
            .preset(Defaults.admitAtOnceBelow.description),
            "Smaller bodies are written when they first come."
        ),
        Setting(
            "cache.disk.writes_a_day",
            .size(SettingsLimits.writesADay),
            .otherwise("no limit"),
            "Bytes that may be written in 24 hours; beyond them nothing new is admitted, which spares the disk."
        ),
        Setting(
            "cache.disk.scrub",
            .size(SettingsLimits.scrub),
            .preset(Defaults.scrub.description),
            "Bytes a second that are read to find damage before a visitor does; 0 for none."
        ),
    ]
}
