import { test } from 'vitest';
import { runReadmeExample } from '../../../scripts/readme-example.ts';

test('README: the example runs', () => runReadmeExample(new URL('../README.md', import.meta.url)));
