import { z } from 'zod';
import * as blueprints from '#contracts/blueprints.ts';
import { approvalHeader } from '#contracts/approvals/approvals.ts';
import type { ErrorCode } from '#contracts/errors.ts';
import { Problem } from '#contracts/problems.ts';
import { Run, RunPage, RunStarted, RunStep } from '#contracts/runs.ts';
import { Credentials } from '#contracts/identity/signIn.ts';
import { OwnerClaim, Session } from '#contracts/session.ts';
import * as tenants from '#contracts/tenants.ts';
import { titles } from './http/problemTitles.ts';
import { statuses } from './http/problems.ts';
import { requestBodyOf } from './openapiRequestBody.ts';
import { nothing, type AnyRoute, type Route } from './route.ts';
import { routeTable } from './routeTable.ts';

/** JSON Schema 2020-12, which is what OpenAPI 3.1 speaks. */
export type JsonSchema = { [keyword: string]: unknown };

export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: JsonSchema }[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema }> };
  responses: Record<
    string,
    { description: string; headers?: JsonSchema; content?: Record<string, { schema: JsonSchema }> }
  >;
  security: Record<string, string[]>[];
}

export interface OpenapiDocument {
  openapi: string;
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: JsonSchema };
}

/** What has a name in the document; sent and received are told apart, since defaults and transforms make them differ. */
const sent = {
  TenantToPlan: tenants.TenantToPlan,
  TenantToCreate: tenants.TenantToCreate,
  TenantChange: tenants.TenantChange,
  TenantRemoval: tenants.TenantRemoval,
  Person: tenants.Person,
  NewBlueprintVersion: blueprints.NewBlueprintVersion,
  BlueprintDraft: blueprints.BlueprintDraft,
  NewBlueprintStep: blueprints.BlueprintStep,
  NewPlan: blueprints.NewPlan,
  PlanMove: blueprints.PlanMove,
  Credentials,
  OwnerClaim,
};
const { Tenant, TenantDetail, TenantPage, TenantPlan, Resource, Manifest, Plan, Portal } = tenants;
const { Blueprint, BlueprintVersion, BlueprintSummary, BlueprintStep, BlueprintCheck } = blueprints;
const received = {
  Problem, Run, RunStep, RunPage, RunStarted, Session, Tenant, TenantDetail, TenantPage, TenantPlan, Resource, Manifest, Plan, Portal,
  Blueprint, BlueprintVersion, BlueprintSummary, BlueprintStep, BlueprintCheck,
}; // prettier-ignore

const refOf = (name: string): string => `#/components/schemas/${name}`;

/** One fold over the route table: what is not declared there is not in the document, and the other way round. */
export function openapiDocument(
  routes: Record<string, AnyRoute>,
  publicUrl: string,
  version = '0.1.0',
): OpenapiDocument {
  const write = schemaWriter();
  const paths: OpenapiDocument['paths'] = {};
  for (const [operationId, route] of Object.entries(routes))
    (paths[route.path] ??= {})[route.method] = operationOf(operationId, route, write);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tenantry',
      version,
      description:
        'Creates, changes and removes the tenants of a SaaS product. What takes time answers 202 with the id of a run; ' +
        'follow it by `followRun`. Every refusal is a problem (RFC 9457) with a stable `code` and the request id.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    tags: [...new Set(Object.values(routes).map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: write.named,
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: publicUrl.startsWith('https:') ? '__Host-tenantry' : 'tenantry',
        },
        portalSession: {
          type: 'apiKey',
          in: 'cookie',
          name: `${publicUrl.startsWith('https:') ? '__Host-' : ''}tenantry-portal-<tenant id in base 32>`,
          description: 'Of one portal: worth nothing at another one, nor on the platform',
        },
        apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'tnt_' },
        workerToken: { type: 'http', scheme: 'bearer', bearerFormat: 'twt_' },
      },
    },
  };
}

