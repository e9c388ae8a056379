import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { extractExample, runReadmeExample } from '../readme-example.ts';

const block = (code: string, opening = '```ts'): string => `# A package\n\n${opening}\n${code}\n\`\`\`\n`;

describe('extractExample', () => {
  it('takes the first TypeScript block and leaves the others', () => {
    const readme = `${block('npm install', '```sh')}${block('const first = 1;')}${block('const second = 2;')}`;
    expect(extractExample(readme, 'README')).toBe('const first = 1;\n');
  });

  it('takes a block that opens with ```ts run', () => {
    expect(extractExample(block('const a = 1;', '```ts run'), 'README')).toBe('const a = 1;\n');
  });

  it('refuses a README without a TypeScript block', () => {
    expect(() => extractExample(block('{}', '```tsx'), 'some/README.md')).toThrow(/some\/README\.md.*```ts/);
  });

  it('refuses an empty block', () => {
    expect(() => extractExample(block(''), 'README')).toThrow(/Cannot find/);
  });

  it('accepts 20 lines and refuses 21', () => {
    expect(extractExample(block(Array(20).fill(';').join('\n')), 'README')).toContain(';');
    expect(() => extractExample(block(Array(21).fill(';').join('\n')), 'README')).toThrow(
      /21 lines, at most 20/,
    );
  });
});

describe('runReadmeExample', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'readme-example-test-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function readmeWith(code: string): Promise<URL> {
    const manifest = {
      name: '@fixture/self',
      type: 'module',
      exports: { '@minitorrent/source': './source.ts' },
    };
    await mkdir(join(folder, 'node_modules/neighbour'), { recursive: true });
    await writeFile(
      join(folder, 'node_modules/neighbour/package.json'),
      '{ "type": "module", "exports": "./main.js" }',
    );
    await writeFile(join(folder, 'node_modules/neighbour/main.js'), 'export const neighbour = "next door";');
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(folder, 'source.ts'), 'export const self: string = "myself";');
    await writeFile(join(folder, 'README.md'), block(code));
    return pathToFileURL(join(folder, 'README.md'));
  }

  it('resolves the package itself by its source, and its dependencies', async () => {
    const readme = await readmeWith(
      `import { self } from '@fixture/self';\nimport { neighbour } from 'neighbour';\nconsole.log(self, neighbour);`,
    );
    expect(await runReadmeExample(readme)).toEqual({ stdout: 'myself next door\n' });
  });

  it('fails with what a failing example printed', async () => {
    const readme = await readmeWith(`console.log('got this far');\nthrow new Error('and no further');`);
    await expect(runReadmeExample(readme)).rejects.toThrow(
      /exit code 1[\s\S]*got this far[\s\S]*and no further/,
    );
  });

  it('kills an example that does not end', async () => {
    const readme = await readmeWith('setInterval(() => {}, 1000);');
    await expect(runReadmeExample(readme, { timeoutMs: 300 })).rejects.toThrow(/killed after 300 ms/);
  });

  it('leaves no file behind, and runs in a folder of its own', async () => {
    const readme = await readmeWith(`import { writeFileSync } from 'node:fs';\nwriteFileSync('litter', '');`);
    await runReadmeExample(readme);
    expect(await readdir(join(folder, '.minitorrent'))).toEqual([]);
    expect(await readdir(folder)).not.toContain('litter');
  });
});
