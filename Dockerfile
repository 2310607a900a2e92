# docker build -t berth .      (written and not yet built: no engine where it was made)
FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        libsimdjson-dev zlib1g-dev libcurl4-openssl-dev libssl-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product berth --static-swift-stdlib && strip .build/release/berth

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates libcurl4 libsimdjson14 libssl3 zlib1g && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/.build/release/berth /usr/local/bin/berth
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/berth"]
CMD ["controller", "--http-listen", ":8080"]
