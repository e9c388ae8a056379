/**
 * Syncthing, encrypted and verified as ours: two instances on loopback, which know each other and nobody else. It has no
 * command to download: its folder is paused until then, and what is measured is the time between its events that the
 * file was begun and finished.
 */
import { execFile } from 'node:child_process';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Driven, startDriven } from './driven.ts';
import type { Place } from './lab.ts';
import { freePort } from './ports.ts';
import type { Arrival, Found, Job, Session } from './system.ts';
import { versionOf } from './versions.ts';

/** For its own interface, on loopback, for as long as a round lasts. */
const API_KEY = 'bench';
const FOLDER = 'bench';
const ASK_EVERY_MS = 50;
const EVENTS = 'events?events=ItemStarted,ItemFinished';

export async function findSyncthing(): Promise<Found> {
  const version = await versionOf('syncthing', '--version');
  return version === undefined
    ? { missing: 'Syncthing (apt-get install syncthing)' }
    : { system: { name: 'Syncthing', version, open } };
}

interface Instance {
  readonly name: string;
  /** Where it keeps its key and its database. */
  readonly home: string;
  /** The folder that it shares. */
  readonly shared: string;
  readonly deviceId: string;
  readonly port: number;
  readonly apiPort: number;
}

/** One seeder and one leecher. */
async function open({ source, folder, lab }: Job): Promise<Session> {
  const [seederPlace] = lab.seeders;
  const [leecherPlace] = lab.leechers;
  if (seederPlace === undefined || leecherPlace === undefined) throw new RangeError('It takes two places');
  const seeder = await createInstance(folder, 'seeder');
  const leecher = await createInstance(folder, 'leecher');
  await link(source.path, join(seeder.shared, source.name));

  await using cleanup = new AsyncDisposableStack();
  const instances = [seeder, leecher];
  await writeConfiguration(seeder, instances, { isPaused: false });
  await writeConfiguration(leecher, instances, { isPaused: true });
  const seederProcess = cleanup.use(start(seeder, seederPlace));
  const leecherProcess = cleanup.use(start(leecher, leecherPlace));
  await until(async () => (await ask(seeder, `db/status?folder=${FOLDER}`)).globalFiles === 1, seederProcess);
  await until(() => isConnected(leecher, seeder), leecherProcess);
  // It keeps events from the first question on.
  await ask(leecher, `${EVENTS}&since=0&timeout=1`);

  const running = cleanup.move();
  return {
    seeders: [seederProcess],
    leechers: [{ process: leecherProcess, download: () => download(leecher, source.name) }],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function createInstance(folder: string, name: string): Promise<Instance> {
  const home = join(folder, `${name}-home`);
  const shared = join(folder, `${name}-shared`);
  await mkdir(shared);
  // By this it knows a shared folder from an empty place where a disk should be.
  await mkdir(join(shared, '.stfolder'));
  await promisify(execFile)('syncthing', ['generate', '--home', home, '--no-default-folder']);
  const { stdout } = await promisify(execFile)('syncthing', ['--home', home, '--device-id']);
  return { name, home, shared, deviceId: stdout.trim(), port: await freePort(), apiPort: await freePort() };
}

/** Everything that calls home, finds others, or makes it slower than it can be is off; all else is as it comes. */
async function writeConfiguration(
  { home, shared, apiPort, port }: Instance,
  all: readonly Instance[],
  { isPaused }: { readonly isPaused: boolean },
): Promise<void> {
  const off = [
    'globalAnnounceEnabled',
    'localAnnounceEnabled',
    'relaysEnabled',
    'natEnabled',
    'startBrowser',
    'crashReportingEnabled',
    'setLowPriority',
  ];
  const devices = all.map(({ deviceId }) => `<device id="${deviceId}"/>`).join('');
  const addresses = all.map(
    (each) => `<device id="${each.deviceId}"><address>tcp://127.0.0.1:${each.port}</address></device>`,
  );
  await writeFile(
    join(home, 'config.xml'),
    `<configuration version="36">
  <folder id="${FOLDER}" path="${shared}" type="sendreceive" rescanIntervalS="0" fsWatcherEnabled="false">
    ${devices}<paused>${isPaused}</paused>
  </folder>
  ${addresses.join('\n  ')}
  <gui enabled="true" tls="false"><address>127.0.0.1:${apiPort}</address><apikey>${API_KEY}</apikey></gui>
  <options>
    <listenAddress>tcp://127.0.0.1:${port}</listenAddress><urAccepted>-1</urAccepted>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH><reconnectionIntervalS>1</reconnectionIntervalS>
    ${off.map((name) => `<${name}>false</${name}>`).join('')}
  </options>
</configuration>
`,
  );
}

function start({ name, home }: Instance, place: Place): Driven {
  // In one process, of which the usage can be read, and not in one below another that watches it.
  const variables = ['STMONITORED=yes', 'STNOUPGRADE=1'];
  const args = [...variables, 'syncthing', 'serve', '--home', home, '--no-browser', '--no-restart'];
  return startDriven({ name, place, command: 'env', args });
}

async function isConnected(instance: Instance, { deviceId }: Instance): Promise<boolean> {
  const { connections } = await ask(instance, 'system/connections');
  return connections[deviceId]?.connected === true;
}

async function download(instance: Instance, name: string): Promise<Arrival> {
  await ask(instance, `config/folders/${FOLDER}`, {
    method: 'PATCH',
    body: JSON.stringify({ paused: false }),
  });
  const times: Record<string, number> = {};
  let since = 0;
  while (times.ItemFinished === undefined) {
    for (const { id, type, time, data } of await ask(instance, `${EVENTS}&since=${since}`)) {
      since = id;
      if (data.item !== name) continue;
      if (data.error) throw new Error(`Syncthing: ${data.error}`);
      times[type] = Date.parse(time);
    }
  }
  const seconds = (times.ItemFinished - (times.ItemStarted ?? Number.NaN)) / 1000;
  return { path: join(instance.shared, name), seconds };
}

/** Asks its REST interface; what comes is JSON of a shape that is in its documentation. */
async function ask({ apiPort }: Instance, path: string, options: RequestInit = {}) {
  const url = `http://127.0.0.1:${apiPort}/rest/${path}`;
  const response = await fetch(url, { ...options, headers: { 'X-API-Key': API_KEY } });
  if (!response.ok) throw new Error(`Syncthing: ${path}: ${response.status} ${await response.text()}`);
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

/** Waits until `isSo`; an answer that fails while the program starts means no. Rejects when the program ends. */
async function until(isSo: () => Promise<boolean>, process: Driven): Promise<void> {
  let hasEnded = false;
  const ended = process
    .take(() => false)
    .finally(() => {
      hasEnded = true;
    });
  const asking = (async () => {
    while (!hasEnded && !(await isSo().catch(() => false))) {
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  })();
  await Promise.race([asking, ended]);
  ended.catch(() => undefined);
}
