/** Loaded before a worker that is started by npm: brings the workflow bundle, unless a built one is named. */
import { buildWorkflows } from '../buildWorkflows.ts';

process.env.TENANTRY_WORKFLOW_BUNDLE ||= await buildWorkflows();
