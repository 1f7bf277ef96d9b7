import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { AnyRoute } from '#api/route.ts';
import { docsPage } from '#api/docsPage.ts';
import { openapiDocument, type OpenapiDocument } from '#api/openapiDocument.ts';
import { routeTable } from '#api/routeTable.ts';
import { errorCodes } from '#contracts/errors.ts';
import { ApiInstallation } from './apiInstallation.ts';

const document = openapiDocument(routeTable, 'http://localhost:4400');
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
    assert.equal(result.valid, true, JSON.stringify(result.errors, null, 1));
    assert.equal(validator.version, '3.1');
  });

  it('has every route under its own name, and nothing else', () => {
    assert.deepEqual(operations.map(({ operation }) => operation.operationId).sort(), Object.keys(routeTable).sort());
    for (const { path, method, operation } of operations) {
      const route = routeTable[operation.operationId as keyof typeof routeTable];
      assert.deepEqual([path, method], [route.path, route.method]);
      const ways = { decodeHistory: ['session', 'apiKey', 'workerToken'], encodeAnswer: ['workerToken'] };
      const { permission, portal, people = permission === 'signed-in' } = route as AnyRoute;
      const isOpen = permission === 'public' || portal === 'public';
      const usual = portal ? ['portalSession'] : people ? ['session'] : ['session', 'apiKey'];
      const known = (ways as Record<string, string[]>)[operation.operationId] ?? usual;
      assert.deepEqual(operation.security, isOpen ? [] : known.map((way) => ({ [way]: [] })));
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      assert.deepEqual(
        inPath,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
    }
  });

  it('points at nothing that is not there, and describes nothing by "anything"', () => {
    const text = JSON.stringify(document);
    const refs = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!));
    assert.ok(refs.size > 10);
    for (const ref of refs) assert.ok(ref.replace('#/components/schemas/', '') in document.components.schemas, ref);
    assert.doesNotMatch(text, /\$defs|\$schema|"schema":\{\}/);
  });

  it('tells the names of what goes in and out', () => {
    const at = (path: string, method: string) => document.paths[path]![method]!;
    const create = at('/api/v1/tenants', 'post');
    assert.deepEqual(create.requestBody?.content['application/json']?.schema, {
      $ref: '#/components/schemas/TenantToCreate',
    });
    assert.deepEqual(create.responses['202']?.content?.['application/json']?.schema, {
      $ref: '#/components/schemas/RunStarted',
    });
    assert.match(create.responses['409']?.description ?? '', /`slug_taken`/);
    assert.deepEqual(
      at('/health/ready', 'get').responses['503']?.content,
      at('/health/ready', 'get').responses['200']?.content,
    );
    const reveal = at('/api/v1/tenants/{tenantId}/manifest', 'get').parameters.find(({ name }) => name === 'reveal');
    assert.deepEqual([reveal?.required, reveal?.schema['enum']], [false, ['true', 'false']]);
  });

  it('is printed by `npm run openapi`', async () => {
    const script = resolve(import.meta.dirname, '../../api/openapiDocument.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script], {
      maxBuffer: 10_000_000,
      env: { ...process.env, TENANTRY_PUBLIC_URL: 'http://localhost:4400' },
    });
    assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(document)));
  });
}).timeout(30_000);

describe('the page of the API', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
  });
  after(() => api.stop());

  it('shows every operation, schema and error, without any script', async () => {
    const { status, text, headers } = await api.ask('GET', '/docs', { cookie: null });
    assert.equal(status, 200);
    assert.match(headers['content-type'] ?? '', /^text\/html/);
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none';style-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    );
    assert.doesNotMatch(text, /<script|style="| on\w+="/);
    for (const { operation } of operations) assert.ok(text.includes(`<section id="${operation.operationId}">`));
    for (const name of Object.keys(document.components.schemas)) assert.ok(text.includes(`id="schema-${name}"`));
    for (const code of errorCodes) assert.ok(text.includes(`<tr id="${code}">`), 'where the `type` of a problem leads');
    for (const [, id] of text.matchAll(/href="#([^"]+)"/g)) assert.ok(text.includes(`id="${id}"`), id);
    assert.equal((await api.ask('GET', '/docs/style.css')).headers['content-type'], 'text/css; charset=utf-8');
  });

  it('escapes what it is given', () => {
    const nasty = structuredClone(document) as OpenapiDocument;
    nasty.info.title = '<script>alert(1)</script>';
    nasty.components.schemas['"><img>'] = {
      type: 'object',
      properties: { '<b>': { type: 'string', description: '"&<' } },
    };
    assert.doesNotMatch(docsPage(nasty).html, /<script>|<img>|<b>"|&<'/);
  });

  it('and the document are what the running API serves', async () => {
    const { body, headers } = await api.ask<OpenapiDocument>('GET', '/openapi.json', { cookie: null });
    assert.deepEqual(Object.keys(body.paths), Object.keys(document.paths));
    assert.match(headers['content-type'] ?? '', /^application\/json/);
    assert.equal((await api.refusal('POST', '/openapi.json')).code, 'method_not_allowed');
  });
}).timeout(30_000);
