import type { TenantFact } from '#contracts/blueprints.ts';

/** What a step's input may refer to: the tenant, and what earlier steps told. */
export interface Known {
  tenant: Record<TenantFact, string>;
  outputs: ReadonlyMap<string, Record<string, unknown>>;
}

/**
 * A step's input with its references replaced by what they stand for. One that leads to nothing (the step was skipped, or told less
 * than its schema promised) is handed to `missing`, which throws.
 */
export function resolveInput(input: unknown, known: Known, missing: (reference: string) => never): unknown {
  if (Array.isArray(input)) return input.map((inner) => resolveInput(inner, known, missing));
  if (input === null || typeof input !== 'object') return input;
  if ('$tenant' in input) return known.tenant[input.$tenant as TenantFact];
  if ('$from' in input) {
    const [, key = '', field = ''] = /^steps\.([^.]+)\.([^.]+)$/.exec(String(input.$from)) ?? [];
    const output = known.outputs.get(key);
    if (!output || !Object.hasOwn(output, field)) return missing(String(input.$from));
    return output[field];
  }
  return Object.fromEntries(Object.entries(input).map(([name, inner]) => [name, resolveInput(inner, known, missing)]));
}
