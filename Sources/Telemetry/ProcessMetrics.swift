import Glibc

/// What every role shows about its process. A value without state.
public enum ProcessMetrics {
    /// Adds `apus_build_info`, uptime, and Prometheus' customary `process_…` rows.
    /// - Parameters:
    ///   - metrics: The process's metrics.
    ///   - version: The version of Apus, e.g. "0.1.0".
    ///   - role: "edge", "origin" or "control".
    public static func register(in metrics: Metrics, version: String, role: String) {
        let labels = [MetricDescriptor.Label("version", version), MetricDescriptor.Label("role", role)]
        metrics.gauge(
            MetricDescriptor("apus_build_info", help: "Always 1; the labels say what is running.", labels: labels)
        ) { 1 }
        let start = ContinuousClock.now
        metrics.gauge(MetricDescriptor("apus_uptime_seconds", help: "Seconds since this process started.")) {
            let uptime = ContinuousClock.now - start
            return Double(uptime.components.seconds) + Double(uptime.components.attoseconds / 1_000_000_000_000_000)
                / 1000
        }
        metrics.gauge(
            MetricDescriptor("process_resident_memory_bytes", help: "Resident memory of this process.")
        ) { Double(residentBytes() ?? 0) }
        metrics.gauge(
            MetricDescriptor("process_virtual_memory_bytes", help: "Virtual memory of this process.")
        ) { Double(pages(field: 0) ?? 0) }
        metrics.fractionalCounter(
            MetricDescriptor("process_cpu_seconds_total", help: "User and system CPU time of this process.")
        ) { cpuSeconds() }
    }

    /// Resident memory in bytes, or nil where there is no `/proc`.
    public static func residentBytes() -> UInt64? {
        pages(field: 1)
    }

    /// A field of `/proc/self/statm`, in bytes.
    private static func pages(field: Int) -> UInt64? {
        guard let text = read("/proc/self/statm") else { return nil }
        let fields = text.split(separator: " ")
        guard field < fields.count, let pages = UInt64(fields[field]) else { return nil }
        return pages * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Double(seconds) + Double(microseconds) / 1_000_000
    }

    /// The first page of a small file of the kernel.
    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
