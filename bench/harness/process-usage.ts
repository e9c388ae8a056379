/** What another process used of the machine, from Linux' /proc. It has to be asked before the process is gone. */
import { readFile } from 'node:fs/promises';

export interface ProcessUsage {
  /** Of all its threads, in user and in kernel mode, and of its children that ended and were waited for. */
  readonly cpuSeconds: number;
  /** The most memory that it ever had resident. */
  readonly peakMib: number;
  /** The memory that it has resident now. */
  readonly residentMib: number;
}

/** The unit of /proc/<pid>/stat on every Linux that Node.js runs on: USER_HZ. */
const TICKS_PER_SECOND = 100;
/** Where utime, stime, cutime and cstime stand behind the name of the program; see proc_pid_stat(5). */
const TIME_FIELDS = [11, 12, 13, 14];

export async function readProcessUsage(pid: number): Promise<ProcessUsage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  return parseProcessUsage(stat, status);
}

export function parseProcessUsage(stat: string, status: string): ProcessUsage {
  // The name of the program stands in parentheses, and may hold any character.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = TIME_FIELDS.reduce((sum, index) => sum + Number(fields[index]), 0);
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    peakMib: mibOf(status, 'VmHWM'),
    residentMib: mibOf(status, 'VmRSS'),
  };
}

function mibOf(status: string, name: string): number {
  const kib = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kib === undefined) throw new Error(`No ${name}: the process has ended`);
  return Number(kib) / 1024;
}
