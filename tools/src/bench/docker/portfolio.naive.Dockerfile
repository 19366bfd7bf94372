# Sources in, everything built in one step.
ARG BUILD_BASE
ARG RUNTIME_BASE

FROM ${BUILD_BASE} AS builder
ENV CARGO_HOME=/cargo
WORKDIR /app
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
