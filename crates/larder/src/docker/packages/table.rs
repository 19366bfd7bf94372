//! Which Debian packages a crate needs: the one home of names that are no crate's own business to say.
//!
//! A row must hold for a build without environment variables. Crates that compile their own copy with the C compiler of
//! the `rust` images, if they find no other, have no row: `libz-sys`, `libgit2-sys`, `libssh2-sys`, `curl-sys`,
//! `zstd-sys`, `bzip2-sys`, `lzma-sys`, `pcre2-sys`, `onig_sys`, `ring` and others need nothing.

/// The needs of one crate, or of several of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct CrateNeeds {
    /// Names of crates.
    pub(super) crates: &'static [&'static str],
    /// It holds if the crate has one of these features, if any are named.
    pub(super) with: &'static [&'static str],
    /// It does not hold if the crate has one of these features, which bring a copy of the library.
    pub(super) without: &'static [&'static str],
    /// It does not hold beside one of these crates, which bring the library or the program.
    pub(super) instead: &'static [&'static str],
    /// Packages for compiling.
    pub(super) build: &'static [&'static str],
    /// Packages for running. A name that Debian changed is `trixie's|bookworm's`.
    pub(super) runtime: &'static [&'static str],
}

const NONE: &[&str] = &[];

const fn row(
    crates: &'static [&'static str],
    build: &'static [&'static str],
    runtime: &'static [&'static str],
) -> CrateNeeds {
    CrateNeeds { crates, with: NONE, without: NONE, instead: NONE, build, runtime }
}

impl CrateNeeds {
    const fn with(self, with: &'static [&'static str]) -> Self {
        Self { with, ..self }
    }

    const fn without(self, without: &'static [&'static str]) -> Self {
        Self { without, ..self }
    }

    const fn instead(self, instead: &'static [&'static str]) -> Self {
        Self { instead, ..self }
    }
}

/// Crates that depend on the `cmake` crate and call it only on unusual platforms.
pub(super) const WITHOUT_CMAKE: [&str; 1] = ["aws-lc-sys"];

/// Crates whose build scripts compile C, which takes another compiler for musl.
pub(super) const C_COMPILER: &str = "cc";

/// Programs that a configuration names as linker, or a linker with `-fuse-ld=`.
pub(super) const PROGRAMS: [(&str, &str); 11] = [
    ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
    ("arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf"),
    ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
    ("arm-none-eabi-ld", "binutils-arm-none-eabi"),
    ("clang", "clang"),
    ("ld.lld", "lld"),
    ("lld", "lld"),
    ("mold", "mold"),
    ("musl-gcc", "musl-tools"),
    ("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu"),
    ("x86_64-linux-musl-gcc", "musl-tools"),
];

