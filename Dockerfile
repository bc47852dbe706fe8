# One image for every process: `patter worker`, `patter gateway`, `patter control`.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The build script needs the sources, so `prepare` waits; the embedded Postgres is for development.
RUN npm ci --ignore-scripts --omit=optional
COPY . .
RUN node scripts/build.js && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:20-bookworm-slim
# The Temporal SDK verifies TLS with the system's certificates.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production PATTER_HOME=/var/lib/patter
RUN mkdir -p /var/lib/patter && chown node:node /var/lib/patter
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/bin ./bin
COPY --from=build --chown=root:root /app/dist ./dist
USER node
VOLUME /var/lib/patter
ENTRYPOINT ["node", "bin/patter.js"]
CMD ["--help"]
