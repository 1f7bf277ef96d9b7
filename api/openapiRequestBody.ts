import type { z } from 'zod';
import type { AnyRoute } from './route.ts';

interface RequestBody {
  required: boolean;
  content: Record<string, { schema: { [keyword: string]: unknown } }>;
}

/** What a route takes as its body: JSON of a schema, a file of some types, or nothing. */
export function requestBodyOf(
  route: AnyRoute,
  write: (schema: z.ZodType) => { [keyword: string]: unknown },
): { requestBody?: RequestBody } {
  const types: Record<string, { [keyword: string]: unknown }> =
    'file' in route && route.file
      ? Object.fromEntries(route.file.types.map((type) => [type, { type: 'string', contentMediaType: type }]))
      : 'body' in route && route.body
        ? { 'application/json': write(route.body) }
        : {};
  const content = Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]));
  return Object.keys(content).length > 0 ? { requestBody: { required: true, content } } : {};
}
