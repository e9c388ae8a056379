/** The program as a process of its own: what a user's shell or a script sees of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import type { JsonLine } from '../src/output/reports.ts';
import { idOf } from './support/devices.ts';
import { countProcesses, findProcesses } from './support/processes.ts';

const MAIN = ['--conditions=@minitorrent/source', join(import.meta.dirname, '..', 'src', 'main.ts')];
/** Writes the address of every module that is loaded to the fourth pipe. */
const WATCH_MODULES = `
import { writeSync } from 'node:fs';
import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { writeSync(3, url + '\\n'); return next(url, context); } });
`;
const PATIENCE = { timeout: 50_000, interval: 100 };

function minitorrent(args: readonly string[], variables: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [...MAIN, ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...variables },
  });
}

async function run(args: readonly string[], input = '') {
  const child = minitorrent(args);
  child.stdin?.end(input);
  if (child.stdout === null || child.stderr === null) throw new TypeError('The child has no pipes');
  const [out, err, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { out, err, exitCode };
}

describe('the program', () => {
  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
    expect(await run(['--version'])).toEqual({ out: `${version}\n`, err: '', exitCode: 0 });
  });

  it.each([
    [['--help'], '', 0],
    [['bogus'], '', 2],
    [['peer', '--listen', '::1'], '', 2],
    [['demo', '/does/not/exist'], '', 1],
  ])('%j ends with the exit code it promises', async (args, input, exitCode) => {
    expect((await run(args, input)).exitCode).toBe(exitCode);
  });

  it('runs a script without a tracker as far as it goes', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-main-'));
    const place = `127.0.0.1:1#${idOf(1)}`;
    const folders = ['--data', folder.path, '--downloads', folder.path];
    const args = ['peer', ...folders, '--listen', '127.0.0.1:0', '--tracker', place];
    const { exitCode, out, err } = await run(args, 'show_shares\nshow_downloads\njoin_group\n');
    expect(out).toContain('You share nothing');
    expect(err).toContain('error: line 3: join_group');
    expect(exitCode).toBe(2);
  });

  it('does not begin with a tracker of which nobody told or can tell which device it is', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-main-'));
    const args = ['peer', '--data', folder.path, '--tracker', '127.0.0.1:1'];
    const { exitCode, err } = await run(args, 'show_shares\n');
    expect(err).toMatch(/^error: peer: Cannot connect to 127\.0\.0\.1:1.*\(connect_failed\)\n {2}next: /);
    expect(exitCode).toBe(1);
  });
});

/** The addresses of all modules that a command loads. */
function modulesOf(line: string): Promise<string[]> {
  return modulesLoadedBy([...MAIN, ...line.split(' ')]);
}

/** The same of a program for Node.js. One that `runsUntilTold` is told to end once it says something. */
async function modulesLoadedBy(args: readonly string[], { runsUntilTold = false } = {}): Promise<string[]> {
  const watch = `data:text/javascript,${encodeURIComponent(WATCH_MODULES)}`;
  const child = spawn(process.execPath, ['--import', watch, ...args], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  const [, words, , list] = child.stdio;
  if (runsUntilTold) words?.once('data', () => child.kill('SIGTERM'));
  words?.resume();
  if (!(list instanceof Readable)) throw new TypeError('The child has no fourth pipe');
  return (await text(list)).trim().split('\n');
}

describe('the start', () => {
  it.each(['--help', '--version', 'tracker --help', 'bogus'])(
    'of %s loads commander and the words of the command line, and nothing else',
    async (line) => {
      const loaded = await modulesOf(line);
      const source = new URL('../src/', import.meta.url).href;
      expect(loaded).toContain(`${source}main.ts`);
      for (const url of loaded.filter((each) => !each.startsWith('node:'))) {
        if (!url.startsWith(source)) expect(url).toContain('/node_modules/commander/');
        else expect(url).not.toMatch(/\/src\/(?:commands|shell|places|cluster|demo|monitoring|system)/);
      }
      // What has to be read and compiled before anything is shown.
      expect(loaded.filter((url) => url.startsWith(source)).length).toBeLessThanOrEqual(18);
    },
  );

  it('of peer --help loads the commands of the prompt, and neither a peer nor a tracker', async () => {
    const loaded = await modulesOf('peer --help');
    expect(loaded).toContain(new URL('../src/shell/command-table.ts', import.meta.url).href);
    for (const url of loaded)
      expect(url).not.toMatch(/\/packages\/(?:peer|tracker|chunk-store|wire-codec)\//);
  });

  it('of a peer loads nothing of a tracker but what both say to each other', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-main-'));
    const places = ['--data', folder.path, '--downloads', folder.path, '--listen', '127.0.0.1:0'];
    const peer = await modulesLoadedBy([...MAIN, 'peer', ...places, '--tracker', `127.0.0.1:1#${idOf(1)}`]);
    const contract = await modulesLoadedBy([
      '--conditions=@minitorrent/source',
      join(import.meta.dirname, '..', '..', '..', 'packages', 'tracker', 'src', 'contract.ts'),
    ]);
    expect(partOf(peer, 'peer')).toContain('src/shell/create-peer.ts');
    expect(partOf(peer, 'tracker')).toEqual(partOf(contract, 'tracker'));
  });

  it('of a tracker loads nothing of a peer, and none of its commands', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-main-'));
    const args = ['tracker', '--data', folder.path, '--listen', '127.0.0.1:0'];
    const loaded = await modulesLoadedBy([...MAIN, ...args], { runsUntilTold: true });
    expect(partOf(loaded, 'tracker')).toContain('src/shell/create-tracker.ts');
    expect(partOf(loaded, 'peer')).toEqual([]);
    expect(loaded).not.toContain(new URL('../src/shell/command-table.ts', import.meta.url).href);
  });
});

