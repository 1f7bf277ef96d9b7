import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export interface Import {
  from: string;
  specifier: string;
  /** Erased before it runs: `import type`, `export type … from`, `import('…')` as a type. */
  typeOnly: boolean;
  line: number;
}

const skipped = new Set(['node_modules', 'build', 'coverage', 'dist', 'fixtures']);
const isSource = (name: string): boolean => /\.(?:ts|mjs|js|svelte)$/.test(name) && !name.endsWith('.d.ts');

/** Every source file of a checkout by its path from there, `/`-separated. */
export function readSources(root: string, folder = ''): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (entry.name.startsWith('.') || skipped.has(entry.name)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) for (const [name, text] of readSources(root, path)) files.set(name, text);
    else if (isSource(entry.name)) files.set(path, readFileSync(join(root, path), 'utf8'));
  }
  return files;
}

/** What a file imports, re-exports or loads, static or dynamic. Of a Svelte file, what its scripts do. */
export function importsOf(path: string, text: string): Import[] {
  const source = ts.createSourceFile(path, scriptOf(path, text), ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.push({ from: path, specifier: specifier.text, typeOnly, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, importIsTypeOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, exportIsTypeOnly(node));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Whether a file exports a value by this name, declared there. */
export function exportsValue(path: string, text: string, name: string): boolean {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return source.statements.some((statement) => {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
    if (!exported) return false;
    if (ts.isFunctionDeclaration(statement)) return statement.name?.text === name;
    if (!ts.isVariableStatement(statement)) return false;
    return statement.declarationList.declarations.some((one) => ts.isIdentifier(one.name) && one.name.text === name);
  });
}

function importIsTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const names = clause.namedBindings;
  if (clause.name || !names || !ts.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

function exportIsTypeOnly(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true;
  const names = node.exportClause;
  if (!names || !ts.isNamedExports(names)) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

/** A Svelte file's scripts at their own lines, so that what is found is where it says. */
function scriptOf(path: string, text: string): string {
  if (!path.endsWith('.svelte')) return text;
  let scripts = '';
  for (const match of text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) {
    const start = match.index + match[0].indexOf('>') + 1;
    const linesBefore = text.slice(0, start).split('\n').length - scripts.split('\n').length;
    scripts += '\n'.repeat(Math.max(0, linesBefore)) + match[1];
  }
  return scripts;
}
