/**
 * What the container's HEALTHCHECK asks. Liveness only: whether dependencies are there is told by `/health/ready`, and
 * restarting a process because its database is away helps nobody.
 */
const port = process.env['TENANTRY_METRICS_PORT'] ?? '9464';
const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(4_000) }).catch(
  () => null,
);
process.exit(answer?.ok ? 0 : 1);
