// What Swift's own view of the C library leaves out: glibc's allocator controls, flock and reads that do not wait, and
// the processor's CRC-32C instruction.
#ifndef APUS_CLIBC_SHIM_H
#define APUS_CLIBC_SHIM_H

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>

// pread, as far as it goes without waiting for a device: -1 and EAGAIN when nothing is in the page cache, fewer bytes when
// only the first of them are, EOPNOTSUPP where the filesystem cannot tell (see preadv2(2), RWF_NOWAIT).
// glibc declares it for programs that define _GNU_SOURCE before anything else, which a module cannot.
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
ssize_t preadv2(int file, const struct iovec *pieces, int count, off_t offset, int flags);

static inline ssize_t apus_pread_now(int file, void *target, size_t count, off_t offset) {
    struct iovec piece = {target, count};
    return preadv2(file, &piece, 1, offset, RWF_NOWAIT);
}

// O_DIRECT, whose value depends on the processor.
#if defined(__aarch64__)
#define APUS_O_DIRECT 0200000
#else
#define APUS_O_DIRECT 040000
#endif

// CRC-32C (Castagnoli) by instruction, eight bytes at a time. `crc` and the result are the raw register: the caller
// inverts before and after. `apus_crc32c_available` must have said 1.
#if defined(__x86_64__)

static inline int apus_crc32c_available(void) {
    uint32_t a = 1, b = 0, c = 0, d = 0;
    __asm__ __volatile__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 20) & 1;  // SSE 4.2
}

// The instruction gives its result three cycles later, and one can begin in each: three lanes run side by side, each over
// APUS_CRC_LANE bytes. What a lane has seen stands before what the next ones have, so its sum is multiplied by
// x^(8 n) for the n bytes behind it. In the reflected form a carry-less product of two sums is off by x^33 once the
// instruction has reduced it: hence the constants x^(8 * 2720 - 33) and x^(8 * 1360 - 33).
#define APUS_CRC_LANE 1360

static inline int apus_crc32c_has_lanes(void) {
    uint32_t a = 1, b = 0, c = 0, d = 0;
    __asm__ __volatile__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 20) & (c >> 1) & 1;  // SSE 4.2 and PCLMULQDQ
}

__attribute__((target("sse4.2"))) static inline uint32_t apus_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = (const unsigned char *)bytes;
    uint64_t wide = crc;
    for (; count >= 8; count -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    for (; count > 0; count -= 1, at += 1) narrow = __builtin_ia32_crc32qi(narrow, *at);
    return narrow;
}

// As apus_crc32c; apus_crc32c_has_lanes must have said 1.
__attribute__((target("sse4.2,pclmul"))) static inline uint32_t apus_crc32c_lanes(
    uint32_t crc, const void *bytes, size_t count
) {
    typedef long long apus_pair __attribute__((__vector_size__(16)));
    const apus_pair factors = {0x5aa1f3cf, 0x3f70cc6f};
    const unsigned char *at = (const unsigned char *)bytes;
    for (; count >= 3 * APUS_CRC_LANE; count -= 3 * APUS_CRC_LANE, at += 3 * APUS_CRC_LANE) {
        uint64_t first = crc, second = 0, third = 0;
        for (size_t place = 0; place < APUS_CRC_LANE; place += 8) {
            uint64_t one, two, three;
            memcpy(&one, at + place, 8);
            memcpy(&two, at + place + APUS_CRC_LANE, 8);
            memcpy(&three, at + place + 2 * APUS_CRC_LANE, 8);
            first = __builtin_ia32_crc32di(first, one);
            second = __builtin_ia32_crc32di(second, two);
            third = __builtin_ia32_crc32di(third, three);
        }
        const apus_pair sums = {(long long)first, (long long)second};
        const apus_pair moved = __builtin_ia32_pclmulqdq128(sums, factors, 0x00)
            ^ __builtin_ia32_pclmulqdq128(sums, factors, 0x11);
        crc = (uint32_t)__builtin_ia32_crc32di(0, (uint64_t)moved[0]) ^ (uint32_t)third;
    }
    return apus_crc32c(crc, at, count);
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)

static inline int apus_crc32c_has_lanes(void) { return 0; }

static inline int apus_crc32c_available(void) { return 1; }

static inline uint32_t apus_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = (const unsigned char *)bytes;
    for (; count >= 8; count -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __builtin_arm_crc32cd(crc, word);
    }
    for (; count > 0; count -= 1, at += 1) crc = __builtin_arm_crc32cb(crc, *at);
    return crc;
}
#else
static inline int apus_crc32c_has_lanes(void) { return 0; }

static inline int apus_crc32c_available(void) { return 0; }

static inline uint32_t apus_crc32c(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}
#endif

#if !defined(__x86_64__)
static inline uint32_t apus_crc32c_lanes(uint32_t crc, const void *bytes, size_t count) {
    return apus_crc32c(crc, bytes, count);
}
#endif

#endif
