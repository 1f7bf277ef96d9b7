import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { NextFunction, Request, Response } from 'express';

export type Pages = (request: Request, response: Response, next: NextFunction) => void;

/** The built admin app and portals, served by SvelteKit's own handler. It reads its settings from the environment as it is imported. */
export async function openPages(build: string, apiOrigin: string): Promise<Pages> {
  process.env['TENANTRY_API_ORIGIN'] = apiOrigin;
  const { handler } = (await import(pathToFileURL(join(build, 'handler.js')).href)) as { handler: Pages };
  return handler;
}
