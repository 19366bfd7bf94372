# Both halves cooked as cargo-chef's documentation says: a planner, a cook for each of the two builds with the
# arguments that the real build has (there is no --lib, and the front has nothing else), then the sources. Downloads
# are in cache mounts, as in Larder's Dockerfile.
ARG BUILD_BASE
ARG RUNTIME_BASE

FROM ${BUILD_BASE} AS chef
ENV CARGO_HOME=/cargo
WORKDIR /app

FROM chef AS planner
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS builder
COPY --from=planner /app/recipe.json recipe.json
RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
    --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
    cargo chef cook --recipe-path recipe.json --target-dir target/front --package=frontend \
        --target=wasm32-unknown-unknown --no-default-features --profile=wasm-release
RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
    --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
    cargo chef cook --recipe-path recipe.json --package=server --bin=server --no-default-features --release
COPY . .
RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
    --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
    cargo leptos build --release

FROM ${RUNTIME_BASE} AS runtime
COPY --from=builder /app/target/release/server /app/server
COPY --from=builder /app/target/site /app/site
WORKDIR /app
ENV LEPTOS_SITE_ROOT="site" LEPTOS_SITE_ADDR="0.0.0.0:3000" DATABASE_URL="sqlite:///data/portfolio.sqlite"
USER 65532:65532
ENTRYPOINT ["/app/server"]
