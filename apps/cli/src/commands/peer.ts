/**
 * `minitorrent peer`: opens a peer and puts the shell in front of it, at a prompt on a terminal, from a script elsewhere.
 *
 * Decides nothing about files or groups. Whatever happens, the peer is closed in good order.
 */
import type { Peer } from '@minitorrent/peer';
import type { PinnedAddress } from '@minitorrent/rpc-core';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress, isLoopback, parseAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import {
  ANY_PORT,
  DEFAULT_HOST,
  DEFAULT_TRACKER_PORT,
  dataFolder,
  downloadFolder,
  nonEmpty,
} from '../config.ts';
import { parseDuration } from '../duration.ts';
import { describeFailure, type ExitCode, exitCodeOf } from '../failure.ts';
import { makeFolder, makePrivateFolder } from '../folders.ts';
import { type LogOptions, openScriptLog } from '../logging/service-log.ts';
import type { Reporter } from '../output/reports.ts';
import { isInvitationLink, parseInvitationLink } from '../places/invitation-link.ts';
import { openKnownTrackers } from '../places/known-trackers.ts';
import { type PinOptions, pinTrackers } from '../places/pin-trackers.ts';
import { parsePlaces } from '../places/place.ts';
import { listenForEnding } from '../process-signals.ts';
import { abortable } from '../shell/abortable.ts';
import { readStrategy } from '../shell/strategy.ts';
import { readTransferPlan } from '../transfer-limits.ts';
import type { World } from '../world.ts';
import type { PeerSettings, PeerTools } from './open-peer.ts';
import { createReporterFor } from './output-for.ts';

/** Where a tracker listens that was started without any options. */
const DEFAULT_TRACKER = { host: DEFAULT_HOST, port: DEFAULT_TRACKER_PORT };

/** The options as the user wrote them. */
export interface PeerCommandOptions extends LogOptions {
  readonly tracker?: string;
  readonly listen: string;
  readonly data?: string;
  readonly downloads?: string;
  readonly strategy?: string;
  readonly limitUp?: string;
  readonly limitDown?: string;
  readonly schedule?: string;
  readonly membershipGrace?: string;
  readonly deviceName?: string;
  readonly keepGoing?: boolean;
  readonly stay?: boolean;
  readonly exitWithStdin?: boolean;
}

/** Runs until the user leaves, the script ends or a signal comes; answers the exit code. */
export async function runPeer(
  options: PeerCommandOptions,
  world: World,
  tools: PeerTools,
): Promise<ExitCode> {
  const json = options.json === true;
  const reporter = openScriptLog(options, world, await createReporterFor({ ...world, json }));
  const isAtPrompt = !json && world.stdin.isTTY === true && world.stdout.isTTY === true;
  using ending = listenForEnding({
    process: world.process,
    output: world.stdout,
    ...(options.exitWithStdin === true ? { lifeline: world.stdin } : {}),
  });
  try {
    if (isAtPrompt && options.log !== undefined) throw logAtPrompt();
    const strategy = options.strategy === undefined ? undefined : readStrategy(options.strategy);
    const { signal } = ending;
    const pinning = { reporter, whoAnswers: tools.whoAnswers, signal };
    const settings = await abortable(readSettings(options, world, pinning), signal);
    await using peer = await tools.openPeer(settings);
    const front = {
      peer,
      world,
      ending,
      strategy,
      introduce: (to: Reporter) => introduce(peer, settings, to),
    };
    if (isAtPrompt) {
      const { runAtPrompt } = await import('./peer-prompt.ts');
      return await runAtPrompt({ ...front, dataFolder: settings.dataFolder });
    }
    const { runFromInput } = await import('./peer-script.ts');
    const { keepGoing = false, stay = false } = options;
    return await runFromInput({ ...front, reporter, keepGoing, stay });
  } catch (error) {
    const failure = describeFailure(error, 'peer');
    reporter.failure(failure, { command: 'peer', line: null });
    return ending.exitCode ?? exitCodeOf(failure);
  }
}

function logAtPrompt(): CliError {
  const message =
    'Cannot write a log at the prompt, which shows what happens: --log is for a peer with a script';
  return new CliError('bad_arguments', message);
}

async function readSettings(
  options: PeerCommandOptions,
  { variables, clock }: World,
  tools: Pick<PinOptions, 'reporter' | 'whoAnswers' | 'signal'>,
): Promise<PeerSettings> {
  const { membershipGrace: grace } = options;
  const membershipGraceMs = grace === undefined ? undefined : parseDuration(grace);
  const limits = readTransferPlan(options);
  const listen = parseAddress(options.listen, { defaultPort: ANY_PORT });
  const named = options.tracker === undefined ? undefined : readTrackers(options.tracker);
  const folder = await dataFolder('peer', { data: options.data, variables });
  const downloads = downloadFolder(options.downloads);
  await makeFolder(downloads);
  await makePrivateFolder(folder);
  const known = await openKnownTrackers(folder);
  // Without the pins, so that they are asked: a link may be older than the tracker.
  const invited = known.invited.map(({ host, port }) => ({ host, port }));
  const places = named ?? (invited.length > 0 ? invited : [DEFAULT_TRACKER]);
  return {
    trackers: await pinTrackers(places, { ...tools, known, clock, asksKnown: true }),
    listen,
    dataFolder: folder,
    downloadFolder: downloads,
    limits,
    membershipGraceMs,
    deviceName: nonEmpty(options.deviceName),
    clock,
  };
}

function readTrackers(text: string): PinnedAddress[] {
  return isInvitationLink(text)
    ? parseInvitationLink(text)
    : parsePlaces(text, { defaultPort: DEFAULT_TRACKER_PORT });
}

function introduce(peer: Peer, settings: PeerSettings, reporter: Reporter): void {
  reporter.event({
    event: 'listening',
    role: 'peer',
    address: formatAddress(peer.address),
    deviceId: formatDeviceId(peer.deviceId),
    dataFolder: settings.dataFolder,
    journal: null,
    downloadFolder: settings.downloadFolder,
  });
  if (!isLoopback(settings.listen) || settings.trackers.every(isLoopback)) return;
  reporter.event({
    event: 'notice',
    message: `Peers on other machines cannot reach ${formatAddress(peer.address)}: start with --listen 0.0.0.0 to serve them`,
  });
}
