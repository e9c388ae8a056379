import { expect, it } from 'vitest';
import { runReadmeExample } from '../../../scripts/readme-example.ts';

it('README example runs', async () => {
  const { stdout } = await runReadmeExample(new URL('../README.md', import.meta.url));
  expect(stdout).toBe('');
});
