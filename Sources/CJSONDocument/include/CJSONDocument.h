/// A parsed JSON document, read-only, over simdjson's DOM.
///
/// Protocol of use: 1. `cjson_document_parse`; 2. read `cjson_document_tape` and `cjson_document_strings` and walk the
/// tape with the inline functions below, from any number of threads; 3. `cjson_document_free`, after which no pointer
/// into the document may be used.
///
/// The tape is simdjson's documented layout (its doc/tape.md): one 64-bit word per element, whose top byte is the type
/// and whose lower 56 bits are the payload. An element is addressed by its position on the tape, so that a caller
/// walks arrays and objects without any allocation. Positions must come from these functions; nothing is checked.
///
/// One type is ours and never written by the parser: `S`, whose payload is the address of another document that holds the value.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cjson_document cjson_document;

/// Parses `length` bytes of UTF-8, which need not be padded: one padded copy is made.
///
/// - Parameter reused: A document that nobody reads any more. Its memory is used again, or freed; null for none.
/// - Parameter max_depth: Documents nested deeper than this are refused. The same in every call.
/// - Parameter error: Set to 0, or to simdjson's error code where the answer is null.
cjson_document *_Nullable cjson_document_parse(
    cjson_document *_Nullable reused, const uint8_t *bytes, size_t length, size_t max_depth, int32_t *error);

void cjson_document_free(cjson_document *document);

/// simdjson's sentence for an error code; a static string.
const char *cjson_error_message(int32_t error);

/// Whether an error code says that memory could not be had, or that the document is larger than 4 GiB.
int32_t cjson_error_is_capacity(int32_t error);

const uint64_t *cjson_document_tape(const cjson_document *document);
const uint8_t *cjson_document_strings(const cjson_document *document);

#ifdef __cplusplus
}
#endif

/// The position of the document's outermost value.
static const size_t cjson_root_position = 1;

/// One of `{ } [ ] " l u d t f n S`: braces and brackets, string, int64, uint64, double, true, false, null, a shared value.
static inline uint8_t cjson_type(const uint64_t *tape, size_t position) { return (uint8_t)(tape[position] >> 56); }

static inline uint64_t cjson_payload(const uint64_t *tape, size_t position) {
    return tape[position] & 0x00ffffffffffffffULL;
}

/// The position behind an element; for an object's key that is its value.
static inline size_t cjson_next(const uint64_t *tape, size_t position) {
    switch (cjson_type(tape, position)) {
    case '{':
    case '[':
        return (uint32_t)cjson_payload(tape, position);
    case 'l':
    case 'u':
    case 'd':
        return position + 2;
    default:
        return position + 1;
    }
}

/// The raw bits of a number: int64, uint64 or double, by its type.
static inline uint64_t cjson_number_bits(const uint64_t *tape, size_t position) { return tape[position + 1]; }

/// A string's bytes, valid UTF-8 with escapes resolved; may hold NUL.
static inline const uint8_t *cjson_string_bytes(const uint64_t *tape, const uint8_t *strings, size_t position) {
    return strings + cjson_payload(tape, position) + sizeof(uint32_t);
}

static inline uint32_t cjson_string_length(const uint64_t *tape, const uint8_t *strings, size_t position) {
    uint32_t length;
    __builtin_memcpy(&length, strings + cjson_payload(tape, position), sizeof(length));
    return length;
}

static inline int32_t cjson_is_same(const void *bytes, const void *others, size_t count) {
    return __builtin_memcmp(bytes, others, count) == 0;
}

/// A number that is the same for the same bytes, and for others most likely another one. For tables in memory: it may differ from one version to
/// the next.
static inline uint64_t cjson_hash(const void *bytes, size_t count, uint64_t seed) {
    const uint64_t factor = 0x9E3779B97F4A7C15ULL;
    const uint8_t *next = (const uint8_t *)bytes;
    uint64_t hash = seed ^ (count * factor);
    for (; count >= sizeof(uint64_t); next += sizeof(uint64_t), count -= sizeof(uint64_t)) {
        uint64_t word;
        __builtin_memcpy(&word, next, sizeof(word));
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    __builtin_memcpy(&rest, next, count);
    hash = (hash ^ rest) * factor;
    return hash ^ (hash >> 29);
}

#pragma clang assume_nonnull end
