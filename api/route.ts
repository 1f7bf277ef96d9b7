import { z } from 'zod';
import { RoleName } from '#contracts/access/roles.ts';
import type { DangerousAct } from '#contracts/approvals/acts.ts';
import type { ErrorCode } from '#contracts/errors.ts';
import type { RoutePermission } from '#contracts/permissions.ts';
import type { PortalAdmission } from '#contracts/portal/permissions.ts';
import type { Session } from '#contracts/session.ts';
import type { KeyHolder } from '#domain/apiKeys/findKeyHolder.ts';
import type { Principal } from '#domain/access/grants.ts';
import type { Sql } from '#domain/database.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import type { SignedIn } from '#domain/people/sessions.ts';
import type { TokenHolder } from '#domain/workerTokens/workerTokens.ts';
import type { ApiContext } from './context.ts';
import type { TakenFile } from './http/files.ts';
import type { Rate } from './http/rates.ts';
import type { Door } from './portals/doors.ts';
import type { Asked, Judged } from './mounting/admission/judge.ts';
import type { Questions } from './mounting/admission/permitted.ts';
import type { ThingKind } from './mounting/admission/targets.ts';
import type { Opening } from './signIn/opening.ts';

/** What came with the request, parsed by the route's own schemas. */
export interface RouteInput<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
> extends Questions {
  params: z.output<Params>;
  query: z.output<Query>;
  body: z.output<Body>;
  /** The body as it arrives, where the route takes a file. */
  file: AsyncIterable<Buffer>;
  actor: Actor;
  /** The person who asks; null where the route is public and nobody is signed in, and for keys and workers. */
  signedIn: SignedIn | null;
  /** The API key that came instead of a sign-in. */
  key: KeyHolder | null;
  /** On whose grants it is asked: a person's, within the limits of the key if one came. Null where nobody is known, and for workers. */
  principal: Principal | null;
  /** The worker whose token came instead of a sign-in, where the route takes one. */
  worker: TokenHolder | null;
  /** One of the headers that the route names; undefined when it did not come. */
  header(name: string): string | undefined;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
}

/** What a handler may use: what the API stands on, and what belongs to this one request. */
export interface RequestContext extends ApiContext, Opening {
  /** This request's own view of the registry. */
  em: Sql;
  /** The portal at which it is asked; only routes that declare one may ask for it. */
  door: Door;
  /** What is told of who is signed in, in the words of the place where they are. */
  viewSession(signedIn: SignedIn): Promise<Session>;
  /** One transaction; with an `Idempotency-Key` it is carried out once, and its result is the answer to every repetition. */
  once<Result>(work: (em: Sql) => Promise<Result>): Promise<Result>;
  /** One transaction that changes who may do what; afterwards every process is told, and this one answers by it at once. */
  changeAccess<Result extends { epoch: number }>(work: (em: Sql) => Promise<Result>): Promise<Result>;
  /** What another request of the same caller would meet, short of being carried out; refuses what would be refused. */
  judge(asked: Asked): Promise<Judged>;
}

interface Described<Params extends z.ZodType, Query extends z.ZodType> {
  path: `/${string}`;
  summary: string;
  /** Nothing is reachable by omission: without one the API does not start. */
  permission: RoutePermission;
  /**
   * Who may ask at a portal, for whatever is below `/api/v1/portals/{slug}`: its `permission` is `portal`. Without it such a route does
   * not start.
   */
  portal?: PortalAdmission;
  /**
   * What the permission is asked about. Without one, only who has it for the whole platform passes; a kind of thing asks about the
   * tenant it belongs to; `reach` lets pass who has it anywhere, and the handler shows what is in reach; `anywhere` is for what
   * belongs to no tenant and may be seen by all who have it somewhere.
   */
  scope?: ThingKind | 'reach' | 'anywhere';
  /** Only for who proved who they are within ten minutes: for what is dangerous in the hands of who finds a browser open. */
  stepUp?: boolean;
  /** Public, and says more to who is signed in. */
  recognises?: boolean;
  /** Open to who has to set up a second factor first. */
  beforeSetUp?: boolean;
  params?: Params;
  query?: Query;
  /** Headers that matter, each with what it says. */
  headers?: Record<string, string>;
  /** About people themselves, their credentials and roles: API keys are refused. Unless told, where only a sign-in is needed. */
  people?: boolean;
  /** A worker's token is taken instead of a sign-in. */
  takesWorkerTokens?: boolean;
  /** Open to pages of the origins that are configured for it, with the sign-in of who looks at them. */
  crossOrigin?: 'codec';
  /** How often one caller may ask: so many a second, and so many at once after a pause. */
  rate?: Rate;
  /** Beyond those that every route may answer with. */
  errors: readonly ErrorCode[];
}

