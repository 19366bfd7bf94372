# Sources in, everything built in one step.
ARG BUILD_BASE
ARG RUNTIME_BASE

FROM ${BUILD_BASE} AS builder
ENV CARGO_HOME=/cargo
WORKDIR /app
COPY . .
RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
    --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
    cargo build --release --locked

FROM ${RUNTIME_BASE} AS runtime
COPY --from=builder /app/target/release/service /app/service
USER 65532:65532
ENTRYPOINT ["/app/service"]
