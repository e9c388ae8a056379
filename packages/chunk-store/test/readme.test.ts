import { describe, it } from 'vitest';
import { runReadmeExample } from '../../../scripts/readme-example.ts';

describe('README', () => {
  it('has an example that runs', async () => {
    await runReadmeExample(new URL('../README.md', import.meta.url));
  });
});
