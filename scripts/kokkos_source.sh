# Where the source of Kokkos comes from, and how it is compiled. Sourced by scripts/bootstrap, which
# sets preset, kokkos_options, work (a temporary folder), log, run() and say().

# The release. Its SHA-256 is the one that Spack's recipe states (spack/spack-packages,
# repos/spack_repo/builtin/packages/kokkos/package.py). Another release takes all three variables;
# g++ 12 needs one before 4.7.00, or 4.7.01 or 4.7.02.
release=${SERVESWEEP_KOKKOS_VERSION:-4.7.01}
release_sha256=${SERVESWEEP_KOKKOS_SHA256:-404cf33e76159e83b8b4ad5d86f6899d442b5da4624820ab457412116cdcd201}
release_home=${SERVESWEEP_KOKKOS_HOME:-https://github.com/kokkos/kokkos/releases/download/$release}

# Each get_... sets source to a folder of Kokkos' source, which stays in the cache for other backends.

get_release() {
  local file=kokkos-$release.tar.gz place found get
  source=$SERVESWEEP_CACHE/kokkos-$release-source
  [ ! -d "$source" ] || return 0
  for place in ${SERVESWEEP_DOWNLOADS:-} "$release_home"; do
    case "$place" in
      *://*) get=(curl -fsSL --connect-timeout 4 --speed-limit 1 --speed-time 4
        -o "$work/$file" "$place/$file") ;;
      *) get=(cp "$place/$file" "$work/$file") ;;
    esac
    run "taking $file from $place" "${get[@]}" || continue
    found=$(sha256sum "$work/$file" | cut -d ' ' -f 1)
    if [ "$found" = "$release_sha256" ]; then
      unpack "$work/$file" 1 && mv "$work/source" "$source"
      return
    fi
    say "refused $file from $place (its SHA-256 is $found, must be $release_sha256)"
  done
  return 1
}

# Debian's own package sources, as sources of source packages, in a private folder: neither the system's
# configuration nor its lists are touched, and apt checks signatures and hashes as usual. The tarball
# alone: mirrors may lack the other files of the source package.
get_debian() {
  local place=$work/apt file size hash url
  source=$SERVESWEEP_CACHE/kokkos-debian-source
  [ ! -d "$source" ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "no apt-get, so no source package of trilinos"
    return 1
  fi
  mkdir -p "$place/sources.d" "$place/lists/partial" "$place/cache/archives/partial"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$file" ] || sed -E 's/^[[:space:]]*deb[[:space:]]/deb-src /' "$file" >"$place/sources.d/$(basename "$file" .list).list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed -E 's/^Types:.*/Types: deb-src/' "$file" >"$place/sources.d/$(basename "$file")"
  done
  local options=(-o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$place/sources.d"
    -o "Dir::State::lists=$place/lists" -o "Dir::Cache=$place/cache" -o "APT::Sandbox::User="
    -o "Acquire::Retries=3")
  # A third-party source without source packages makes update fail; what counts is the download.
  run "reading the lists of source packages" apt-get -q "${options[@]}" update || true
  read -r url file size hash < <(apt-get -q "${options[@]}" source --print-uris trilinos 2>>"$log" |
    grep '\.orig\.tar\.' | tr -d "'") || { say "no source package of trilinos"; return 1; }
  run "downloading $file ($((size / 1000000)) MB)" \
    /usr/lib/apt/apt-helper "${options[@]}" download-file "$url" "$work/$file" "$hash" &&
    unpack "$work/$file" 3 --wildcards '*/packages/kokkos' &&
    run "patching Kokkos for CUDA 13" patch -d "$work/source" -p1 -i "$root/cmake/kokkos-3.4.1-cuda-13.patch" &&
    mv "$work/source" "$source"
}

# unpack FILE COMPONENTS OPTION...: into $work/source, without the first folders of each path.
unpack() {
  local file=$1 components=$2; shift 2
  rm -rf "$work/source"
  mkdir "$work/source"
  run "unpacking Kokkos" tar -C "$work/source" --strip-components="$components" -xf "$file" "$@"
}

# A library without content stands in for NVIDIA's driver where neither the driver nor the toolkit's
# stubs have one, so that programs can be linked. At run time the system's own libcuda.so.1 is loaded.
stand_in_for_driver() {
  local toolkit
  toolkit=$(nvcc --dryrun -x cu -c /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')
  if ldconfig -p | grep -q 'libcuda\.so ' || [ -n "$(find "$toolkit/" -name libcuda.so -print -quit)" ]; then
    return 1
  fi
  mkdir -p "$SERVESWEEP_CACHE/cuda-stubs"
  run "making a stand-in for the CUDA driver" "${CXX:-g++}" -shared -x c++ /dev/null \
    -Wl,-soname,libcuda.so.1 -o "$SERVESWEEP_CACHE/cuda-stubs/libcuda.so"
}

# Everything happens in a temporary folder; the last step renames the finished tree.
compile_kokkos() {
  local kokkos=$SERVESWEEP_CACHE/kokkos-$preset options=("${kokkos_options[@]}")
  local flags="-include cstdint"  # Kokkos before 3.7 with g++ 13 and newer
  if [ "$preset" = cuda ]; then
    options+=("-DCMAKE_CXX_COMPILER=$source/bin/nvcc_wrapper")
    export NVCC_WRAPPER_DEFAULT_COMPILER=${CXX:-g++}
    # A Kokkos starts on no GPU whose major compute capability is not that of its own code.
    export NVCC_APPEND_FLAGS="-gencode=arch=compute_90,code=sm_90"
    # What the wrapper assumes where CMake tries the compiler; CUDA 13 knows none before 75.
    sed -i 's/^default_arch=.*/default_arch="sm_80"/' "$source/bin/nvcc_wrapper"
    ! stand_in_for_driver || options+=("-DCMAKE_LIBRARY_PATH=$SERVESWEEP_CACHE/cuda-stubs")
  fi
  [ "$preset" != tsan ] || flags+=" -fsanitize=thread -g1"
  rm -rf "$work/build" "$work/stage"
  run "configuring Kokkos for $preset" cmake -G Ninja -S "$source" -B "$work/build" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=17 -DCMAKE_CXX_EXTENSIONS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_INSTALL_PREFIX="$kokkos" \
    -DKokkos_ENABLE_SERIAL=ON "-DCMAKE_CXX_FLAGS=$flags" "${options[@]}" &&
    run "compiling Kokkos for $preset" cmake --build "$work/build" &&
    run "installing Kokkos" env DESTDIR="$work/stage" cmake --install "$work/build" &&
    rm -rf "$kokkos" && mv "$work/stage$kokkos" "$kokkos"
}

# make_kokkos: leaves a Kokkos for the preset in the cache.
make_kokkos() {
  { get_release && compile_kokkos; } || { get_debian && compile_kokkos; }
}
