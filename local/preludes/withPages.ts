/** Loaded before an API that is started by npm: brings the pages, unless built ones are named. */
import { buildPages } from '../buildPages.ts';

process.env.TENANTRY_WEB_BUILD ||= await buildPages();