/// All rows, by what they are about.
pub(super) const ALL: &[CrateNeeds] = &[
    // Tools of builds.
    row(&["bindgen", "clang-sys"], &["libclang-dev"], NONE),
    row(&["autotools"], &["autoconf", "automake", "libtool", "make"], NONE),
    row(&["nasm-rs"], &["nasm"], NONE),
    row(
        &["prost-build", "protobuf-codegen", "protoc-rust", "protoc-grpcio"],
        &["libprotobuf-dev", "protobuf-compiler"],
        NONE,
    )
    .instead(&["protobuf-src", "protoc-bin-vendored", "protoc-fetcher", "protox"]),
    row(&["capnpc"], &["capnproto"], NONE),
    row(&["flatc-rust"], &["flatbuffers-compiler"], NONE),
    row(&["openssl-src"], &["make", "perl"], NONE),
    row(&["aws-lc-fips-sys"], &["cmake", "g++", "golang-go", "make", "perl"], NONE),
    row(&["jemalloc-sys", "tikv-jemalloc-sys"], &["make"], NONE),
    row(&["luajit-src"], &["make"], NONE),
    row(&["libffi-sys"], &["make"], NONE).without(&["system"]),
    row(&["libffi-sys"], &["libffi-dev"], &["libffi8"]).with(&["system"]),
    row(&["gmp-mpfr-sys"], &["m4", "make"], NONE).without(&["use-system-libs"]),
    row(
        &["gmp-mpfr-sys"],
        &["libgmp-dev", "libmpc-dev", "libmpfr-dev"],
        &["libgmp10", "libmpc3", "libmpfr6"],
    )
    .with(&["use-system-libs"]),
    row(
        &["link-cplusplus", "librocksdb-sys", "zeromq-src", "zmq-sys", "snmalloc-sys"],
        &["g++"],
        &["libstdc++6"],
    ),
    row(&["libduckdb-sys"], &["g++"], &["libstdc++6"]).with(&["bundled"]),
    row(&["esaxx-rs"], &["g++"], &["libstdc++6"]).with(&["cpp"]),
    row(&["rdkafka-sys"], &["g++", "make"], NONE).without(&["cmake-build", "dynamic-linking"]),
    row(&["rdkafka-sys"], &["librdkafka-dev", "pkg-config"], &["librdkafka1"]).with(&["dynamic-linking"]),
    row(&["openblas-src"], &["gfortran", "make"], &["libgfortran5"]).without(&["system"]),
    row(&["openblas-src"], &["libopenblas-dev"], &["libopenblas0"]).with(&["system"]),
    // The interpreter is asked about itself; only what has it built in is linked to it.
    row(&["pyo3-build-config"], &["python3"], NONE).instead(&["pyo3-ffi"]),
    row(&["pyo3-ffi"], &["python3"], NONE).with(&["extension-module"]),
    row(&["python3-sys"], &["python3-dev"], NONE),
    row(&["pyo3-ffi"], &["python3-dev"], &["libpython3.13|libpython3.11"]).without(&["extension-module"]),
    row(&["rb-sys"], &["libclang-dev", "ruby-dev"], &["libruby3.3|libruby3.1"]),
    // Cryptography and authentication.
    row(&["openssl-sys"], &["libssl-dev", "pkg-config"], &["libssl3t64|libssl3"])
        .without(&["vendored", "aws-lc"]),
    row(&["libsodium-sys", "libsodium-sys-stable"], &["make"], NONE).without(&["use-pkg-config"]),
    row(&["libsodium-sys", "libsodium-sys-stable"], &["libsodium-dev", "pkg-config"], &["libsodium23"])
        .with(&["use-pkg-config"]),
    row(&["libgssapi-sys"], &["libclang-dev", "libkrb5-dev"], &["libgssapi-krb5-2"]),
    row(&["sasl2-sys"], &["libsasl2-dev", "pkg-config"], &["libsasl2-2"]).without(&["vendored"]),
    row(&["sasl2-sys"], &["make"], NONE).with(&["vendored"]),
    row(
        &["nettle-sys"],
        &["libclang-dev", "nettle-dev", "pkg-config"],
        &["libhogweed6t64|libhogweed6", "libnettle8t64|libnettle8"],
    ),
    row(&["gpgme-sys"], &["libgpgme-dev"], &["libgpgme11t64|libgpgme11"]),
    row(&["libgpg-error-sys"], &["libgpg-error-dev"], &["libgpg-error0"]),
    row(&["pcsc-sys"], &["libpcsclite-dev", "pkg-config"], &["libpcsclite1"]),
    row(
        &["tss-esapi-sys"],
        &["libtss2-dev", "pkg-config"],
        &["libtss2-esys-3.0.2-0t64|libtss2-esys-3.0.2-0", "libtss2-tctildr0t64|libtss2-tctildr0"],
    ),
    row(&["libsecret-sys"], &["libsecret-1-dev", "pkg-config"], &["libsecret-1-0"]),
    // Databases.
    row(&["libsqlite3-sys"], &["libsqlite3-dev", "pkg-config"], &["libsqlite3-0"]).without(&[
        "bundled",
        "bundled-sqlcipher",
        "bundled-sqlcipher-vendored-openssl",
        "sqlcipher",
    ]),
    row(&["libsqlite3-sys"], &["libsqlcipher-dev", "pkg-config"], &["libsqlcipher1|libsqlcipher0"])
        .with(&["sqlcipher"])
        .without(&["bundled", "bundled-sqlcipher", "bundled-sqlcipher-vendored-openssl"]),
    row(&["pq-sys"], &["libpq-dev", "pkg-config"], &["libpq5"])
        .without(&["bundled", "bundled_without_openssl"]),
    row(&["mysqlclient-sys"], &["default-libmysqlclient-dev", "pkg-config"], &["libmariadb3"])
        .without(&["bundled"]),
    row(&["odbc-sys"], &["unixodbc-dev"], &["libodbc2"]).without(&["vendored-unix-odbc"]),
    // The system.
    row(&["libdbus-sys"], &["libdbus-1-dev", "pkg-config"], &["libdbus-1-3"]).without(&["vendored"]),
    row(&["libudev-sys"], &["libudev-dev", "pkg-config"], &["libudev1"]),
    row(&["hidapi"], &["libudev-dev", "pkg-config"], &["libudev1"])
        .without(&["linux-native", "linux-native-basic-udev"]),
    row(&["libsystemd-sys"], &["libsystemd-dev", "pkg-config"], &["libsystemd0"]),
    row(&["libseccomp-sys"], &["libseccomp-dev"], &["libseccomp2"]),
    row(&["pcap"], &["libpcap-dev", "pkg-config"], &["libpcap0.8t64|libpcap0.8"]),
    row(&["mnl-sys"], &["libmnl-dev", "pkg-config"], &["libmnl0"]),
    row(&["nftnl-sys"], &["libnftnl-dev", "pkg-config"], &["libnftnl11"]),
    row(&["fuser"], &["libfuse3-dev", "pkg-config"], &["fuse3", "libfuse3-4|libfuse3-3"]).with(&["libfuse"]),
    row(&["evdev-sys"], &["libevdev-dev", "pkg-config"], &["libevdev2"]),
    row(&["input-sys"], &["libinput-dev"], &["libinput10"]),
    row(&["libseat-sys"], &["libseat-dev", "pkg-config"], &["libseat1"]),
    row(&["gbm-sys"], &["libgbm-dev"], &["libgbm1"]),
    // Sound, images and video.
    row(&["alsa-sys"], &["libasound2-dev", "pkg-config"], &["libasound2t64|libasound2"]),
    row(&["libpulse-sys", "libpulse-simple-sys"], &["libpulse-dev", "pkg-config"], &["libpulse0"]),
    row(
        &["pipewire-sys"],
        &["libclang-dev", "libpipewire-0.3-dev", "pkg-config"],
        &["libpipewire-0.3-0t64|libpipewire-0.3-0"],
    ),
    row(&["portaudio-sys"], &["pkg-config", "portaudio19-dev"], &["libportaudio2"]),
    row(&["speech-dispatcher-sys"], &["libclang-dev", "libspeechd-dev"], &["libspeechd2"]),
    row(&["dav1d-sys"], &["libdav1d-dev", "pkg-config"], &["libdav1d7|libdav1d6"]),
    row(&["libheif-sys"], &["libheif-dev", "pkg-config"], &["libheif1"]).without(&["embedded-libheif"]),
    row(
        &["ffmpeg-sys-next"],
        &[
            "clang",
            "libavcodec-dev",
            "libavdevice-dev",
            "libavfilter-dev",
            "libavformat-dev",
            "libavutil-dev",
            "libswresample-dev",
            "libswscale-dev",
            "pkg-config",
        ],
        &[
            "libavcodec61|libavcodec59",
            "libavdevice61|libavdevice59",
            "libavfilter10|libavfilter8",
            "libavformat61|libavformat59",
            "libavutil59|libavutil57",
            "libswresample5|libswresample4",
            "libswscale8|libswscale6",
        ],
    )
    .without(&["build"]),
    row(&["tesseract-sys"], &["libclang-dev", "libtesseract-dev", "pkg-config"], &["libtesseract5"]),
    row(&["leptonica-sys"], &["libclang-dev", "libleptonica-dev", "pkg-config"], &["libleptonica6|liblept5"]),
    // Geography, mathematics, documents.
    row(&["gdal-sys"], &["libgdal-dev", "pkg-config"], &["libgdal36|libgdal32"]),
    row(&["proj-sys"], &["libclang-dev", "libproj-dev", "pkg-config"], &["libproj25"])
        .without(&["bundled_proj"]),
    row(&["geos-sys"], &["libgeos-dev", "pkg-config"], &["libgeos-c1t64|libgeos-c1v5"]).without(&["static"]),
    row(&["hdf5-sys", "hdf5-metno-sys"], &["libhdf5-dev", "pkg-config"], &["libhdf5-310|libhdf5-103-1"])
        .without(&["static"]),
    row(&["z3-sys"], &["libclang-dev", "libz3-dev", "pkg-config"], &["libz3-4"]).without(&[
        "bundled",
        "static-link-z3",
        "vcpkg",
    ]),
    row(&["libxml"], &["libclang-dev", "libxml2-dev", "pkg-config"], &["libxml2"]),
    // Languages.
    row(&["mlua-sys"], &["liblua5.4-dev", "pkg-config"], &["liblua5.4-0"])
        .with(&["lua54"])
        .without(&["vendored"]),
    row(&["mlua-sys"], &["liblua5.3-dev", "pkg-config"], &["liblua5.3-0"])
        .with(&["lua53"])
        .without(&["vendored"]),
    row(&["mlua-sys"], &["liblua5.1-0-dev", "pkg-config"], &["liblua5.1-0"])
        .with(&["lua51"])
        .without(&["vendored"]),
    row(&["mlua-sys"], &["libluajit-5.1-dev", "pkg-config"], &["libluajit-5.1-2"])
        .with(&["luajit", "luajit52"])
        .without(&["vendored"]),
    // Windows and what is drawn in them.
    row(&["freetype-sys"], &["libfreetype-dev", "pkg-config"], &["libfreetype6"]).without(&["bundled"]),
    row(&["yeslogic-fontconfig-sys"], &["libfontconfig-dev", "pkg-config"], &["libfontconfig1"])
        .without(&["dlopen"]),
    row(&["servo-fontconfig-sys"], &["libfontconfig-dev", "pkg-config"], &["libfontconfig1"])
        .without(&["force_system_lib"]),
    row(&["xkbcommon"], &["libxkbcommon-dev"], &["libxkbcommon0"]),
    row(&["xkbcommon"], &["libxkbcommon-x11-dev"], &["libxkbcommon-x11-0"]).with(&["x11"]),
    row(&["wayland-sys"], &["libwayland-dev", "pkg-config"], &["libwayland-client0"])
        .with(&["client"])
        .without(&["dlopen"]),
    row(&["wayland-sys"], &["libwayland-dev", "pkg-config"], &["libwayland-server0"])
        .with(&["server"])
        .without(&["dlopen"]),
    row(&["wayland-sys"], &["libwayland-dev", "pkg-config"], &["libwayland-cursor0"])
        .with(&["cursor"])
        .without(&["dlopen"]),
    row(&["wayland-sys"], &["libwayland-dev", "pkg-config"], &["libwayland-egl1"])
        .with(&["egl"])
        .without(&["dlopen"]),
    row(&["x11"], &["libx11-dev", "pkg-config"], &["libx11-6"]).with(&["xlib"]),
    row(&["x11"], &["libxrandr-dev", "pkg-config"], &["libxrandr2"]).with(&["xrandr"]),
    row(&["x11"], &["libxi-dev", "pkg-config"], &["libxi6"]).with(&["xinput"]),
    row(&["x11"], &["libxcursor-dev", "pkg-config"], &["libxcursor1"]).with(&["xcursor"]),
    row(&["x11"], &["libxtst-dev", "pkg-config"], &["libxtst6"]).with(&["xtest", "xrecord"]),
    row(&["x11"], &["libxft-dev", "pkg-config"], &["libxft2"]).with(&["xft"]),
    row(&["x11"], &["libxinerama-dev", "pkg-config"], &["libxinerama1"]).with(&["xinerama"]),
    row(&["x11"], &["libxss-dev", "pkg-config"], &["libxss1"]).with(&["xss"]),
    row(&["xcb"], &["libxcb1-dev"], &["libxcb1"]),
    row(&["libxdo-sys"], &["libxdo-dev"], &["libxdo3"]),
    row(&["sdl2-sys"], &["libsdl2-dev"], &["libsdl2-2.0-0"]).without(&["bundled"]),
    row(&["sdl2-sys"], &["libsdl2-gfx-dev"], &["libsdl2-gfx-1.0-0"]).with(&["gfx"]),
    row(&["sdl2-sys"], &["libsdl2-image-dev"], &["libsdl2-image-2.0-0"]).with(&["image"]),
    row(&["sdl2-sys"], &["libsdl2-mixer-dev"], &["libsdl2-mixer-2.0-0"]).with(&["mixer"]),
    row(&["sdl2-sys"], &["libsdl2-ttf-dev"], &["libsdl2-ttf-2.0-0"]).with(&["ttf"]),
    row(
        &["glib-sys", "gobject-sys", "gio-sys"],
        &["libglib2.0-dev", "pkg-config"],
        &["libglib2.0-0t64|libglib2.0-0"],
    ),
    row(&["cairo-sys-rs"], &["libcairo2-dev", "pkg-config"], &["libcairo2"]),
    row(&["cairo-sys-rs"], &["libcairo2-dev", "pkg-config"], &["libcairo-gobject2"]).with(&["use_glib"]),
    row(&["pango-sys"], &["libpango1.0-dev", "pkg-config"], &["libpango-1.0-0"]),
    row(&["pangocairo-sys"], &["libpango1.0-dev", "pkg-config"], &["libpangocairo-1.0-0"]),
    row(&["gdk-pixbuf-sys"], &["libgdk-pixbuf-2.0-dev", "pkg-config"], &["libgdk-pixbuf-2.0-0"]),
    row(&["atk-sys"], &["libatk1.0-dev", "pkg-config"], &["libatk1.0-0t64|libatk1.0-0"]),
    row(&["graphene-sys"], &["libgraphene-1.0-dev", "pkg-config"], &["libgraphene-1.0-0"]),
    row(
        &["gdk-sys", "gtk-sys", "gdkx11-sys", "gdkwayland-sys"],
        &["libgtk-3-dev", "pkg-config"],
        &["libgtk-3-0t64|libgtk-3-0"],
    ),
    row(
        &["gdk4-sys", "gsk4-sys", "gtk4-sys", "gdk4-x11-sys", "gdk4-wayland-sys"],
        &["libgtk-4-dev", "pkg-config"],
        &["libgtk-4-1"],
    ),
    row(&["libadwaita-sys"], &["libadwaita-1-dev", "pkg-config"], &["libadwaita-1-0"]),
    row(&["gtksourceview5-sys"], &["libgtksourceview-5-dev", "pkg-config"], &["libgtksourceview-5-0"]),
    row(&["soup3-sys"], &["libsoup-3.0-dev", "pkg-config"], &["libsoup-3.0-0"]),
    row(
        &["javascriptcore-rs-sys"],
        &["libjavascriptcoregtk-4.1-dev", "pkg-config"],
        &["libjavascriptcoregtk-4.1-0"],
    ),
    row(&["webkit2gtk-sys"], &["libwebkit2gtk-4.1-dev", "pkg-config"], &["libwebkit2gtk-4.1-0"]),
    row(&["gstreamer-sys"], &["libgstreamer1.0-dev", "pkg-config"], &["libgstreamer1.0-0"]),
    row(
        &[
            "gstreamer-app-sys",
            "gstreamer-audio-sys",
            "gstreamer-base-sys",
            "gstreamer-pbutils-sys",
            "gstreamer-video-sys",
        ],
        &["libgstreamer-plugins-base1.0-dev", "pkg-config"],
        &["libgstreamer-plugins-base1.0-0"],
    ),
];
