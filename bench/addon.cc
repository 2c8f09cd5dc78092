// The same two calls as a package in C++ would make them: the same requests, checks of numbers and tokens, and results.
// It does less than this package: it accepts unknown keys, and inherited properties count.
#include <dlfcn.h>
#include <node_api.h>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

constexpr uint32_t kOffloadRead = 0x00094264;
constexpr uint32_t kOffloadWrite = 0x00098268;
constexpr uint64_t kLargest = 0x7fffffffffffffff;
constexpr double kLargestSafe = 9007199254740991;
constexpr size_t kTokenLength = 512;

struct ReadInput {
  uint32_t size, flags, token_time_to_live, reserved;
  uint64_t file_offset, copy_length;
};
struct ReadOutput {
  uint32_t size, flags;
  uint64_t transfer_length;
  uint8_t token[kTokenLength];
};
struct WriteInput {
  uint32_t size, flags;
  uint64_t file_offset, copy_length, transfer_offset;
  uint8_t token[kTokenLength];
};
struct WriteOutput {
  uint32_t size, flags;
  uint64_t length_written;
};
struct Overlapped {
  uint64_t internal, internal_high, offset;
  void* event;
};

using DeviceIoControlFunction = int32_t (*)(void*, uint32_t, void*, uint32_t, void*, uint32_t, uint32_t*, void*);
using GetLastErrorFunction = uint32_t (*)();

DeviceIoControlFunction device_io_control;
GetLastErrorFunction get_last_error;

napi_value Throw(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

bool Get(napi_env env, napi_value object, const char* name, napi_value* value, napi_valuetype* type) {
  return napi_get_named_property(env, object, name, value) == napi_ok && napi_typeof(env, *value, type) == napi_ok;
}

// A number or a bigint that counts bytes, in whole sectors.
bool GetByteCount(napi_env env, napi_value request, const char* name, bool is_optional, uint64_t* count) {
  napi_value value;
  napi_valuetype type;
  if (!Get(env, request, name, &value, &type)) return false;
  if (type == napi_undefined && is_optional) {
    *count = 0;
    return true;
  }
  if (type == napi_bigint) {
    bool lossless;
    if (napi_get_value_bigint_uint64(env, value, count, &lossless) != napi_ok || !lossless) return false;
    return *count <= kLargest && *count % 512 == 0;
  }
  double number;
  if (type != napi_number || napi_get_value_double(env, value, &number) != napi_ok) return false;
  if (!(number >= 0 && number <= kLargestSafe) || number != std::floor(number)) return false;
  *count = static_cast<uint64_t>(number);
  return *count % 512 == 0;
}

bool GetUint32(napi_env env, napi_value request, const char* name, uint32_t* result) {
  napi_value value;
  napi_valuetype type;
  if (!Get(env, request, name, &value, &type)) return false;
  if (type == napi_undefined) {
    *result = 0;
    return true;
  }
  double number;
  if (type != napi_number || napi_get_value_double(env, value, &number) != napi_ok) return false;
  if (!(number >= 0 && number <= 4294967295.0) || number != std::floor(number)) return false;
  *result = static_cast<uint32_t>(number);
  return true;
}

bool GetToken(napi_env env, napi_value request, void** bytes) {
  napi_value value;
  napi_typedarray_type type;
  size_t length;
  if (napi_get_named_property(env, request, "token", &value) != napi_ok) return false;
  if (napi_get_typedarray_info(env, value, &type, &length, bytes, nullptr, nullptr) != napi_ok) return false;
  return type == napi_uint8_array && length == kTokenLength;
}

bool GetArguments(napi_env env, napi_callback_info info, void** handle, napi_value* request) {
  size_t count = 2;
  napi_value arguments[2];
  uint64_t bits;
  bool lossless;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 2) return false;
  if (napi_get_value_bigint_uint64(env, arguments[0], &bits, &lossless) != napi_ok || !lossless) return false;
  *handle = reinterpret_cast<void*>(bits);
  *request = arguments[1];
  return true;
}

