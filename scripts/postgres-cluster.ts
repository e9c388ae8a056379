/**
 * A private PostgreSQL for tests, from Debian's binaries: a cluster in a folder of its own, reached by a Unix socket.
 *
 * PostgreSQL refuses to run as root, so under root it runs as `postgres` or `nobody`. It dies with the test process.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PostgresCluster extends AsyncDisposable {
  /** A new and empty database. */
  createDatabase(): Promise<string>;
  /** SIGINT disconnects everybody and stops; SIGKILL is a crash of the whole server. */
  stop(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
}

const binaries = globSync('/usr/lib/postgresql/*/bin').findLast((folder) =>
  existsSync(join(folder, 'initdb')),
);

/** Whether there is a PostgreSQL on this machine. */
export const hasPostgres: boolean = binaries !== undefined;

/** Starts a cluster with `settings`, such as `max_connections=5`, over the defaults. */
export async function startPostgresCluster(...settings: readonly string[]): Promise<PostgresCluster> {
  // Short, because the path of a socket has 107 bytes at most.
  const folder = await mkdtemp(join(tmpdir(), 'mtpg-'));
  const user = serverUser();
  if (user !== undefined) execFileSync('chown', [user, folder]);
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  runAs(user, 'initdb', ['-D', data, '-A', 'trust', '-U', 'tests', '-E', 'UTF8', '--locale=C', '--no-sync']);
  let server = await launch(user, folder, settings);
  let databases = 0;
  const stop: PostgresCluster['stop'] = async (signal = 'SIGINT') => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };
  return {
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      runAs(user, 'createdb', ['-h', folder, '-U', 'tests', name]);
      return `postgresql://tests@localhost/${name}?host=${encodeURIComponent(folder)}`;
    },
    stop,
    start: async () => {
      await stop();
      server = await launch(user, folder, settings);
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when it takes connections. After a crash the old processes may hold on for a moment, so it tries again. */
async function launch(
  user: string | undefined,
  folder: string,
  settings: readonly string[],
): Promise<ChildProcess> {
  const options = [
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    'shared_buffers=16MB',
    ...settings,
  ];
  const file = join(binaries ?? '', 'postgres');
  const parameters = ['-D', join(folder, 'data'), ...options.flatMap((option) => ['-c', option])];
  for (let attempt = 1; ; attempt += 1) {
    const server = spawn('setpriv', ['--pdeathsig', 'INT', ...asUser(user), file, ...parameters], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: folder,
    });
    const output = await outputUntilReady(server);
    if (output === undefined) return server;
    if (attempt === 50 || !/lock file|in use|still running|terminated by signal/.test(output))
      throw new Error(output);
  }
}

/** What it said, where it ended instead of getting ready. */
async function outputUntilReady(server: ChildProcess): Promise<string | undefined> {
  let output = '';
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = `${output}${text}`.slice(-20_000);
    if (output.includes('ready to accept connections')) resolve(undefined);
  });
  server.once('exit', () => resolve(output));
  return promise;
}

function runAs(user: string | undefined, name: string, parameters: readonly string[]): void {
  const file = join(binaries ?? '', name);
  execFileSync('setpriv', ['--pdeathsig', 'INT', ...asUser(user), file, ...parameters], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: tmpdir(),
  });
}

function asUser(user: string | undefined): readonly string[] {
  return user === undefined ? [] : ['--reuid', user, '--clear-groups'];
}

function serverUser(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8');
  return /^postgres:/m.test(users) ? 'postgres' : 'nobody';
}
