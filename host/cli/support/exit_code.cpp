#include "host/cli/support/exit_code.hpp"

#include <cerrno>
#include <exception>
#include <iostream>
#include <new>

#include "host/base/controls.hpp"
#include "host/base/error.hpp"
#include "kernels/device/device.hpp"

namespace servesweep {

int exit_code_of(const std::function<void()>& action,
                 const std::function<void(const std::string& message)>& failed) {
  try {
    action();
  } catch (const InputError& error) {
    for (const Diagnostic& finding : error.diagnostics()) failed(finding.text());
    return kBadInput;
  } catch (const IoError& error) {
    failed(error.what());
    return kIoFailure;
  } catch (const BusyError& error) {
    failed(error.what());
    return kInterrupted;
  } catch (const DeviceError& error) {
    failed(error.what());
    return kNoDevice;
  } catch (const std::bad_alloc&) {
    failed("out of memory (an allocation failed) lower --max-memory");
    return kIoFailure;
  } catch (const std::exception& error) {
    failed(std::string(error.what()) + " (unexpected) please report it");
    return kIoFailure;
  }
  return kOk;
}

void print_error(const std::string& message) {
  std::cout.flush();
  std::cerr << "error: " << escaped_controls(message) << std::endl;
}

bool flush_output() {
  errno = 0;
  if (std::cout.flush() || errno == EPIPE) return true;
  print_error("cannot write the standard output");
  return false;
}

}  // namespace servesweep
