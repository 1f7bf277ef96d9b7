import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readSources } from '../architecture/sources.ts';

const run = promisify(execFile);
const checkout = resolve(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(resolve(checkout, path), 'utf8');

interface Service {
  image: string;
  environment?: Record<string, string>;
  networks?: string[];
  ports?: string[];
  volumes?: string[];
  secrets?: string[];
  restart?: string;
  build?: string;
  command?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  cap_drop?: string[];
  read_only?: boolean;
}
interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
}

const documentedVariables = (text: string): Set<string> =>
  new Set([...text.matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map((match) => match[1]!));

describe('docker-compose.yml', () => {
  let text: string;
  let compose: Compose;
  before(async () => {
    text = await read('docker-compose.yml');
    compose = parse(text, { merge: true }) as Compose;
  });
  const service = (name: string): Service => {
    const found = compose.services[name];
    assert.ok(found, `no service ${name}`);
    return found;
  };

  it('satisfies the linter and the schema of Compose', async () => {
    const linter = resolve(checkout, 'node_modules/dclint/bin/dclint.cjs');
    await run(process.execPath, [linter, '--max-warnings', '0', 'docker-compose.yml'], { cwd: checkout }).catch(
      (error: { stdout: string; stderr: string }) => assert.fail(error.stdout + error.stderr),
    );
  });

  it('has no default for any secret: starting without one says which', () => {
    const secrets = [...text.matchAll(/\$\{([A-Z_]*(?:PASSWORD|KEY|SECRET|TOKEN)[A-Z_]*)([^}]*)\}/g)];
    assert.ok(secrets.length > 8, 'the pattern finds the secrets');
    // Empty: the first owner is invited by a one-time link instead, and nobody pays by card.
    const optional = ['TENANTRY_OWNER_PASSWORD', 'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRETS'];
    for (const [whole, name = '', rest = ''] of secrets) {
      if (optional.includes(name)) assert.equal(rest, ':-', whole);
      else assert.match(rest, /^:\?/, whole);
    }
    for (const [name, { environment = {} }] of Object.entries(compose.services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/PASSWORD|PWD|SECRET|TOKEN/.test(variable)) assert.match(value, /^\$\{/, `${name}: ${variable}`);
        const credentials = /:\/\/[^:]+:([^@]*)@/.exec(value);
        if (credentials) assert.match(credentials[1]!, /^\$\{\w+:\?/, `${name}: ${variable}`);
      }
    }
  });

  it('uses no variable that .env.example does not document', async () => {
    const documented = documentedVariables(await read('.env.example'));
    const used = new Set([...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map((match) => match[1]!));
    assert.deepEqual(
      [...used, 'TENANTRY_MASTER_KEY'].filter((name) => !documented.has(name)),
      [],
    );
  });

  it('gives Tenantry only variables that its configuration knows', async () => {
    const sources = await Promise.all(['domain/configuration.ts', '.env.example'].map(read));
    for (const name of ['api', 'worker', 'migrate']) {
      for (const variable of Object.keys(service(name).environment ?? {})) {
        assert.ok(
          sources.some((source) => source.includes(variable)),
          `${name}: ${variable}`,
        );
      }
    }
  });

  it('pins every image to a version', () => {
    for (const [name, { image }] of Object.entries(compose.services)) {
      assert.match(image, /:(?:\$\{TENANTRY_VERSION:-\d+\.\d+\.\d+\}|v?\d+\.\d+[\w.-]*)$/, `${name}: ${image}`);
    }
  });

  it('gives the process that faces the internet no provisioning secrets and no way to other machines but its port', () => {
    const { environment = {}, networks = [], volumes = [] } = service('api');
    assert.deepEqual(
      Object.keys(environment).filter((name) => /PROVISIONER|READER|MIGRATOR|OWNER|SMTP|^DATABASE_URL/.test(name)),
      [],
    );
    assert.deepEqual(volumes, []);
    assert.deepEqual(networks.toSorted(), ['edge', 'temporal-clients', 'tenantry-data']);
    assert.deepEqual(sharing('api'), ['migrate', 'postgres', 'temporal', 'worker']);
  });

  it('keeps databases and Temporal off every network that leads outside', () => {
    for (const name of ['postgres', 'temporal', 'temporal-schemas']) {
      for (const network of service(name).networks ?? []) {
        assert.equal(compose.networks[network]?.internal, true, `${name} on ${network}`);
      }
      assert.equal(service(name).ports, undefined, name);
    }
  });

  it('opens ports on the loopback interface only', () => {
    for (const [name, { ports = [] }] of Object.entries(compose.services)) {
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
    }
  });

  it('checks the health of everything that others wait for, and restarts what ends', () => {
    for (const name of ['postgres', 'temporal', 'api']) assert.ok(service(name).healthcheck?.test, name);
    for (const [name, { restart }] of Object.entries(compose.services)) assert.ok(restart, name);
  });

  it('runs its own image without privileges on a read-only root', () => {
    for (const name of ['api', 'worker', 'migrate']) {
      assert.deepEqual(service(name).cap_drop, ['ALL'], name);
      assert.equal(service(name).read_only, true, name);
    }
  });

  it('shows the Temporal UI without the power to act', () => {
    assert.equal(service('temporal-ui').environment?.['TEMPORAL_DISABLE_WRITE_ACTIONS'], 'true');
  });

  /** Which services can be reached from this one by a shared network. */
  function sharing(name: string): string[] {
    const own = new Set(service(name).networks);
    return Object.entries(compose.services)
      .filter(([other, { networks = [] }]) => other !== name && networks.some((network) => own.has(network)))
      .map(([other]) => other)
      .toSorted();
  }
});

describe('.env.example', () => {
  /** What one process of Tenantry tells another, and nobody sets by hand. */
  const internal = /^TENANTRY_(?:LAUNCHER_PID|API_ORIGIN|TEST_\w+)$/;

  it('documents every variable that is read, and none that nobody reads', async () => {
    const documented = documentedVariables(await read('.env.example'));
    const texts = [...readSources(checkout)].filter(([path]) => !path.startsWith('test/') && !/\.test\.ts$/.test(path));
    texts.push(['docker-compose.yml', await read('docker-compose.yml')]);
    const mentioned = new Set(
      texts.flatMap(
        ([, text]) => text.match(/\b(?:(?:TENANTRY|TEMPORAL|SMTP|STRIPE|OTEL|POSTGRES)_[A-Z_]+|DATABASE_URL)\b/g) ?? [],
      ),
    );
    const taken = texts.flatMap(([, text]) => [
      ...text.matchAll(/\benv(?:\.|\[')((?:TENANTRY|TEMPORAL|SMTP|STRIPE)_[A-Z_]+)/g),
    ]);
    const configured = texts
      .filter(([path]) => path === 'domain/configuration.ts' || path.startsWith('domain/settings/'))
      .flatMap(([, text]) => [...text.matchAll(/^ {2}((?:TENANTRY|TEMPORAL|SMTP|STRIPE)_[A-Z_]+):/gm)]);
    const wanted = new Set([...taken, ...configured].map((match) => match[1]!).filter((name) => !internal.test(name)));
    assert.ok(wanted.size > 30, `only ${wanted.size} were found`);
    assert.deepEqual(
      [...wanted].filter((name) => !documented.has(name)),
      [],
      'undocumented',
    );
    assert.deepEqual(
      [...documented].filter((name) => !mentioned.has(name)),
      [],
      'read by nobody',
    );
  });

  it('holds no value: nothing to forget to change', async () => {
    assert.deepEqual(
      [...(await read('.env.example')).matchAll(/^[A-Z0-9_]+=.+$/gm)].map((match) => match[0]),
      [],
    );
  });
});
