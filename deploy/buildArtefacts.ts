/** Builds what the image carries ready-made, the pages and the workflow bundle, into the folder that is named. */
import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildPages } from '#local/buildPages.ts';
import { buildWorkflows } from '#local/buildWorkflows.ts';

const target = resolve(process.argv[2] ?? 'build/image');
await mkdir(target, { recursive: true });
await cp(await buildWorkflows(), join(target, 'workflows.js'));
await cp(await buildPages(), join(target, 'pages'), { recursive: true });
console.log(`built into ${target}`);
