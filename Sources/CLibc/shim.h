// What Swift's own view of the C library leaves out: glibc's allocator controls, flock and reads that do not wait, and
// the processor's CRC-32C instruction.
#ifndef APUS_CLIBC_SHIM_H
#define APUS_CLIBC_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <sys/uio.h>

// pread, as far as it goes without waiting for a device: -1 and EAGAIN when nothing is in the page cache, fewer bytes when
// only the first of them are, EOPNOTSUPP where the filesystem cannot tell (see preadv2(2), RWF_NOWAIT).
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
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)

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
static inline int apus_crc32c_available(void) { return 0; }

static inline uint32_t apus_crc32c(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}
#endif

#endif
