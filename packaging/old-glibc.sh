# Sourced by whoever builds for machines with an older C library than this one's: from then on cargo builds for this kind
# of machine as for any other target, and Zig links, so that what it makes runs on glibc 2.17 and newer. Needs Rust, Python
# 3.10 or newer with venv, and PyPI. `$tools/bin` has maturin and wheel then, and `$host` is the target.
host=$(rustc -vV | sed -n 's/^host: //p')
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/wheel-tools
[ -x "$tools/bin/python" ] || python3 -m venv "$tools"
"$tools/bin/pip" install -q --disable-pip-version-check 'maturin==1.16.0' 'wheel==0.45.1' 'ziglang==0.17.1'

# maturin's own wrappers lie where each call makes them anew; with these, whatever cargo builds can be shared.
for tool in cc c++; do
    cat >"$tools/zig-$tool" <<END
#!/bin/sh
export CARGO_ZIGBUILD_ZIG_COMMAND='$tools/bin/python3' CARGO_ZIGBUILD_ZIG_COMMAND_ARGS='-m ziglang'
exec '$tools/bin/maturin' zig $tool -- -g -fno-sanitize=all -target ${host%%-*}-linux-gnu.2.17 "\$@"
END
    chmod +x "$tools/zig-$tool"
done
name=${host//-/_}
export CARGO_BUILD_TARGET=$host "CARGO_TARGET_${name^^}_LINKER=$tools/zig-cc" "CC_$name=$tools/zig-cc" "CXX_$name=$tools/zig-c++"