/** `/api/v1/tenants/…` is about tenants. */
const tagOf = ({ path }: AnyRoute): string => {
  const first = /^\/(?:api\/v1\/)?([^/]+)/.exec(path)?.[1] ?? 'other';
  return ({ t: 'portals', owner: 'session' } as Record<string, string>)[first] ?? first;
};

type SchemaWriter = ReturnType<typeof schemaWriter>;

function schemaWriter() {
  const named: Record<string, JsonSchema> = {};
  const writeAll = (schemas: Record<string, z.ZodType>, io: 'input' | 'output') => {
    const registry = z.registry<{ id: string }>();
    for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
    const written = z.toJSONSchema(registry, { io, uri: refOf, unrepresentable: 'any' }).schemas;
    for (const [id, schema] of Object.entries(written)) named[id] = withoutMarks(schema);
    const names = new Map(Object.entries(schemas).map(([id, schema]) => [schema, id]));
    return (schema: z.ZodType): JsonSchema => {
      const id = names.get(schema);
      if (id !== undefined) return { $ref: refOf(id) };
      return withoutMarks(z.toJSONSchema(schema, { io, metadata: registry, unrepresentable: 'any' }), names);
    };
  };
  return { sent: writeAll(sent, 'input'), received: writeAll(received, 'output'), named };
}

/** The document says once which dialect it is in; ids are places in it already. Named schemas within are pointed at. */
function withoutMarks(schema: object, names?: Map<z.ZodType, string>): JsonSchema {
  const { $schema: _dialect, $id: _place, $defs, ...rest } = schema as JsonSchema;
  const text = JSON.stringify(rest).replaceAll('#/$defs/', refOf(''));
  if ($defs && !names) throw new Error('a named schema has definitions of its own');
  return JSON.parse(text) as JsonSchema;
}

function operationOf(operationId: string, route: AnyRoute, write: SchemaWriter): Operation {
  return {
    operationId,
    summary: route.summary,
    description: needsOf(route),
    tags: [tagOf(route)],
    parameters: [
      ...parametersOf('path', route.params ?? nothing, write),
      ...parametersOf('query', route.query ?? nothing, write),
      ...Object.entries(route.headers ?? {}).map(([name, description]) => headerOf(name, description)),
      ...('idempotent' in route && route.idempotent ? [idempotencyHeader] : []),
      ...('approval' in route && route.approval ? [approvalParameter] : []),
    ],
    ...requestBodyOf(route, write.sent),
    responses: { ...successOf(route, write), ...refusalsOf(route) },
    security: securityOf(route),
  };
}

function needsOf({ permission, portal, people, takesWorkerTokens }: AnyRoute): string {
  if (portal === 'public') return 'Public.';
  if (portal === 'signed-in') return 'Needs a sign-in at this portal.';
  if (portal)
    return `Needs a sign-in at this portal with the permission \`${portal}\` there, or a support access that was entered.`;
  if (permission === 'public') return 'Public.';
  if (permission === 'signed-in') return people === false ? 'Needs a sign-in or an API key.' : 'Needs a sign-in.';
  if (permission === 'worker') return "Needs a worker's token.";
  return `Needs the permission \`${permission}\`${takesWorkerTokens ? ", or a worker's token" : people ? ', and a person who is signed in' : ''}.`;
}

function securityOf({
  permission,
  portal,
  people = permission === 'signed-in',
  takesWorkerTokens,
}: AnyRoute): Operation['security'] {
  if (portal) return portal === 'public' ? [] : [{ portalSession: [] }];
  if (permission === 'public') return [];
  return [
    ...(permission === 'worker' ? [] : [{ session: [] }]),
    ...(permission === 'worker' || people ? [] : [{ apiKey: [] }]),
    ...(permission === 'worker' || takesWorkerTokens ? [{ workerToken: [] }] : []),
  ];
}

const headerOf = (name: string, description: string): Operation['parameters'][number] => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
});

const idempotencyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Repeating the same request with the same key within 24 hours gives the same answer and does nothing again',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};