export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> extends Described<Params, Query> {
  method: 'get' | 'post' | 'patch' | 'delete';
  body?: Body;
  /** The body is a file, which the handler reads piece by piece. */
  file?: TakenFile;
  /** Whether `Idempotency-Key` is heeded: the handler then does its writing by `once`. */
  idempotent?: boolean;
  /** Others must have approved it, as many as the policy of this act asks for, or as the route itself finds out. */
  approval?: DangerousAct | ApprovalRule<z.output<Params>, z.output<Body>>;
  success: {
    status: 200 | 201 | 202 | 204;
    body?: Answer;
    /** Another status that some answers have, and which do. */
    also?: { status: number; when(answer: z.output<Answer>): boolean };
  };
  /** For answers that anybody may keep; all others are `no-store`. */
  cacheControl?: string;
  handle(input: RouteInput<Params, Query, Body>, context: RequestContext): Promise<z.input<Answer>>;
}

export interface ApprovalRule<Params, Body> {
  act: DangerousAct;
  required(given: { params: Params; body: Body }, em: Sql): Promise<number>;
  /** What else must be as it was when it was approved, beside the request itself. */
  boundTo?(given: { params: Params; body: Body }, em: Sql): Promise<unknown>;
}

/** A stream of server-sent events: the newest whole state whenever it changed, `id` is its version. */
export interface StreamRoute<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Event extends z.ZodType = z.ZodType,
> extends Described<Params, Query> {
  method: 'get';
  stream: { event: string; data: Event };
  handle(
    input: RouteInput<Params, Query, z.ZodType>,
    context: RequestContext,
  ): AsyncIterable<{ id: string; data: z.input<Event> }>;
}

/** A file that is written while it is made, so that its size costs no memory. */
export interface DownloadRoute<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
> extends Described<Params, Query> {
  method: 'get';
  download: { types: readonly string[] };
  /** For files that anybody may keep; all others are `no-store`. */
  cacheControl?: string;
  handle(
    input: RouteInput<Params, Query, z.ZodType>,
    context: RequestContext,
  ): Promise<{ type: string; fileName: string; pieces: AsyncIterable<string | Uint8Array> }>;
}

export type AnyRoute = Route | StreamRoute | DownloadRoute;

/** What a route that takes nothing takes. */
export const nothing = z.strictObject({});
type Nothing = typeof nothing;

/** The identity: handler types follow from the schemas. */
export const defineRoute = <
  Params extends z.ZodType = Nothing,
  Query extends z.ZodType = Nothing,
  Body extends z.ZodType = Nothing,
  Answer extends z.ZodType = z.ZodVoid,
>(
  route: Route<Params, Query, Body, Answer>,
): Route<Params, Query, Body, Answer> => route;

export const defineStream = <
  Params extends z.ZodType = Nothing,
  Query extends z.ZodType = Nothing,
  Event extends z.ZodType = z.ZodVoid,
>(
  route: StreamRoute<Params, Query, Event>,
): StreamRoute<Params, Query, Event> => route;

export const defineDownload = <Params extends z.ZodType = Nothing, Query extends z.ZodType = Nothing>(
  route: DownloadRoute<Params, Query>,
): DownloadRoute<Params, Query> => route;

/** Ids are compared as text in places (sealing contexts, cache keys): one spelling only. */
const Id = z.uuid().toLowerCase();
export const TenantParams = z.strictObject({ tenantId: Id });
export const RunParams = z.strictObject({ runId: Id });
export const RunStepParams = z.strictObject({ runId: Id, stepId: Id });
export const TaskParams = z.strictObject({ taskId: Id });
export const TargetParams = z.strictObject({ targetId: Id });
export const SessionParams = z.strictObject({ sessionId: Id });
export const PasskeyParams = z.strictObject({ passkeyId: Id });
export const WorkerTokenParams = z.strictObject({ tokenId: Id });
export const UserParams = z.strictObject({ userId: Id });
export const AssignmentParams = z.strictObject({ assignmentId: Id });
export const RoleParams = z.strictObject({ role: RoleName });
export const SupportAccessParams = z.strictObject({ supportAccessId: Id });
export const ApprovalParams = z.strictObject({ approvalId: Id });
export const ApiKeyParams = z.strictObject({ keyId: Id });
export const ImportParams = z.strictObject({ importId: Id });
export const LicenseParams = z.strictObject({ licenseId: Id });
export const LicenseUseParams = z.strictObject({ licenseId: Id, useId: Id });
export const RenewalParams = z.strictObject({ renewalId: Id });
export const FindingParams = z.strictObject({ findingId: Id });
