/**
 * One WebTorrent peer: is told torrents and folders on standard input, and says on standard output when one is complete.
 *
 * Everything that finds peers besides the tracker is off, and so is uTP. WebRTC, which needs a native module and which two
 * peers with TCP do not use, is replaced by nothing.
 */
import { registerHooks } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/** What the bench uses of WebTorrent. */
interface Client {
  add(torrent: string, options: { readonly path: string }, onReady: (torrent: Torrent) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}
interface Torrent {
  readonly done: boolean;
  once(event: 'done', listener: () => void): void;
}
type ClientClass = new (options: Readonly<Record<string, unknown>>) => Client;

const NOTHING = `data:text/javascript,${['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate']
  .map((name) => `export const ${name} = undefined;`)
  .join('')}export default undefined;`;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'webrtc-polyfill' ? { url: NOTHING, shortCircuit: true } : next(specifier, context),
});

// Its types are not installed where it is not; a wrong guess fails in the first round.
const { default: WebTorrent } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as {
  readonly default: ClientClass;
};
const client = new WebTorrent({
  dht: false,
  lsd: false,
  utp: false,
  utPex: false,
  natUpnp: false,
  natPmp: false,
  webSeeds: false,
  tracker: { wrtc: false },
});
client.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
say({ type: 'listening' });

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { torrent, folder } = JSON.parse(line);
    client.add(torrent, { path: folder }, (added) => {
      if (added.done) say({ type: 'finished' });
      else added.once('done', () => say({ type: 'finished' }));
    });
  })
  .on('close', () => process.exit());

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
