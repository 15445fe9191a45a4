# Two stages: build the plain JavaScript, then ship it with production dependencies only.
# Pin the base by digest in your own registry: docker build --build-arg BASE=node:24-slim@sha256:… .
ARG BASE=node:24-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM ${BASE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY proto ./proto
COPY config ./config
# The only writable place. Run with a read-only root: docker run --read-only -v gatehouse:/data …
RUN mkdir -m 0700 /data && chown node:node /data
VOLUME /data
USER node
# Both listen on loopback by default: made for a pod that Envoy shares. Elsewhere set extauthz.listen and TLS.
EXPOSE 9191 9443
HEALTHCHECK --interval=5s --timeout=2s --start-period=10s CMD ["node", "dist/main.js", "health"]
# The flag halves what a process keeps for young objects (src/app/workers/node-flags.ts).
ENTRYPOINT ["node", "--max-semi-space-size=16", "dist/main.js"]
CMD ["serve", "--data", "/data"]
