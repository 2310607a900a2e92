// No exception may cross into Swift: the interface of simdjson that reports by value is the only one compiled in.
#define SIMDJSON_EXCEPTIONS 0
#include "CJSONDocument.h"

#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>

struct cjson_document {
    simdjson::dom::document dom;
};

namespace {

/// Texts up to this long share the tables of one parser per thread, and its padded copy.
constexpr size_t small_length = 1 << 16;

struct small_parser {
    simdjson::dom::parser parser;
    std::unique_ptr<uint8_t[]> padded;

    bool prepare(size_t max_depth) {
        if (padded != nullptr) { return true; }
        if (parser.allocate(small_length, max_depth) != simdjson::SUCCESS) { return false; }
        padded.reset(new (std::nothrow) uint8_t[small_length + simdjson::SIMDJSON_PADDING]());
        return padded != nullptr;
    }
};

thread_local small_parser parser_of_thread;

simdjson::error_code parse_into(
    simdjson::dom::document &document, const uint8_t *bytes, size_t length, size_t max_depth) {
    if (length <= small_length && parser_of_thread.prepare(max_depth)) {
        uint8_t *padded = parser_of_thread.padded.get();
        std::memcpy(padded, bytes, length);
        return parser_of_thread.parser.parse_into_document(document, padded, length, false).error();
    }
    // The parser's own tables go with it when this function returns; only tape and strings live on.
    simdjson::dom::parser parser;
    simdjson::padded_string padded(reinterpret_cast<const char *>(bytes), length);
    if (padded.data() == nullptr) { return simdjson::MEMALLOC; }
    simdjson::error_code code = parser.allocate(length, max_depth);
    if (code != simdjson::SUCCESS) { return code; }
    return parser.parse_into_document(document, padded.data(), length, false).error();
}

} // namespace

cjson_document *cjson_document_parse(
    cjson_document *reused, const uint8_t *bytes, size_t length, size_t max_depth, int32_t *error) {
    cjson_document *document = reused != nullptr ? reused : new (std::nothrow) cjson_document;
    if (document == nullptr) {
        *error = simdjson::MEMALLOC;
        return nullptr;
    }
    *error = parse_into(document->dom, bytes, length, max_depth);
    if (*error == simdjson::SUCCESS) { return document; }
    delete document;
    return nullptr;
}

void cjson_document_free(cjson_document *document) { delete document; }

const char *cjson_error_message(int32_t error) {
    return simdjson::error_message(static_cast<simdjson::error_code>(error));
}

int32_t cjson_error_is_capacity(int32_t error) { return error == simdjson::CAPACITY || error == simdjson::MEMALLOC; }

const uint64_t *cjson_document_tape(const cjson_document *document) { return document->dom.tape.get(); }

const uint8_t *cjson_document_strings(const cjson_document *document) { return document->dom.string_buf.get(); }
