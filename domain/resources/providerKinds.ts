/**
 * The kinds of resources that workers of this release keep, and what each tells of what it made. Data, because the API judges
 * blueprints without loading providers and without asking a worker that may be away; a test holds it to what workers have.
 */
export const providerKinds: ReadonlyMap<string, readonly string[]> = new Map([
  ['database', ['database', 'schema', 'role']],
  ['realm', ['issuer', 'jwksUri']],
  ['storage', ['bucket']],
  ['license', ['licenseId', 'product']],
]);

/** Undefined for a kind that nobody keeps. */
export const outputsOfKind = (kind: string): readonly string[] | undefined => providerKinds.get(kind);

/** Kinds whose making is a transaction in the registry and nothing else. */
export const keptInRegistry: ReadonlySet<string> = new Set(['realm', 'license']);