void SetBigint(napi_env env, napi_value object, const char* name, uint64_t number) {
  napi_value value;
  napi_create_bigint_uint64(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

void SetUint32(napi_env env, napi_value object, const char* name, uint32_t number) {
  napi_value value;
  napi_create_uint32(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

napi_value OffloadRead(napi_env env, napi_callback_info info) {
  void* handle;
  napi_value request;
  if (!GetArguments(env, info, &handle, &request)) return Throw(env, "offloadRead takes a HANDLE and a request");
  ReadInput input = {sizeof input, 0, 0, 0, 0, 0};
  if (!GetByteCount(env, request, "copyLength", false, &input.copy_length)) return Throw(env, "copyLength");
  if (!GetByteCount(env, request, "fileOffset", true, &input.file_offset)) return Throw(env, "fileOffset");
  if (!GetUint32(env, request, "tokenTimeToLive", &input.token_time_to_live)) return Throw(env, "tokenTimeToLive");
  if (input.file_offset + input.copy_length > kLargest) return Throw(env, "copyLength ends beyond 2^63-1");

  ReadOutput output = {};
  Overlapped overlapped = {};
  uint32_t returned = 0;
  if (!device_io_control(handle, kOffloadRead, &input, sizeof input, &output, sizeof output, &returned, &overlapped)) {
    napi_throw_error(env, nullptr, get_last_error() == 1 ? "not supported" : "failed");
    return nullptr;
  }
  if (returned != sizeof output || output.transfer_length > input.copy_length) return Throw(env, "impossible reply");

  napi_value result, token, is_zero;
  void* bytes;
  napi_create_object(env, &result);
  napi_create_buffer_copy(env, kTokenLength, output.token, &bytes, &token);
  napi_set_named_property(env, result, "token", token);
  SetBigint(env, result, "transferLength", output.transfer_length);
  napi_get_boolean(env, (output.flags & 1) != 0, &is_zero);
  napi_set_named_property(env, result, "allZeroBeyondRange", is_zero);
  SetUint32(env, result, "flags", output.flags);
  return result;
}

napi_value OffloadWrite(napi_env env, napi_callback_info info) {
  void* handle;
  void* token;
  napi_value request;
  if (!GetArguments(env, info, &handle, &request)) return Throw(env, "offloadWrite takes a HANDLE and a request");
  WriteInput input;
  input.size = sizeof input;
  input.flags = 0;
  if (!GetToken(env, request, &token)) return Throw(env, "token");
  std::memcpy(input.token, token, kTokenLength);
  if (!GetByteCount(env, request, "copyLength", false, &input.copy_length)) return Throw(env, "copyLength");
  if (!GetByteCount(env, request, "fileOffset", true, &input.file_offset)) return Throw(env, "fileOffset");
  if (!GetByteCount(env, request, "transferOffset", true, &input.transfer_offset)) return Throw(env, "transferOffset");
  if (input.file_offset + input.copy_length > kLargest || input.transfer_offset + input.copy_length > kLargest) {
    return Throw(env, "copyLength ends beyond 2^63-1");
  }

  WriteOutput output = {};
  Overlapped overlapped = {};
  uint32_t returned = 0;
  if (!device_io_control(handle, kOffloadWrite, &input, sizeof input, &output, sizeof output, &returned, &overlapped)) {
    napi_throw_error(env, nullptr, get_last_error() == 1 ? "not supported" : "failed");
    return nullptr;
  }
  if (returned != sizeof output || output.length_written > input.copy_length) return Throw(env, "impossible reply");

  napi_value result;
  napi_create_object(env, &result);
  SetBigint(env, result, "lengthWritten", output.length_written);
  SetUint32(env, result, "flags", output.flags);
  return result;
}

napi_value Open(napi_env env, napi_callback_info info) {
  size_t count = 1, length;
  napi_value argument;
  char path[4096];
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (napi_get_value_string_utf8(env, argument, path, sizeof path, &length) != napi_ok) return Throw(env, "path");
  void* library = dlopen(path, RTLD_NOW);
  if (library == nullptr) return Throw(env, dlerror());
  device_io_control = reinterpret_cast<DeviceIoControlFunction>(dlsym(library, "DeviceIoControl"));
  get_last_error = reinterpret_cast<GetLastErrorFunction>(dlsym(library, "GetLastError"));
  return device_io_control == nullptr || get_last_error == nullptr ? Throw(env, "symbols") : nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"open", nullptr, Open, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"offloadRead", nullptr, OffloadRead, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"offloadWrite", nullptr, OffloadWrite, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 3, properties);
  return exports;
}
