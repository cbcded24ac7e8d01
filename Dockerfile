# The image, for Airbyte's platform and for anybody's containers. Both bases are
# arguments, so that it can be built where no public registry is reached:
# packaging/image.sh makes its own.
#
#   docker build -t source-gorgias:dev .
#   docker buildx build --platform linux/amd64,linux/arm64 …
#
# Nothing runs in the second stage: it is put together for another processor
# without one.
ARG BUILD_BASE=golang:1.26-alpine
ARG RUN_BASE=busybox:1.37-musl

FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0
ARG TARGETOS
ARG TARGETARCH
# The words of packaging/build.go: the program is the release's, byte for byte.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X source-gorgias/connector/cli.version=$VERSION" \
      -o /root-owned/usr/local/bin/source-gorgias .
# What the image holds besides, and whom it belongs to: /config and /secrets are
# where the platform and its tests put files, the rest is a home.
RUN umask 022 \
 && mkdir -p /root-owned/etc/ssl/certs /root-owned/usr/local/share/licenses/source-gorgias \
      /user-owned/airbyte/integration_code /user-owned/config /user-owned/secrets \
 && ln -s source-gorgias /root-owned/usr/local/bin/tap-gorgias \
 && cp /etc/ssl/certs/ca-certificates.crt /root-owned/etc/ssl/certs/ \
 && cp LICENSE /root-owned/usr/local/share/licenses/source-gorgias/ \
 && go run ./packaging -licences > /root-owned/usr/local/share/licenses/source-gorgias/LICENSES-linked.txt \
 && printf 'root:x:0:0:root:/root:/bin/sh\nairbyte:x:1000:1000:airbyte:/airbyte:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' > /root-owned/etc/passwd \
 && printf 'root:x:0:\nairbyte:x:1000:\nnogroup:x:65534:\n' > /root-owned/etc/group

# Not scratch: the platform starts a shell, which starts the program.
FROM ${RUN_BASE}
COPY --from=build --chown=0:0 /root-owned/ /
COPY --from=build --chown=1000:1000 /user-owned/ /
ARG VERSION=0.1.0
ARG REVISION=
LABEL io.airbyte.name="source-gorgias" \
      io.airbyte.version="$VERSION" \
      org.opencontainers.image.title="source-gorgias" \
      org.opencontainers.image.description="Reads a Gorgias helpdesk account, for Airbyte and for Singer" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.documentation="https://developers.gorgias.com/reference/introduction"
# The platform calls the first, everybody else the second: they are the same.
ENV AIRBYTE_ENTRYPOINT="/usr/local/bin/source-gorgias"
ENTRYPOINT ["/usr/local/bin/source-gorgias"]
WORKDIR /airbyte/integration_code
USER 1000:1000
