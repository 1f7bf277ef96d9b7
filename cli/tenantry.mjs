#!/usr/bin/env node
/** The `tenantry` command on the path: the same as `npm run tenantry --`. */
process.argv.splice(2, 0, 'tenantry');
await import('#local/bootstrap.mjs');
