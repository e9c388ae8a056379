/** What people are told who set up trackers, or a peer for them. Pure. */
import type { ConnectResult, WitnessInitResult } from './operator-reports.ts';
import { safe } from './terminal-text.ts';

/** Which devices the trackers are from now on. */
export function connectLines({ trackers, changed }: ConnectResult): string[] {
  return [
    ...changed.map((address) => safe`Another device than before has to answer at ${address} from now on`),
    ...trackers.map(({ address, deviceId }) => safe`The tracker at ${address} is ${deviceId}`),
    'Next: minitorrent peer',
  ];
}

/** The id of a cluster, and how its services are started. */
export function witnessInitLines({ clusterId, place, epoch }: WitnessInitResult): string[] {
  if (epoch > 0) {
    return [
      safe`Made the register of the cluster once more, in ${place}, where the lost one was: at epoch ${epoch}.`,
      'Next: minitorrent witness --admit <the ids of its trackers>. The lost one must never come back: two registers make two primaries',
    ];
  }
  const isProcess = place !== 'PostgreSQL';
  const witness = isProcess ? '<witness>#<its id>' : '<the same URL>';
  return [
    safe`Made the register of a new cluster in ${place}. The id of the cluster, which only its trackers may know:`,
    '',
    `  ${clusterId}`,
    '',
    'Next, with the addresses of your machines, and the ids that minitorrent tracker identity and witness identity tell there:',
    ...(isProcess ? ['  minitorrent witness --listen <witness> --admit <id of first>,<id of second>'] : []),
    `  minitorrent tracker --listen <first> --join <second>#<its id> --witness ${witness} --cluster ${clusterId}`,
    `  minitorrent tracker --listen <second> --join <first>#<its id> --witness ${witness} --cluster ${clusterId}`,
    'A tracker that has users already is started first. The id is remembered in the data folder.',
  ];
}
