/** opentracker as Debian packs it: over UDP, for the files on a white list, because it is built that way. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { access, chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Address } from '../../../packages/rpc-core/src/index.ts';
import { ROOTS } from './workload.ts';

export interface Opentracker extends AsyncDisposable {
  readonly pid: number;
  readonly address: Address;
}

/** Where the program is, if it is on this machine. */
export async function findOpentracker(): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin'];
  for (const folder of folders) {
    const path = join(folder, 'opentracker');
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

export async function startOpentracker(program: string, folder: string): Promise<Opentracker> {
  const hashes = ROOTS.map((root) => Buffer.from(root.subarray(0, 20)).toString('hex'));
  await writeFile(join(folder, 'whitelist.txt'), `${hashes.join('\n')}\n`);
  const address = { host: '127.0.0.1', port: await freePort() };
  const { host, port } = address;
  const listen = ['-i', host, '-P', String(port)];
  // Relative, because a superuser's opentracker makes the folder its root, and reads on as `nobody`.
  const files = ['-d', folder, '-w', 'whitelist.txt'];
  await chmod(folder, 0o755);
  const child = spawn(program, [...listen, ...files], { cwd: folder, stdio: 'ignore' });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    address,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}

/** opentracker cannot be told to take any port and to say which. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
