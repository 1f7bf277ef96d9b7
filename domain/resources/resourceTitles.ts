const titles: Record<string, string> = {
  database: 'database',
  realm: 'sign-in realm',
  storage: 'storage bucket',
  license: 'licence',
  drill: 'throw-away database',
  restored: 'restored data',
};

/** What people call a resource of this kind, in the middle of a sentence. */
export const titleOfKind = (kind: string): string => titles[kind] ?? kind;

/** The same at the head of a row. */
export const headingOfKind = (kind: string): string => {
  const title = titleOfKind(kind);
  return title.charAt(0).toUpperCase() + title.slice(1);
};
