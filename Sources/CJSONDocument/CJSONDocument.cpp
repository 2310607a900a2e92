// No exception may cross into Swift: the interface of simdjson that reports by value is the only one compiled in.
#define SIMDJSON_EXCEPTIONS 0
#include "CJSONDocument.h"

#include <new>
#include <simdjson.h>

struct cjson_document {
    simdjson::dom::document dom;
};

cjson_document *cjson_document_parse(const uint8_t *bytes, size_t length, size_t max_depth, int32_t *error) {
    // The parser's own tables go with it when this function returns; only tape and strings live on.
    simdjson::dom::parser parser;
    simdjson::padded_string padded(reinterpret_cast<const char *>(bytes), length);
    cjson_document *document = new (std::nothrow) cjson_document;
    if (document == nullptr || padded.data() == nullptr) {
        delete document;
        *error = simdjson::MEMALLOC;
        return nullptr;
    }
    simdjson::error_code code = parser.allocate(length, max_depth);
    if (code == simdjson::SUCCESS) {
        code = parser.parse_into_document(document->dom, padded.data(), length, false).error();
    }
    *error = code;
    if (code == simdjson::SUCCESS) { return document; }
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
