/** Somebody between two sides of a TCP connection, who reads along and may change what passes. */
import type { Socket } from 'node:net';
import { connect as connectSocket, createServer } from 'node:net';
import type { Address } from '../../src/index.ts';
import { listenOn } from './tls.ts';

export type Side = 'connector' | 'listener';

/** The middle of all connections that are made through `address`. */
export interface WireTap extends Disposable {
  readonly address: Address;
  /** Everything that passed to each side. */
  readonly seen: Readonly<Record<Side, readonly Buffer[]>>;
  /** Changes each chunk to the connector or to the listener from now on. */
  change: (chunk: Buffer, to: Side) => Buffer;
  /** Ends all connections as if each side had ended its own. */
  cut(): void;
}

export async function tapWire(target: Address): Promise<WireTap> {
  const seen: Record<Side, Buffer[]> = { connector: [], listener: [] };
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connectSocket({ ...target, allowHalfOpen: true });
    join(near, far, 'listener');
    join(far, near, 'connector');
  });
  function join(from: Socket, to: Socket, direction: Side): void {
    sockets.push(from);
    from.on('data', (chunk) => {
      const passed = tap.change(Buffer.from(chunk), direction);
      seen[direction].push(passed);
      to.write(passed);
    });
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', (hadError) => {
      if (!hadError) return;
      // To reset what is ending fails, and leaves it open for ever.
      if (to.writableEnded) to.destroy();
      else to.resetAndDestroy();
    });
  }
  const address = await listenOn(server);
  const tap: WireTap = {
    address,
    seen,
    change: (chunk) => chunk,
    cut: () => {
      for (const socket of sockets) socket.end();
    },
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return tap;
}
