#include "host/cli/output_stream.hpp"

#include <cerrno>
#include <fstream>
#include <iostream>

#include "io/atomic_file.hpp"

namespace servesweep {

void write_output(const std::string& path, const std::function<void(std::ostream&)>& write) {
  if (path == "-") {
    write(std::cout);
    return;
  }
  AtomicFile atomic(path);
  errno = 0;
  std::ofstream out(atomic.temporary_path(), std::ios::binary);
  if (out) write(out);
  out.close();
  if (!out) throw_io_error("cannot write " + path, errno);
  atomic.commit();
}

}  // namespace servesweep
