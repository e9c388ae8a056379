/**
 * A network for a swarm: each peer in a Linux network namespace of its own, all at one bridge, each uplink shaped by
 * the kernel to one rate. Downlinks are as fast as the machine.
 *
 * The namespaces have no names: each is held by a process that ends with this one, whatever happens, and the kernel takes
 * away everything in it. They belong to a user namespace, so that this machine's own network stays untouched and nobody
 * has to be root.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { NotMeasurable } from '../harness/figure.ts';
import type { Lab, Place } from './lab.ts';

const NETWORK = '10.77.0';
const BRIDGE = 'bridge';
/**
 * What may be sent at once, above the rate: a hundredth of a second at 100 Mbit/s. More than the 64 KiB that TCP hands down
 * in one piece, headers included, or else the kernel cuts each into forty packets, which costs more than all of a transfer.
 */
const BURST = '128kb';
/** How long a packet waits at most before it is dropped: what the queue of a home router holds. */
const QUEUE = '50ms';

export interface NamespaceLabOptions {
  readonly seeders: number;
  readonly leechers: number;
  readonly uplinkMbit: number;
}

export interface NamespaceLab extends Lab, AsyncDisposable {}

/** Rejects with `NotMeasurable` where the kernel or its tools do not allow it, with what they said. */
export async function openNamespaceLab(options: NamespaceLabOptions): Promise<NamespaceLab> {
  const cleanup = new AsyncDisposableStack();
  try {
    const hub = cleanup.use(await holdNamespace(['unshare', '--user', '--map-root-user', '--net']));
    await run(hub.enter, 'ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
    await run(hub.enter, 'ip', ['address', 'add', `${NETWORK}.1/24`, 'dev', BRIDGE]);
    for (const device of ['lo', BRIDGE]) await run(hub.enter, 'ip', ['link', 'set', device, 'up']);

    const places: Place[] = [];
    for (let number = 0; number < options.seeders + options.leechers; number += 1) {
      const namespace = cleanup.use(await holdNamespace([...hub.enter, 'unshare', '--net']));
      const host = `${NETWORK}.${number + 2}`;
      await plugIn({ hub, namespace, host, port: `peer${number}`, uplinkMbit: options.uplinkMbit });
      places.push({ enter: namespace.enter, host });
    }
    return {
      hub: { enter: hub.enter, host: `${NETWORK}.1` },
      seeders: places.slice(0, options.seeders),
      leechers: places.slice(options.seeders),
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    // All that can fail here are `unshare`, `nsenter`, `ip` and `tc`.
    throw new NotMeasurable('No network namespaces with shaped uplinks', { cause: error });
  }
}

interface Namespace extends AsyncDisposable {
  readonly pid: number;
  readonly enter: readonly string[];
}

/** Lets `unshare` make a namespace around a process that does nothing until this one ends. */
async function holdNamespace([command = '', ...args]: readonly string[]): Promise<Namespace> {
  const holder = spawn(command, [...args, 'sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(holder, 'exit');
  // Where it cannot be started, the race below tells.
  ended.catch(() => undefined);
  const failed = async (): Promise<never> => {
    const [[code], said] = await Promise.all([ended, holder.stderr.toArray()]);
    throw new Error(`Cannot make a network namespace (${code}): ${Buffer.concat(said).toString().trim()}`);
  };
  await Promise.race([once(holder.stdout, 'data'), failed()]);
  const pid = holder.pid ?? 0;
  return {
    pid,
    enter: ['nsenter', '--target', String(pid), '--user', '--net', '--preserve-credentials'],
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await ended;
    },
  };
}

interface Plug {
  readonly hub: Namespace;
  readonly namespace: Namespace;
  readonly host: string;
  readonly port: string;
  readonly uplinkMbit: number;
}

/** A cable from the bridge to a device `eth0` in the namespace, which sends no faster than its uplink. */
async function plugIn({ hub, namespace, host, port, uplinkMbit }: Plug): Promise<void> {
  const toPeer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', String(namespace.pid)];
  await run(hub.enter, 'ip', ['link', 'add', port, ...toPeer]);
  await run(hub.enter, 'ip', ['link', 'set', port, 'master', BRIDGE, 'up']);
  await run(namespace.enter, 'ip', ['address', 'add', `${host}/24`, 'dev', 'eth0']);
  for (const device of ['lo', 'eth0']) await run(namespace.enter, 'ip', ['link', 'set', device, 'up']);
  const rate = ['tbf', 'rate', `${uplinkMbit}mbit`, 'burst', BURST, 'latency', QUEUE];
  await run(namespace.enter, 'tc', ['qdisc', 'add', 'dev', 'eth0', 'root', ...rate]);
}

async function run(enter: readonly string[], command: string, args: readonly string[]): Promise<void> {
  const [first = command, ...rest] = [...enter, command, ...args];
  await promisify(execFile)(first, rest);
}