/** The modules of that package, from its folder on. */
function partOf(urls: readonly string[], name: string): string[] {
  const folder = new URL(`../../../packages/${name}/`, import.meta.url).href;
  return urls.flatMap((url) => (url.startsWith(folder) ? [url.slice(folder.length)] : [])).sort();
}

describe('the list of processes', () => {
  it.runIf(process.platform === 'linux')('does not show the password of a journal', async () => {
    const journal = 'postgres://alice:secret@127.0.0.1:1/trackers';
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-main-'));
    const variables = { MINITORRENT_DATA: folder.path };
    const child = minitorrent(['tracker', '--listen', '127.0.0.1:0', '--journal', journal], variables);
    if (child.stdout === null) throw new TypeError('The child has no pipes');
    for await (const line of createInterface({ input: child.stdout })) {
      expect(line).toBe('Opening the journal at postgresql://127.0.0.1:1/trackers');
      break;
    }
    expect(await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).toMatch(
      /^minitorrent tracker --listen 127\.0\.0\.1:0 --journal postgres:\/\/\.\.\.@127\.0\.0\.1:1\/trackers\0*$/,
    );
    child.kill('SIGKILL');
    await once(child, 'close');
  });
});

/** A demonstration with real processes, in a temporary folder of its own. */
async function startDemo() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-main-demo-'));
  const temporary = join(folder.path, 'tmp');
  await mkdir(temporary);
  const file = join(folder.path, 'some film.mkv');
  await writeFile(file, randomBytes(2_000_000));
  const child = minitorrent(['demo', '--json', file], { TMPDIR: temporary });
  const lines: JsonLine[] = [];
  if (child.stdout === null) throw new TypeError('The child has no pipes');
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const ended = once(child, 'close');
  return {
    child,
    ended,
    lines,
    temporary,
    /** Waits until it has told this step. */
    told: (step: string) =>
      vi.waitFor(
        () =>
          expect(lines).toContainEqual(expect.objectContaining({ message: expect.stringContaining(step) })),
        PATIENCE,
      ),
    children: () => findProcesses(`${temporary}/`),
    /** Waits until none of its processes is left. */
    isGone: () => vi.waitFor(async () => expect(await countProcesses(`${temporary}/`)).toBe(0), PATIENCE),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      for (const id of await findProcesses(`${temporary}/`)) process.kill(id, 'SIGKILL');
      await folder.remove();
    },
  };
}

describe('the demonstration, with real processes', () => {
  it('delivers the same bytes to three peers, and leaves nothing behind', async () => {
    await using demo = await startDemo();
    expect(await demo.ended).toEqual([0, null]);
    const result = demo.lines.at(-1);
    expect(result).toMatchObject({ type: 'result', command: 'demo', ok: true, file: { size: 2_000_000 } });
    if (result?.type !== 'result' || result.command !== 'demo') throw new TypeError('No result');
    expect(result.downloads.map((download) => download.userId)).toEqual(['bob', 'carol', 'dave']);
    for (const { piecesFrom, totalPieces, sha256 } of result.downloads) {
      expect(sha256).toBe(result.file.sha256);
      const pieces = Object.values(piecesFrom).reduce((sum, count) => sum + count, 0);
      expect(pieces).toBeGreaterThanOrEqual(totalPieces);
    }
    expect(await readdir(demo.temporary)).toEqual([]);
    await demo.isGone();
  });

  it('cleans up at Ctrl-C', async () => {
    await using demo = await startDemo();
    await demo.told('register');
    demo.child.kill('SIGINT');
    expect(await demo.ended).toEqual([130, null]);
    expect(await readdir(demo.temporary)).toEqual([]);
    await demo.isGone();
  });

  it('fails when one of its processes is killed', async () => {
    await using demo = await startDemo();
    await demo.told('register');
    const [victim] = await findProcesses(`${demo.temporary}/minitorrent-demo`);
    if (victim === undefined) throw new Error('No process to kill');
    process.kill(victim, 'SIGKILL');
    expect(await demo.ended).toEqual([1, null]);
    expect(demo.lines.at(-1)).toMatchObject({
      type: 'error',
      code: 'process_ended',
      message: expect.stringContaining('SIGKILL'),
    });
    await demo.isGone();
  });

  it('takes its processes with it when it is killed itself', async () => {
    await using demo = await startDemo();
    await demo.told('register');
    expect((await demo.children()).length).toBeGreaterThan(1);
    demo.child.kill('SIGKILL');
    await demo.ended;
    await demo.isGone();
  });
});
