/** What references may lead to when a step is about to be carried out. */
export interface Known {
  inputs: Readonly<Record<string, unknown>>;
  /** By step, what it told. */
  steps: Readonly<Record<string, Readonly<Record<string, unknown>> | null | undefined>>;
}

export type Source = { of: 'inputs'; name: string } | { of: 'steps'; id: string; field: string };

/** Null for what is no reference to an input or an output. */
export function sourceOf(from: unknown): Source | null {
  if (typeof from !== 'string') return null;
  const [, name] = /^inputs\.([^.]+)$/.exec(from) ?? [];
  if (name !== undefined) return { of: 'inputs', name };
  const [, id, field] = /^steps\.([^.]+)\.([^.]+)$/.exec(from) ?? [];
  return id !== undefined && field !== undefined ? { of: 'steps', id, field } : null;
}

const valueOf = (source: Source, { inputs, steps }: Known): unknown =>
  source.of === 'inputs' ? inputs[source.name] : steps[source.id]?.[source.field];

export const isReference = (value: unknown): value is { $from: unknown } =>
  typeof value === 'object' && value !== null && '$from' in value;

/**
 * The same value with its references filled in.
 *
 * @param refuse is told the reference that leads to nothing; it throws
 */
export function resolve(value: unknown, known: Known, refuse: (reference: string) => never): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(one, known, refuse));
  if (typeof value !== 'object' || value === null) return value;
  if (isReference(value)) {
    const source = sourceOf(value.$from);
    const found = source ? valueOf(source, known) : undefined;
    return found === undefined ? refuse(String(value.$from)) : found;
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner, known, refuse)]));
}

const placeholder = /\{\{\s*([^{}\s]+)\s*\}\}/g;

/** The references that a text holds: `{{inputs.tenant}}`. */
export const placeholdersIn = (text: string): string[] => [...text.matchAll(placeholder)].map(([, inside]) => inside!);

/** A text with what is known filled in; what is not known yet stays as it is written. */
export const fillIn = (text: string, known: Known): string =>
  text.replace(placeholder, (whole, inside: string) => {
    const source = sourceOf(inside);
    const found = source ? valueOf(source, known) : undefined;
    return found === undefined || found === null ? whole : typeof found === 'string' ? found : JSON.stringify(found);
  });
