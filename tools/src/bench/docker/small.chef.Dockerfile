# As cargo-chef's documentation says; downloads are in cache mounts, as in Larder's Dockerfile.
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
    cargo chef cook --recipe-path recipe.json --release
COPY . .
RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
    --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
    cargo build --release --locked

FROM ${RUNTIME_BASE} AS runtime
COPY --from=builder /app/target/release/service /app/service
USER 65532:65532
ENTRYPOINT ["/app/service"]
