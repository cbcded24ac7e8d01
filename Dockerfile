# The image, for Airbyte's platform and for other container runtimes. Both bases
# are arguments, so that it can be built without a public registry:
# packaging/image.sh makes its own. The base of the result is pinned by its digest.
# The base of the build is not: with the same Go, every base builds the same program.
#
#   docker build -t source-gorgias:dev .
#   docker buildx build --platform linux/amd64,linux/arm64 …
#
# Nothing runs in the second stage: an image for another processor needs no
# emulation.
ARG BUILD_BASE=golang:1.26-alpine
ARG RUN_BASE=busybox:1.37-musl@sha256:fc6dddc4c44b1bfe37f41cae8e67d1693828e8f42a91862816d7953e2c9d3f23

FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0
ARG TARGETOS
ARG TARGETARCH
# The flags of .goreleaser.yaml: the program is the release's, byte for byte.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X source-gorgias/connector/cli.version=$VERSION" \
      -o /root-owned/usr/local/bin/source-gorgias .
# The image's other files and their owners. The platform and its tests put files
# into /config and /secrets; /airbyte is the user's home.
RUN umask 022 \
 && mkdir -p /root-owned/etc/ssl/certs /root-owned/usr/local/share/licenses/source-gorgias \
      /user-owned/airbyte/integration_code /user-owned/config /user-owned/secrets \
 && ln -s source-gorgias /root-owned/usr/local/bin/tap-gorgias \
 && cp /etc/ssl/certs/ca-certificates.crt /root-owned/etc/ssl/certs/ \
 && cp LICENSE /root-owned/usr/local/share/licenses/source-gorgias/ \
 && go run ./packaging licenses /root-owned/usr/local/share/licenses/source-gorgias/LICENSES-linked.txt \
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
# The platform uses the first, other runtimes the second: they are the same.
ENV AIRBYTE_ENTRYPOINT="/usr/local/bin/source-gorgias"
ENTRYPOINT ["/usr/local/bin/source-gorgias"]
WORKDIR /airbyte/integration_code
USER 1000:1000
