import { errorCodes } from '#contracts/errors.ts';
import type { JsonSchema, OpenapiDocument, Operation } from './openapiDocument.ts';
import { titles } from './http/problemTitles.ts';
import { statuses } from './http/problems.ts';

/** The document as a page without any script, so that it stands under a policy that allows none. */
export function docsPage(document: OpenapiDocument): { html: string; css: string } {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = document.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return { name, own };
  });
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(document.info.title)} API ${text(document.info.version)}</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><h1>${text(document.info.title)} API</h1><p>${prose(document.info.description)}</p>
<p><a href="/openapi.json">openapi.json</a> (OpenAPI ${text(document.openapi)}, version ${text(document.info.version)})</p></header>
<nav aria-label="Operations">${groups.map(({ name, own }) => `<h2>${text(name)}</h2><ul>${own.map(({ path, method, operation }) => `<li><a href="#${operation.operationId}"><b>${method.toUpperCase()}</b> <code>${text(path)}</code></a></li>`).join('')}</ul>`).join('')}
<h2>more</h2><ul><li><a href="#schemas">Schemas</a></li><li><a href="#errors">Errors</a></li></ul></nav>
<main id="main">
${operations.map(({ path, method, operation }) => section(path, method, operation)).join('\n')}
<section id="schemas"><h2>Schemas</h2>
${Object.entries(document.components.schemas)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, schema]) => `<article id="schema-${text(name)}"><h3>${text(name)}</h3>${shape(schema)}</article>`)
  .join('\n')}
</section>
<section id="errors"><h2>Errors</h2>
<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>
${errorCodes.map((code) => `<tr id="${code}"><td><code>${code}</code></td><td>${statuses[code]}</td><td>${text(titles[code])}</td></tr>`).join('\n')}
</tbody></table></section>
</main>
</body>
</html>
`;
  return { html, css };
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const text = (raw: unknown): string => String(raw).replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign);
const prose = (raw: string): string => text(raw).replace(/`([^`]+)`/g, '<code>$1</code>');

function section(
  path: string,
  method: string,
  { operationId, summary, description, parameters, requestBody, responses }: Operation,
): string {
  return `<section id="${operationId}"><h2>${text(summary)}</h2>
<p class="call"><b>${method.toUpperCase()}</b> <code>${text(path)}</code> <span>${operationId}</span></p>
<p>${prose(description)}</p>
${parameters.length > 0 ? `<h3>Parameters</h3><table><tbody>${parameters.map((parameter) => `<tr><th scope="row"><code>${text(parameter.name)}</code></th><td>${parameter.in}${parameter.required ? '' : ', optional'}</td><td>${typeName(parameter.schema)}${parameter.description ? `<br>${prose(parameter.description)}` : ''}</td></tr>`).join('')}</tbody></table>` : ''}
${
  requestBody
    ? `<h3>Body</h3>${Object.values(requestBody.content)
        .map(({ schema }) => shape(schema))
        .join('')}`
    : ''
}
<h3>Answers</h3><table><tbody>${Object.entries(responses)
    .map(
      ([status, response]) =>
        `<tr><th scope="row">${status}</th><td>${prose(response.description)}</td><td>${Object.values(
          response.content ?? {},
        )
          .map(({ schema }) => typeName(schema))
          .join('')}</td></tr>`,
    )
    .join('')}</tbody></table>
</section>`;
}

/** An object's fields as rows; anything else by its name. */
function shape(schema: JsonSchema): string {
  const properties = schema['properties'] as Record<string, JsonSchema> | undefined;
  if (!properties) return `<p>${typeName(schema)}</p>`;
  const required = new Set((schema['required'] as string[] | undefined) ?? []);
  const rows = Object.entries(properties).map(([name, inner]) => {
    const { description } = inner;
    const note = typeof description === 'string' ? `<br>${prose(description)}` : '';
    return `<tr><th scope="row"><code>${text(name)}</code></th><td>${required.has(name) ? '' : 'optional'}</td><td>${typeName(inner)}${note}</td></tr>`;
  });
  return `<table><tbody>${rows.join('')}</tbody></table>`;
}

/** The schema as a phrase: `array of Run`, `"a" | "b"`, `string (uuid)`. */
function typeName(schema: JsonSchema): string {
  const { $ref, anyOf, type, format, items, properties, additionalProperties } = schema as {
    $ref?: string;
    anyOf?: JsonSchema[];
    type?: string;
    format?: string;
    items?: JsonSchema;
    properties?: Record<string, JsonSchema>;
    additionalProperties?: JsonSchema | boolean;
  };
  if ($ref) {
    const name = text($ref.split('/').at(-1));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (anyOf) return anyOf.map(typeName).join(' | ');
  if (Array.isArray(schema['enum']))
    return schema['enum'].map((word) => `<code>${text(JSON.stringify(word))}</code>`).join(' | ');
  if (schema['const'] !== undefined) return `<code>${text(JSON.stringify(schema['const']))}</code>`;
  if (type === 'array') return `array of ${items ? typeName(items) : 'anything'}`;
  if (properties)
    return `{ ${Object.entries(properties)
      .map(([name, inner]) => `<code>${text(name)}</code>: ${typeName(inner)}`)
      .join(', ')} }`;
  if (type === 'object' && typeof additionalProperties === 'object') return `map of ${typeName(additionalProperties)}`;
  return text(type ?? 'anything') + (format ? ` (${text(format)})` : '');
}

const css = `:root { color-scheme: light dark; --line: #8884; --quiet: #8882; --accent: light-dark(#0b57a4, #8ec5ff); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; display: grid; gap: 0 2rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 60rem) { body { grid-template-columns: 21rem minmax(0, 1fr); } header { grid-column: 1 / -1; } nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; } }
a { color: var(--accent); } code { font-size: .9em; overflow-wrap: anywhere; }
nav ul { list-style: none; margin: 0; padding: 0; } nav h2 { font-size: 1rem; margin: 1rem 0 .25rem; text-transform: capitalize; } nav a { text-decoration: none; } nav b { font-size: .7rem; }
section { border-top: 1px solid var(--line); padding: 1rem 0; } :target { background: var(--quiet); }
.call { background: var(--quiet); padding: .5rem .75rem; border-radius: .375rem; } .call span { float: right; opacity: .7; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); font-weight: inherit; } th, th code { white-space: nowrap; overflow-wrap: normal; } @media (max-width: 30rem) { th, th code, td { white-space: normal; overflow-wrap: anywhere; } }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
`;
