// Needs the host layer and, through it, a library that only the package's own file names.
#include "host/base/sha256.hpp"

int main() { return servesweep::sha256_hex("").substr(0, 4) == "e3b0" ? 0 : 1; }