const approvalParameter = {
  ...headerOf(approvalHeader, 'The approval of this very request, where the policy of its act asks for one'),
  required: false,
  schema: { type: 'string', format: 'uuid' },
};

function parametersOf(place: 'path' | 'query', schema: z.ZodType, write: SchemaWriter): Operation['parameters'] {
  const { properties = {}, required = [] } = write.sent(schema) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...inner }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(typeof description === 'string' ? { description } : {}),
    schema: inner,
  }));
}

function successOf(route: AnyRoute, write: SchemaWriter): Operation['responses'] {
  if ('stream' in route) {
    const schema = {
      type: 'string',
      description: `Events named \`${route.stream.event}\`; \`data\` is a ${'`Run`'} as JSON, \`id\` its version.`,
    };
    return { 200: { description: route.summary, content: { 'text/event-stream': { schema } } } };
  }
  if ('download' in route) {
    const content = route.download.types.map((type) => [type.split(';')[0]!, { schema: { type: 'string' } }]);
    return { 200: { description: route.summary, content: Object.fromEntries(content) as Record<string, never> } };
  }
  const { status, body, also }: Route['success'] = route.success;
  const content = body ? { content: { 'application/json': { schema: write.received(body) } } } : {};
  return Object.fromEntries(
    [status, ...(also ? [also.status] : [])].map((code) => [code, { description: route.summary, ...content }]),
  );
}

/** They come with every answer; the last one with a refusal only. */
const rateHeaders = {
  'RateLimit-Policy': {
    description: 'The quotas this request counts to: `"user";q=6000;w=60` are 6,000 requests in 60 seconds',
    schema: { type: 'string' },
  },
  RateLimit: {
    description: 'What is left of each, and in how many seconds all of it is there again: `"user";r=5999;t=1`',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'Seconds', schema: { type: 'integer' } },
};

const isOpen = ({ permission, portal }: AnyRoute): boolean => permission === 'public' || portal === 'public';
const needsSession = (route: AnyRoute): boolean => !isOpen(route) && route.permission !== 'worker';

/** A route's own errors, and those that every route of its kind may meet. */
function refusalsOf(route: AnyRoute): Operation['responses'] {
  const codes = new Set<ErrorCode>([...route.errors, 'invalid_request', 'dependency_down', 'internal']);
  if (!route.path.startsWith('/health/')) codes.add('too_many_requests');
  if (!isOpen(route)) codes.add('unauthenticated');
  if (!isOpen(route) && !['signed-in', 'worker'].includes(route.permission)) codes.add('forbidden');
  if (route.portal) for (const code of ['not_found', 'tenant_suspended', 'tenant_moved'] as const) codes.add(code);
  if (needsSession(route) && !route.beforeSetUp) codes.add('second_factor_required');
  if (route.stepUp) codes.add('step_up_required');
  if (route.method !== 'get') codes.add('cross_origin');
  if (('body' in route && route.body) || ('file' in route && route.file))
    for (const code of ['bad_json', 'body_too_large', 'unsupported_media_type'] as const) codes.add(code);
  if ('idempotent' in route && route.idempotent)
    for (const code of ['idempotency_key_reused', 'idempotency_in_flight'] as const) codes.add(code);
  if ('approval' in route && route.approval)
    for (const code of ['approval_required', 'approval_invalid', 'approval_over'] as const) codes.add(code);
  const byStatus = Map.groupBy(codes, (code) => statuses[code]);
  const own = !('success' in route) || !route.success.also ? [] : [route.success.also.status];
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !own.includes(status))
      .map(([status, sameStatus]) => [
        status,
        {
          description: sameStatus.map((code) => `\`${code}\`: ${titles[code]}`).join('; '),
          ...(status === 429 ? { headers: rateHeaders } : {}),
          content: { 'application/problem+json': { schema: { $ref: refOf('Problem') } } },
        },
      ]),
  );
}

if (import.meta.main)
  console.log(
    JSON.stringify(openapiDocument(routeTable, process.env['TENANTRY_PUBLIC_URL'] ?? 'http://localhost:4400'), null, 2),
  );
