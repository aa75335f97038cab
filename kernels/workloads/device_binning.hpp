// Binning on the device: the same arrays, bit for bit, as bin_on_host() makes
// (kernels/workloads/binning.hpp). Memory is the caller's, 256-byte aligned device memory; work is
// queued on `device`.
#pragma once

#include "kernels/device/portability.hpp"
#include "kernels/workloads/binning.hpp"

namespace servesweep {

// A request set in device memory: uploaded once, binned for every K and load.
struct DeviceRequests {
  RequestColumns columns;
  const std::int32_t* sorted_predicted = nullptr;  // [request], ascending
};

// Uploads the columns into `block` and sorts the predicted lengths there. Returns when the host's
// columns have been read; `temp` is in use until `device` gets there.
std::size_t device_requests_bytes(std::int64_t count);
std::size_t upload_temp_bytes(std::int64_t count);
DeviceRequests upload_requests(const Device& device, const RequestColumns& host, void* block,
                               void* temp);

// Bins into `block` of binned_bytes(spec). `draws`: [request], spec.draws in device memory, or
// null. Waits for the device where requests may be rejected (their number is needed) or edges
// are given; else only queues.
std::size_t binning_temp_bytes(const BinningSpec& spec);
BinnedWorkload bin_on_device(const Device& device, const DeviceRequests& requests,
                             const double* draws, const BinningSpec& spec, void* block, void* temp);

}  // namespace servesweep
