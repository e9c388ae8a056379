import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const runFile = promisify(execFile);

describe('@minitorrent/rpc-core/identity', () => {
  it('makes ids and checks statements without loading what speaks on a network or reads files', async () => {
    const code = `
      import { createIdentity, signStatement, verifyStatement } from '@minitorrent/rpc-core/identity';
      const [identity, text] = [createIdentity(), new Uint8Array(8)];
      const proof = signStatement(identity, 'a', text);
      const loaded = process.moduleLoadList.filter((name) => /NativeModule (tls|_tls_wrap|net|fs\\/promises)$/.test(name));
      console.log(verifyStatement(identity.publicKey, 'a', text, proof), ...loaded);`;
    const { stdout } = await runFile(
      process.execPath,
      ['--conditions=@minitorrent/source', '--input-type=module', '--eval', code],
      { cwd: import.meta.dirname },
    );
    expect(stdout.trim()).toBe('true');
  });
});
