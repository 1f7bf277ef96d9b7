import assert from 'node:assert/strict';
import { newCachedEnforcer, newEnforcer, newModelFromString } from 'casbin';
import { permissions, type Permission, type Scope } from '#contracts/permissions.ts';
import { Grants, type Principal } from '#domain/access/grants.ts';
import { Random } from '../drills/random.ts';
import { percentile, type Figure, type Measured } from './figure.ts';

const roleCount = 1_000;
const grantCount = 10_000;
const userCount = 2_000;
const permissionsEach = 3;
const questionCount = 400;

/** The same rule in casbin's words: who has a role in a domain may do there what the role may; the platform is everywhere. */
const model = `
[request_definition]
r = sub, dom, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (g(r.sub, p.sub, r.dom) || g(r.sub, p.sub, "platform"))
`;

interface Question {
  principal: Principal;
  permission: Permission;
  tenantId: string;
}

/** One question of who may do what, against casbin told the same 1,000 roles and 10,000 grants and asked the same, in the same minute. */
export const permissionChecks: Figure = {
  name: 'permissions',
  async measure() {
    const random = new Random(7);
    const pick = <One>(all: readonly One[]): One => random.one(all);
    const roles = Array.from({ length: roleCount }, (_, at) => ({
      name: `role-${at}`,
      permissions: [...new Set(Array.from({ length: permissionsEach }, () => pick(permissions)))],
    }));
    const users = Array.from({ length: userCount }, (_, at) => `user-${at}`);
    const tenants = Array.from({ length: 500 }, (_, at) => `tenant-${at}`);
    const grants = Array.from({ length: grantCount }, () => ({
      userId: pick(users),
      role: pick(roles).name,
      tenantId: random.next() < 0.2 ? null : pick(tenants),
    }));

    const compileBegan = performance.now();
    const ours = new Grants(
      1,
      new Map(roles.map(({ name, permissions: permitted }) => [name, { title: name, permissions: permitted }])),
      grants.map(({ userId, role, tenantId }) => {
        const scope: Scope = tenantId === null ? { kind: 'platform' } : { kind: 'tenant', tenantId };
        return { userId, role, scope };
      }),
    );
    const compiledMs = performance.now() - compileBegan;

    const [theirs, cached] = [
      await newEnforcer(newModelFromString(model)),
      await newCachedEnforcer(newModelFromString(model)),
    ];
    for (const enforcer of [theirs, cached]) {
      enforcer.enableLog(false);
      await enforcer.addPolicies(
        roles.flatMap(({ name, permissions: permitted }) => permitted.map((one) => [name, one])),
      );
      await enforcer.addGroupingPolicies(
        [...new Set(grants.map(({ userId, role, tenantId }) => `${userId} ${role} ${tenantId ?? 'platform'}`))].map(
          (line) => line.split(' '),
        ),
      );
    }

    // Half of the questions are about what somebody was given, so that yes and no both occur.
    const questions: Question[] = Array.from({ length: questionCount }, (_, at) => {
      const grant = pick(grants);
      const role = roles.find(({ name }) => name === grant.role)!;
      return at % 2 === 0
        ? {
            principal: limitless(grant.userId),
            permission: pick(role.permissions),
            tenantId: grant.tenantId ?? pick(tenants),
          }
        : { principal: limitless(pick(users)), permission: pick(permissions), tenantId: pick(tenants) };
    });
    const askOurs = ({ principal, permission, tenantId }: Question) =>
      ours.may(principal, permission, { tenantId, plan: null });
    const words = ({ principal, tenantId, permission }: Question) => [principal.userId, tenantId, permission] as const;
    const askTheirs = (question: Question) => theirs.enforceSync(...words(question));
    const answers = questions.map(askOurs);
    assert.ok(answers.includes(true) && answers.includes(false));
    assert.deepEqual(answers, questions.map(askTheirs), 'casbin was told something else');
    for (const question of questions) await cached.enforce(...words(question));

    const oursUs = microsecondsEach(questions, 2_000, askOurs);
    const theirsUs = microsecondsEach(questions, 1, askTheirs);
    const cachedUs = await microsecondsEachAwaited(questions, 200, (question) => cached.enforce(...words(question)));
    return [
      { what: 'one check, mean', value: oursUs, unit: 'µs', n: questionCount * 2_000 },
      {
        what: 'one check, p99, the clock included',
        value: p99(questions, askOurs),
        unit: 'µs',
        n: questionCount * 500,
        limit: { atMost: 20 },
      },
      { what: 'compiling 10,000 grants', value: compiledMs, unit: 'ms' },
      { what: "casbin's enforceSync, mean", value: theirsUs, unit: 'µs', n: questionCount },
      { what: 'faster than enforceSync', value: theirsUs / oursUs, unit: '×', limit: { atLeast: 50 } },
      {
        what: "casbin's CachedEnforcer on repeated questions, mean",
        value: cachedUs,
        unit: 'µs',
        n: questionCount * 200,
      },
      { what: 'faster than CachedEnforcer', value: cachedUs / oursUs, unit: '×', limit: { atLeast: 1 } },
    ] satisfies Measured[];
  },
};

const limitless = (userId: string): Principal => ({ userId, limits: null });

/** A round to warm up, then the mean over all rounds. */
function microsecondsEach(questions: Question[], rounds: number, ask: (question: Question) => boolean): number {
  for (const question of questions) ask(question);
  let yes = 0;
  const began = process.hrtime.bigint();
  for (let round = 0; round < rounds; round += 1) for (const question of questions) if (ask(question)) yes += 1;
  const ns = Number(process.hrtime.bigint() - began);
  assert.ok(yes > 0);
  return ns / 1_000 / (rounds * questions.length);
}

async function microsecondsEachAwaited(
  questions: Question[],
  rounds: number,
  ask: (question: Question) => Promise<boolean>,
): Promise<number> {
  const began = process.hrtime.bigint();
  for (let round = 0; round < rounds; round += 1) for (const question of questions) await ask(question);
  return Number(process.hrtime.bigint() - began) / 1_000 / (rounds * questions.length);
}

function p99(questions: Question[], ask: (question: Question) => boolean): number {
  const each: number[] = [];
  for (let round = 0; round < 500; round += 1)
    for (const question of questions) {
      const began = process.hrtime.bigint();
      ask(question);
      each.push(Number(process.hrtime.bigint() - began) / 1_000);
    }
  return percentile(each, 0.99);
}
