/**
 * The example at the head of a README, taken out and run.
 *
 * An example that nobody runs is wrong within a month, so every package's tests run theirs with `runReadmeExample`, and
 * `check-packages.ts` runs and type-checks it once more against the packed package. An example is the first block that
 * opens with ```ts (or ```ts run). It refuses a README without one and an example longer than a reader's patience.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAX_EXAMPLE_LINES = 20;
const FIRST_TYPESCRIPT_BLOCK = /^```ts(?: run)?[ \t]*\r?\n([\s\S]*?)^```[ \t]*$/m;

export interface RunExampleOptions {
  /** How long the example may run before it is killed. */
  readonly timeoutMs?: number;
  /** Conditions of package exports to resolve with; by default the one that leads to the TypeScript source. */
  readonly conditions?: readonly string[];
}

/** Takes the example out of a README's text; `name` says in errors which README it is. */
export function extractExample(readme: string, name: string): string {
  const example = FIRST_TYPESCRIPT_BLOCK.exec(readme)?.[1];
  if (example === undefined || example.trim() === '') {
    throw new Error(`Cannot find an example in ${name}: it needs a block that opens with \`\`\`ts`);
  }
  const lines = example.trimEnd().split('\n').length;
  if (lines > MAX_EXAMPLE_LINES) {
    throw new Error(
      `Cannot accept the example of ${name}: it has ${lines} lines, at most ${MAX_EXAMPLE_LINES} are read`,
    );
  }
  return example;
}

/**
 * Runs the example of the README at `readmeUrl` as its package's user would: published names only, in a process and an
 * empty working folder of its own. Fails with the example's output unless it exits with 0 in time.
 */
export async function runReadmeExample(
  readmeUrl: URL,
  options?: RunExampleOptions,
): Promise<{ readonly stdout: string }> {
  const name = fileURLToPath(readmeUrl);
  const example = extractExample(await readFile(readmeUrl, 'utf8'), name);
  // Inside the package, so that its dependencies and its own name resolve; not in node_modules, where Node runs no TypeScript.
  const folder = fileURLToPath(new URL('.minitorrent/', readmeUrl));
  const file = join(folder, `readme-${randomUUID()}.ts`);
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(file, example);
    return await runExampleFile(file, name, options);
  } finally {
    await rm(file, { force: true });
  }
}

/** Runs one TypeScript file in an empty working folder; `name` says in errors whose example it is. */
export async function runExampleFile(
  file: string,
  name: string,
  options?: RunExampleOptions,
): Promise<{ readonly stdout: string }> {
  const conditions = (options?.conditions ?? ['@minitorrent/source']).map(
    (condition) => `--conditions=${condition}`,
  );
  const timeoutMs = options?.timeoutMs ?? 30_000;
  const workingFolder = await mkdtemp(join(tmpdir(), 'minitorrent-example-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...conditions, file], {
      cwd: workingFolder,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    return { stdout };
  } catch (error) {
    throw new Error(`Cannot run the example of ${name}: ${describeFailure(error, timeoutMs)}`, {
      cause: error,
    });
  } finally {
    await rm(workingFolder, { recursive: true, force: true });
  }
}

function describeFailure(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  // execFile adds these fields to its errors; an error of another origin lacks them, which Partial admits.
  const { killed, code, stdout, stderr } = error as Error & Partial<ExampleFailure>;
  const ending = killed === true ? `killed after ${timeoutMs} ms` : `exit code ${code}`;
  return `${ending}\n${stdout ?? ''}${stderr ?? ''}`;
}

/** What execFile adds to the error it fails with. */
interface ExampleFailure {
  readonly killed: boolean;
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}
