import { once } from 'node:events';
import type { Response } from 'express';
import type { DownloadRoute, RequestContext } from '../route.ts';
import type { Input } from './answer.ts';

/**
 * Writes a file piece by piece, as fast as it is read. What fails after the first byte breaks the connection off: half a file must not
 * look like a whole one.
 */
export async function download(
  route: DownloadRoute,
  input: Input,
  context: RequestContext,
  { response, isHead, stopping }: { response: Response; isHead: boolean; stopping: AbortSignal },
): Promise<void> {
  const { type, fileName, pieces } = await route.handle(input, context);
  response.set({
    'Content-Type': type,
    'Content-Disposition': `attachment; filename="${fileName}"`,
    'Cache-Control': route.cacheControl ?? 'no-store',
    'X-Accel-Buffering': 'no',
  });
  if (isHead) return void response.end();
  const signal = AbortSignal.any([input.signal, stopping]);
  for await (const piece of pieces) {
    if (signal.aborted) return void response.destroy();
    if (!response.write(piece)) await once(response, 'drain', { signal }).catch(() => undefined);
  }
  response.end();
}
